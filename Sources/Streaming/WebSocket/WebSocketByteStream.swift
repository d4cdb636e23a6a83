internal import Base
internal import HTTP
internal import Synchronization

/// Bytes in the binary messages of a WebSocket: how newer kubectls tunnel SPDY.
final class WebSocketByteStream: ByteStream {
    private let socket: WebSocket
    private let rest = Mutex<[UInt8]>([])

    init(_ socket: WebSocket) { self.socket = socket }

    func read(upTo limit: Int) async throws -> [UInt8] {
        while true {
            let taken = rest.withLock { rest in
                let taken = Array(rest.prefix(limit))
                rest.removeFirst(taken.count)
                return taken
            }
            if !taken.isEmpty { return taken }
            guard let message = try await socket.nextMessage() else { return [] }
            rest.withLock { $0 = message }
        }
    }

    func write(_ bytes: [UInt8]) async throws { try await socket.send(bytes) }
    func shutdownWrite() async throws { try await socket.finish() }
    func close() { socket.close() }
}
