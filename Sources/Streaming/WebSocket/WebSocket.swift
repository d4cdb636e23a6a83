internal import Base
internal import HTTP
internal import TLS

/// The server's end of a WebSocket (RFC 6455); one reader, any number of writers.
final class WebSocket: Sendable {
    /// What the client and we agreed to speak on it.
    let subprotocol: String
    private let stream: any ByteStream
    private let writer: SerialWriter
    private let input: Reading

    /// The most octets of one message from the client.
    static let messageLimit = 1 << 20

    private init(_ stream: any ByteStream, subprotocol: String) {
        (self.stream, self.subprotocol) = (stream, subprotocol)
        writer = SerialWriter(stream)
        input = Reading(stream)
    }

    static func isRequested(by request: HTTPRequestHead) -> Bool {
        request.method == "GET" && request.fields.lists("upgrade", in: "Connection")
            && request.fields.lists("websocket", in: "Upgrade")
    }

    /// Completes the handshake with the first of the client's subprotocols that is among `supported`.
    ///
    /// - Throws: ``HTTPFailure`` when the request cannot be accepted.
    static func accept(_ exchange: HTTPExchange, subprotocols supported: [String]) async throws -> WebSocket {
        let fields = exchange.request.fields
        guard fields["Sec-WebSocket-Version"] == "13" else {
            throw HTTPFailure(426, "only version 13 of WebSocket is spoken here")
        }
        guard let key = fields["Sec-WebSocket-Key"], Base64.decode(key)?.count == 16 else {
            throw HTTPFailure(400, "Sec-WebSocket-Key is missing or wrong")
        }
        let offered = fields.values("Sec-WebSocket-Protocol").flatMap { $0.split(separator: ",") }
            .map { String($0.trimmingSpaces) }
        guard let chosen = offered.first(where: supported.contains) else {
            throw HTTPFailure(
                400,
                "unable to upgrade: no subprotocol of \(offered.joined(separator: ", ")) is among "
                    + supported.joined(separator: ", ")
            )
        }
        let answer = Base64.encode(SHA1.hash(Array("\(key)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)))
        let head = HTTPResponseHead(
            101,
            fields: [
                "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": answer,
                "Sec-WebSocket-Protocol": chosen,
            ]
        )
        return WebSocket(try await exchange.upgrade(head), subprotocol: chosen)
    }

    /// The next message, answering pings in passing; nil when the client has closed.
    ///
    /// - Throws: ``MeshError`` when the client breaks the protocol, after telling it so.
    func nextMessage() async throws -> [UInt8]? {
        do {
            while let event = try await input.next() {
                switch event {
                case .message(let bytes, isText: _): return bytes
                case .ping(let payload): try await writer.write(WebSocketFrame.encode(.pong, payload))
                case .pong: break
                case .close: return nil
                }
            }
            return nil
        } catch let error as WebSocketError {
            try await writer.write(WebSocketFrame.close(error.closeCode, error.reason))
            throw MeshError(.protocolViolation, "WebSocket client: \(error.reason)")
        }
    }

    /// Sends one binary message.
    func send(_ bytes: [UInt8]) async throws { try await writer.write(WebSocketFrame.encode(.binary, bytes)) }

    /// Says goodbye and gives the client time to do so too.
    func finish() async throws {
        try await writer.write(WebSocketFrame.close(1000))
        try await stream.shutdownWrite()
    }

    func close() { stream.close() }
}

/// The reading half: touched by one task at a time.
private actor Reading {
    private let stream: any ByteStream
    private var decoder = WebSocketDecoder(limit: WebSocket.messageLimit)

    init(_ stream: any ByteStream) { self.stream = stream }

    func next() async throws -> WebSocketDecoder.Event? {
        while true {
            if let event = try decoder.next() { return event }
            let bytes = try await stream.read(upTo: 65_536)
            if bytes.isEmpty { return nil }
            decoder.append(bytes)
        }
    }
}

extension Substring {
    /// Without spaces and tabs at either end.
    var trimmingSpaces: Substring {
        var rest = drop { $0 == " " || $0 == "\t" }
        while rest.last == " " || rest.last == "\t" { rest.removeLast() }
        return rest
    }
}
