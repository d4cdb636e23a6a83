internal import Base
internal import HTTP
internal import Kubernetes
internal import Network

/// Leads connections to a port of this machine through a pod to a server: `apus-proxy connect` in the pod carries them.
final class PodTunnel: Sendable {
    /// Where to connect to instead of the server.
    let address: SocketAddress
    private let listener: AsyncListener
    private let open: @Sendable () async throws -> any ByteStream

    /// - Parameter open: Starts one connection in the pod.
    init(_ open: @escaping @Sendable () async throws -> any ByteStream) throws {
        listener = try AsyncListener(binding: SocketAddress(.loopback, port: 0))
        address = listener.address
        self.open = open
    }

    /// Carries connections until the task is cancelled.
    func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            while true {
                let near = try await listener.accept()
                group.addTask { await self.carry(near) }
            }
        }
    }

    func close() { listener.close() }

    private func carry(_ near: AsyncConnection) async {
        defer { near.close() }
        // A pod that cannot connect shows as a server that hangs up; `--check` has told why before.
        guard let far = try? await open() else { return }
        defer { far.close() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while let bytes = try? await near.read(), !bytes.isEmpty {
                    guard (try? await far.write(bytes)) != nil else { break }
                }
            }
            group.addTask {
                while let bytes = try? await far.read(upTo: 65_536), !bytes.isEmpty {
                    guard (try? await near.write(bytes)) != nil else { break }
                }
            }
            await group.next()
            group.cancelAll()
        }
    }
}

/// Standard input and output of a program in a pod, as one stream (`pods/exec` over WebSocket).
final class PodExecStream: ByteStream {
    private let connection: HTTPUpgradedConnection
    /// One reader at a time.
    private let reader = Reader()

    init(_ connection: HTTPUpgradedConnection) { self.connection = connection }

    private actor Reader {
        private var messages = WebSocketMessages(limit: 1 << 20)
        private var isOver = false

        /// What the program has written next; empty at its end.
        func next(_ connection: HTTPUpgradedConnection) async throws -> [UInt8] {
            var output: [UInt8] = []
            while output.isEmpty, !isOver {
                let bytes = try await connection.read()
                if bytes.isEmpty { isOver = true }
                for event in try messages.received(bytes) {
                    switch event {
                    case .message(let message):
                        if message.first == 1 { output += message.dropFirst() }
                        if message.first == 3 { isOver = true }
                    case .ping(let payload): try await connection.write(WebSocketMessages.pong(payload))
                    case .close: isOver = true
                    }
                }
            }
            return output
        }
    }

    func read(upTo limit: Int) async throws -> [UInt8] { try await reader.next(connection) }

    /// Standard input is channel 0.
    func write(_ bytes: [UInt8]) async throws {
        for start in stride(from: 0, to: bytes.count, by: 16_384) {
            let part = bytes[start..<min(start + 16_384, bytes.count)]
            try await connection.write(WebSocketMessages.binary([0] + part))
        }
    }

    func shutdownWrite() async throws {}
    func close() { connection.close() }
}
