internal import HTTP

/// A remote command whose streams are told apart by the first octet of each WebSocket message.
final class WebSocketCommand: RemoteCommandSession {
    private enum Channel {
        static let input: UInt8 = 0
        static let output: UInt8 = 1
        static let error: UInt8 = 2
        static let status: UInt8 = 3
        static let resize: UInt8 = 4
        /// Since version 5: followed by the number of a channel that gets no more.
        static let close: UInt8 = 255
    }

    private static let protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io", "channel.k8s.io"]

    private let socket: WebSocket
    private let streams: RemoteCommand.Streams
    private let input = BoundedQueue<RemoteCommand.Input>(capacity: 1 << 20)

    private init(_ socket: WebSocket, _ streams: RemoteCommand.Streams) {
        (self.socket, self.streams) = (socket, streams)
    }

    static func accept(_ exchange: HTTPExchange, _ streams: RemoteCommand.Streams) async throws -> WebSocketCommand {
        WebSocketCommand(try await WebSocket.accept(exchange, subprotocols: protocols), streams)
    }

    func prepare() async throws {}

    func begin() async throws {
        // As kubelet does: some clients wait for a first message. Not sooner, for kubectl 1.32 complains of what comes
        // before it has made its streams.
        if streams.output { try await socket.send([Channel.output]) }
    }

    func pump() async throws {
        defer { input.finish() }
        while let message = try await socket.nextMessage() {
            guard let channel = message.first else { continue }
            let payload = Array(message.dropFirst())
            switch channel {
            case Channel.input:
                if streams.input, !payload.isEmpty { try await input.send(.bytes(payload), weight: payload.count) }
            case Channel.resize:
                if streams.terminal, let size = CommandStatus.size(payload) { try await input.send(size) }
            case Channel.close: if payload == [Channel.input] { try await input.send(.ended) }
            default: break
            }
        }
    }

    func nextInput() async throws -> RemoteCommand.Input? { try await input.next() }

    func writeOutput(_ bytes: [UInt8]) async throws {
        if streams.output { try await socket.send([Channel.output] + bytes) }
    }

    func writeError(_ bytes: [UInt8]) async throws {
        if streams.error { try await socket.send([Channel.error] + bytes) }
    }

    func finish(_ outcome: RemoteCommand.Outcome) async throws {
        let status = socket.subprotocol == "channel.k8s.io" ? CommandStatus.text(outcome) : CommandStatus.json(outcome)
        if !status.isEmpty { try await socket.send([Channel.status] + status) }
        try await socket.finish()
    }

    func close() { socket.close() }
}
