import Base
import Synchronization
import TestStreams
import Testing

@testable import HTTP

/// A server within this process that counts its connections.
final class MemoryServer: Sendable {
    private struct State {
        var opened = 0
        var serverEnds: [MemoryStream] = []
    }

    private let state = Mutex(State())
    private let tellsEnd: Bool
    private let handler: @Sendable (HTTPExchange) async throws -> Void

    init(tellsEnd: Bool = true, handler: @escaping @Sendable (HTTPExchange) async throws -> Void) {
        self.tellsEnd = tellsEnd
        self.handler = handler
    }

    var connections: Int { state.withLock { $0.opened } }

    func closeAll() { for stream in state.withLock({ $0.serverEnds }) { stream.close() } }

    func client(_ change: (inout HTTPClient.Configuration) -> Void = { _ in }) -> HTTPClient {
        var configuration = HTTPClient.Configuration()
        change(&configuration)
        return HTTPClient(origin: "http://test", authority: "test", configuration: configuration) { self.connect() }
    }

    private func connect() -> MemoryStream {
        let (client, server) = memoryStreams(tellsEnd: tellsEnd)
        state.withLock {
            $0.opened += 1
            $0.serverEnds.append(server)
        }
        let connection = HTTPServerConnection(server, peer: .testPeer, limits: HTTPServerLimits(), handler: handler)
        Task { await connection.run() }
        return client
    }
}

@Suite(.timeLimit(.minutes(1))) struct HTTPClientTests {
    @Test func `sends and receives, and keeps the connection`() async throws {
        let server = MemoryServer { exchange in
            let body = try await exchange.readBody(limit: 100)
            let host = exchange.request.fields["host"] ?? ""
            try await exchange.respond(HTTPResponseHead(201), body: Array(host.utf8) + body)
        }
        let client = server.client()
        for _ in 0..<3 {
            let response = try await client.send(HTTPRequestHead("POST", "/x"), body: Array("!".utf8))
            #expect(response.head.status == 201)
            #expect(try await response.collectBody() == Array("test!".utf8))
        }
        #expect(server.connections == 1)
    }

    @Test func `streams a response, and closes what is not read to its end`() async throws {
        let server = MemoryServer { exchange in
            try await exchange.begin(HTTPResponseHead(200))
            for number in 0..<3 { try await exchange.write(Array("\(number)".utf8)) }
        }
        let client = server.client()
        let response = try await client.send(HTTPRequestHead("GET", "/"))
        var text = ""
        while let chunk = try await response.nextBodyChunk() { text += String(decoding: chunk, as: UTF8.self) }
        #expect(text == "012")
        let unread = try await client.send(HTTPRequestHead("GET", "/"))
        unread.close()
        _ = try await client.send(HTTPRequestHead("GET", "/")).collectBody()
        #expect(server.connections == 2)
    }

    @Test func `repeats on a fresh connection only what may be repeated`() async throws {
        let server = MemoryServer(tellsEnd: false) { try await $0.respond(HTTPResponseHead(200)) }
        let client = server.client()
        _ = try await client.send(HTTPRequestHead("GET", "/"))
        server.closeAll()
        _ = try await client.send(HTTPRequestHead("GET", "/"))
        #expect(server.connections == 2)
        server.closeAll()
        await #expect(throws: MeshError(.unavailable, "")) { try await client.send(HTTPRequestHead("POST", "/")) }
        #expect(server.connections == 2)
    }

    @Test func `a kept connection that the server has closed is not used again`() async throws {
        let server = MemoryServer { try await $0.respond(HTTPResponseHead(200)) }
        let client = server.client()
        for number in 1...3 {
            _ = try await client.send(HTTPRequestHead("POST", "/"))
            #expect(server.connections == number)
            server.closeAll()
        }
    }

    @Test func `an answer that does not come is a timeout`() async throws {
        let server = MemoryServer { _ in try await Task.sleep(for: .seconds(3600)) }
        let client = server.client { $0.responsePatience = .milliseconds(20) }
        await #expect(throws: MeshError(.timedOut, "")) { try await client.send(HTTPRequestHead("GET", "/")) }
    }

    @Test func `a body that is too large is refused`() async throws {
        let server = MemoryServer { try await $0.respond(HTTPResponseHead(200), body: [1, 2, 3]) }
        let response = try await server.client().send(HTTPRequestHead("GET", "/"))
        await #expect(throws: MeshError(.protocolViolation, "")) { try await response.collectBody(limit: 2) }
    }

    @Test func `a response that ends early is an error`() async throws {
        let server = MemoryServer { exchange in
            try await exchange.begin(HTTPResponseHead(200))
            try await exchange.write([1])
            throw HTTPFailure(500, "in the middle")
        }
        let response = try await server.client().send(HTTPRequestHead("GET", "/"))
        await #expect(throws: MeshError(.unavailable, "")) { try await response.collectBody() }
    }

    @Test func `switches protocols, or says why not`() async throws {
        let server = MemoryServer { exchange in
            guard exchange.request.path == "/yes" else { throw HTTPFailure(403, "no") }
            let fields: HTTPFields = ["Connection": "Upgrade", "Upgrade": "echo"]
            let connection = try await exchange.upgrade(HTTPResponseHead(101, fields: fields))
            try await connection.write(Array("hello ".utf8) + connection.read())
        }
        let fields: HTTPFields = ["Connection": "Upgrade", "Upgrade": "echo"]
        let (head, connection) = try await server.client().upgrade(HTTPRequestHead("GET", "/yes", fields: fields))
        #expect(head.status == 101)
        try await connection.write(Array("world".utf8))
        var text = ""
        while text.count < 11 { text += String(decoding: try await connection.read(), as: UTF8.self) }
        #expect(text == "hello world")
        let failure = await #expect(throws: HTTPFailure.self) {
            try await server.client().upgrade(HTTPRequestHead("GET", "/no", fields: fields))
        }
        #expect(failure?.status == 403)
    }

    @Test func `a request with characters that HTTP does not allow is not sent`() async throws {
        let server = MemoryServer { try await $0.respond(HTTPResponseHead(200)) }
        let client = server.client()
        for target in ["/a b", "a", "", "/\r\nX: y"] {
            await #expect(throws: MeshError(.invalidConfiguration, "")) {
                try await client.send(HTTPRequestHead("GET", target))
            }
        }
        #expect(server.connections == 0)
    }
}

