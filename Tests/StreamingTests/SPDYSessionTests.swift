import Base
import HTTP
import TestStreams
import Testing

@testable import Streaming

@Suite(.timeLimit(.minutes(1))) struct SPDYSessionTests {
    /// Frames as a client writes them.
    private final class Client {
        let stream: MemoryStream
        private let encoder = SPDYHeaderEncoder()

        init(_ stream: MemoryStream) { self.stream = stream }

        func open(_ id: UInt32, _ headers: SPDYHeaders, isLast: Bool = false) async throws {
            let block = encoder.encode(headers)
            let count = UInt8(block.count + 10)
            let number = [UInt8(id >> 24), UInt8(id >> 16 & 255), UInt8(id >> 8 & 255), UInt8(id & 255)]
            let head: [UInt8] = [0x80, 3, 0, 1, isLast ? 1 : 0, 0, 0, count]
            try await stream.write(head + number + [0, 0, 0, 0, 0, 0] + block)
        }

        func data(_ id: UInt32, _ bytes: [UInt8], isLast: Bool = false) async throws {
            try await stream.write(SPDYFrame.data(stream: id, isLast: isLast, bytes))
        }
    }

    /// Runs a port-forward session whose pod side echoes, and gives its user's side to `body`.
    private func echoing(_ body: (Client) async throws -> Void) async throws -> (any Error)? {
        let (near, far) = memoryStreams()
        let session = Task {
            try await PortForward.run(SPDYSession(far)) { connection in
                while let bytes = try? await connection.read(), !bytes.isEmpty { try? await connection.write(bytes) }
            }
        }
        try await body(Client(near))
        try await near.shutdownWrite()
        do {
            try await session.value
            return nil
        } catch {
            return error
        }
    }

    /// All octets that arrive for each stream, until `count` of them have ended.
    private func collect(_ stream: MemoryStream, until count: Int) async throws -> [UInt32: [UInt8]] {
        var decoder = SPDYDecoder()
        var (received, ended): ([UInt32: [UInt8]], Int) = ([:], 0)
        while ended < count {
            let bytes = try await stream.read(upTo: 4096)
            try #require(!bytes.isEmpty, "the session ended")
            decoder.append(bytes)
            while let frame = try decoder.next() {
                if case .data(let id, let isLast, let bytes) = frame {
                    received[id, default: []] += bytes
                    if isLast { ended += 1 }
                }
            }
        }
        return received
    }

    @Test func `pairs of streams become connections, in whatever order they come`() async throws {
        let error = try await echoing { client in
            try await client.open(1, [("streamtype", "error"), ("port", "80"), ("requestid", "0")], isLast: true)
            try await client.open(3, [("streamtype", "data"), ("port", "80"), ("requestid", "1")])
            try await client.open(5, [("streamtype", "data"), ("port", "80"), ("requestid", "0")])
            try await client.open(7, [("streamtype", "error"), ("port", "80"), ("requestid", "1")], isLast: true)
            try await client.data(3, [3, 3], isLast: true)
            try await client.data(5, [5], isLast: true)
            let received = try await collect(client.stream, until: 4)
            #expect(received[3] == [3, 3] && received[5] == [5])
        }
        #expect(error == nil)
    }

    @Test func `streams that make no sense are refused, and the rest goes on`() async throws {
        let error = try await echoing { client in
            try await client.open(1, [("streamtype", "data"), ("port", "0"), ("requestid", "0")])
            try await client.open(3, [("streamtype", "other"), ("port", "80"), ("requestid", "0")])
            try await client.open(5, [])
            try await client.data(99, [1, 2, 3])
            try await client.open(7, [("streamtype", "data"), ("port", "80"), ("requestid", "9")])
            try await client.open(9, [("streamtype", "error"), ("port", "80"), ("requestid", "9")], isLast: true)
            try await client.data(7, [7], isLast: true)
            #expect(try await collect(client.stream, until: 2)[7] == [7])
        }
        #expect(error == nil)
    }

    @Test func `more streams than allowed are refused one by one`() async throws {
        let error = try await echoing { client in
            for number in 0..<(SPDYSession.streamLimit + 50) {
                try await client.open(
                    UInt32(2 * number + 1),
                    [("streamtype", "data"), ("port", "80"), ("requestid", "\(number)")]
                )
            }
        }
        #expect(error == nil)
    }

    @Test func `a client that breaks the protocol ends its session`() async throws {
        for bytes: [UInt8] in [
            [0x80, 2, 0, 1, 0, 0, 0, 0], [0x80, 3, 0, 1, 0, 0, 0, 10, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0],
            Array("GET / HTTP/1.1\r\n\r\n".utf8).map { $0 | 0x80 },
        ] {
            let error = try await echoing { try await $0.stream.write(bytes) }
            #expect((error as? MeshError)?.code == .protocolViolation)
        }
        let error = try await echoing { client in
            try await client.open(3, [])
            try await client.open(1, [])
        }
        #expect((error as? MeshError)?.code == .protocolViolation)
    }

    @Test func `a stream that nobody reads holds back its sender, not memory`() async throws {
        let (near, far) = memoryStreams()
        let session = SPDYSession(far)
        let running = Task { try await session.run() }
        let client = Client(near)
        try await client.open(1, [("streamtype", "stdin")])
        let stream = try #require(try await session.accepted.next())
        let sent = (0..<64).map { [UInt8](repeating: UInt8($0), count: 65_536) }
        for piece in sent { try await client.data(1, piece) }
        try await client.data(1, [], isLast: true)
        var received: [UInt8] = []
        while let bytes = try await stream.read() { received += bytes }
        #expect(received == sent.flatMap { $0 })
        try await near.shutdownWrite()
        try await running.value
    }

    @Test func `a queue passes everything on in order, and wakes whoever is cancelled`() async throws {
        let queue = BoundedQueue<Int>(capacity: 10)
        async let sum = {
            var sum = 0
            while let number = try await queue.next() { sum = sum &* 31 &+ number }
            return sum
        }()
        var expected = 0
        for number in 0..<10_000 {
            try await queue.send(number, weight: 3)
            expected = expected &* 31 &+ number
        }
        queue.finish()
        #expect(try await sum == expected)
        try await queue.send(1)  // Dropped.
        #expect(try await queue.next() == nil)
        let idle = BoundedQueue<Int>(capacity: 1)
        let receiver = Task { try await idle.next() }
        receiver.cancel()
        await #expect(throws: MeshError(.cancelled, "")) { try await receiver.value }
    }
}
