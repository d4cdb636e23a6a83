import Base
import TestStreams
import Testing

@testable import HTTP

@Suite(.timeLimit(.minutes(1))) struct HTTP2ConnectionTests {
    private let get = HTTP2Head("GET", scheme: "http", authority: "a", path: "/")

    /// Runs both ends while `body` runs.
    private func joined(
        onRequest: @escaping @Sendable (HTTP2Head, HTTP2Stream) async -> Void,
        _ body: (HTTP2Connection, _ server: HTTP2Connection) async throws -> Void
    ) async throws {
        let (near, far) = memoryStreams()
        let client = HTTP2Connection(near, role: .client)
        let server = HTTP2Connection(far, role: .server)
        let running = [Task { try await client.run() }, Task { try await server.run(onRequest: onRequest) }]
        defer { for task in running { task.cancel() } }
        try await body(client, server)
    }

    @Test func `a peer that does not answer pings is given up`() async throws {
        let (near, far) = memoryStreams()
        var keepAlive = HTTP2Connection.KeepAlive()
        keepAlive.interval = .milliseconds(5)
        keepAlive.patience = .milliseconds(5)
        let client = HTTP2Connection(near, role: .client, keepAlive: keepAlive)
        let stream = try client.request(get, isEnd: true)
        await #expect(throws: MeshError(.timedOut, "")) { try await client.run() }
        await #expect(throws: MeshError(.timedOut, "")) { try await stream.head() }
        #expect(!client.isUsable)
        far.close()
    }

    @Test func `a peer that answers pings is kept`() async throws {
        let (near, far) = memoryStreams()
        var keepAlive = HTTP2Connection.KeepAlive()
        keepAlive.interval = .milliseconds(1)
        keepAlive.patience = .seconds(30)
        let client = HTTP2Connection(near, role: .client, keepAlive: keepAlive)
        let server = HTTP2Connection(far, role: .server)
        let running = [
            Task { try await client.run() },
            Task {
                try await server.run { _, stream in
                    try? await Task.sleep(for: .milliseconds(50))
                    try? stream.respond(HTTP2Head(status: 204), isEnd: true)
                }
            },
        ]
        defer { for task in running { task.cancel() } }
        #expect(try await client.request(get, isEnd: true).head().status == 204)
    }

    @Test func `a shutdown finishes what has begun and refuses what has not`() async throws {
        try await joined { _, stream in
            _ = try? await stream.next()
            try? stream.respond(HTTP2Head(status: 200), isEnd: true)
        } _: { client, server in
            let stream = try client.request(get)
            while server.openStreams == 0 { await Task.yield() }
            server.shutDown()
            while client.isUsable { await Task.yield() }
            #expect(throws: MeshError(.unavailable, "")) { try client.request(get) }
            try await stream.write([1], isEnd: true)
            #expect(try await stream.head().status == 200)
        }
    }

    @Test func `a stream that nobody holds any more is reset`() async throws {
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        try await joined { _, stream in
            while (try? await stream.next()) != nil {}
            end.finish()
        } _: { client, server in
            do {
                let stream = try client.request(get)
                try await stream.write([1])
                while server.openStreams == 0 { await Task.yield() }
            }
            for await _ in ended {}
            #expect(client.openStreams == 0)
        }
    }

    @Test func `a request that nobody answers is reset`() async throws {
        try await joined { _, _ in
        } _: { client, _ in
            let stream = try client.request(get, isEnd: true)
            await #expect(throws: MeshError(.cancelled, "")) { try await stream.head() }
        }
    }
}