@Suite struct HTTPMessageTests {
    @Test func `fields are found in any case`() {
        var fields: HTTPFields = ["Content-Type": "a", "X": "1", "x": "2"]
        #expect(fields["content-type"] == "a")
        #expect(fields.values("X") == ["1", "2"])
        fields["x"] = "3"
        #expect(fields.values("X") == ["3"])
        fields["X"] = nil
        #expect(fields.all.count == 1)
        fields["New"] = "n"
        #expect(fields.all.last?.value == "n")
        fields.append("Connection", "a, Upgrade")
        #expect(fields.lists("upgrade", in: "connection"))
    }

    @Test func `paths and queries are decoded`() {
        let head = HTTPRequestHead("GET", "/a%2Fb/%C3%A9/c?x=1+2&y=%26&z&x=3")
        #expect(head.path == "/a%2Fb/%C3%A9/c")
        #expect(head.pathSegments == ["a/b", "é", "c"])
        #expect(head.query("x") == "1 2")
        #expect(head.query("y") == "&")
        #expect(head.query("z") == "")
        #expect(head.query("none") == nil)
        let again = HTTPRequestHead("GET", path: "/p", query: head.queryItems)
        #expect(again.queryItems == head.queryItems)
    }

    @Test(arguments: ["%", "%4", "%zz", "%ff"]) func `invalid percent signs are not decoded`(text: String) {
        #expect(PercentEncoding.decode(text) == nil)
    }
}
