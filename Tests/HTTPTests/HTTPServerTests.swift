import Base
import TestStreams
import Testing

@testable import HTTP

/// What a client sees that sends `input` and then nothing more.
func answers(
    to input: String,
    limits: HTTPServerLimits = HTTPServerLimits(),
    handler: @escaping @Sendable (HTTPExchange) async throws -> Void
) async throws -> String {
    let (client, server) = memoryStreams()
    let connection = HTTPServerConnection(server, peer: .testPeer, limits: limits, handler: handler)
    async let serving: Void = connection.run()
    try await client.write(Array(input.utf8))
    try await client.shutdownWrite()
    var output: [UInt8] = []
    while true {
        let bytes = try await client.read(upTo: 1 << 20)
        if bytes.isEmpty { break }
        output += bytes
    }
    await serving
    return String(decoding: output, as: UTF8.self)
}

@Suite struct HTTPServerTests {
    private static func echo(_ exchange: HTTPExchange) async throws {
        let body = try await exchange.readBody(limit: 10)
        let text = "\(exchange.request.method) \(exchange.request.target) \(String(decoding: body, as: UTF8.self))"
        try await exchange.respond(HTTPResponseHead(200), body: Array(text.utf8))
    }

    @Test func `answers pipelined requests in order and closes when asked to`() async throws {
        let input =
            "GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
            + "GET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /d HTTP/1.1\r\nHost: x\r\n\r\n"
        let output = try await answers(to: input, handler: Self.echo)
        let expected =
            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nGET /a HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nPOST /b hi"
            + "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nGET /c "
        #expect(output == expected)
    }

    @Test func `HEAD tells the length and sends no body`() async throws {
        let output = try await answers(to: "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", handler: Self.echo)
        #expect(output == "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n")
    }

    @Test func `streams in chunks, and plainly to HTTP 1_0`() async throws {
        @Sendable func stream(_ exchange: HTTPExchange) async throws {
            try await exchange.begin(HTTPResponseHead(200))
            try await exchange.write(Array("hello".utf8))
            try await exchange.write([])
            try await exchange.write(Array(" world, this is it".utf8))
        }
        let chunked = try await answers(to: "GET / HTTP/1.1\r\nHost: x\r\n\r\n", handler: stream)
        let expected =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n12\r\n world, this is it\r\n0\r\n\r\n"
        #expect(chunked == expected)
        let plain = try await answers(to: "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", handler: stream)
        #expect(plain == "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello world, this is it")
    }

    @Test func `refuses a body that is too large, announced or not`() async throws {
        let announced = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n01234567890"
        #expect(try await answers(to: announced, handler: Self.echo).hasPrefix("HTTP/1.1 413 "))
        let chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n"
        #expect(try await answers(to: chunked, handler: Self.echo).hasPrefix("HTTP/1.1 413 "))
    }

    @Test func `tells a waiting client to go on, only when the body is wanted`() async throws {
        let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        let wanted = try await answers(to: head + "hi", handler: Self.echo)
        #expect(wanted.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"))
        let refused = try await answers(to: head) { try await $0.respond(HTTPResponseHead(403)) }
        #expect(refused == "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    }

    static let refusals: [(input: String, status: Int)] = [
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        ("GET / HTTP/1.1\r\nHost: a\r\nA: \(String(repeating: "x", count: 70_000))\r\n\r\n", 431),
        ("GET / HTTP/3.0\r\n\r\n", 505),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz", 400),
    ]

    @Test(arguments: refusals) func `answers what is not HTTP with an error`(input: String, status: Int) async throws {
        let output = try await answers(to: input, handler: Self.echo)
        #expect(output.hasPrefix("HTTP/1.1 \(status) "))
        #expect(output.contains("Connection: close\r\n"))
    }

    @Test func `a handler that throws becomes an answer`() async throws {
        let request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        let known = try await answers(to: request) { _ in throw HTTPFailure(404, "no such thing") }
        #expect(known.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
        #expect(known.hasSuffix("no such thing\n"))
        let unknown = try await answers(to: request) { _ in throw MeshError(.notFound, "secret") }
        #expect(unknown.hasPrefix("HTTP/1.1 500 "))
        #expect(!unknown.contains("secret"))
        let late = try await answers(to: request) { exchange in
            try await exchange.begin(HTTPResponseHead(200))
            throw HTTPFailure(404, "too late")
        }
        #expect(late == "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    }

    @Test func `a field value cannot smuggle in a line`() async throws {
        let output = try await answers(to: "GET / HTTP/1.1\r\nHost: x\r\n\r\n") { exchange in
            try await exchange.respond(HTTPResponseHead(200, fields: ["X": "a\r\nSet-Cookie: b"]))
        }
        #expect(output.hasPrefix("HTTP/1.1 500 "))
        #expect(!output.contains("Set-Cookie"))
    }

    @Test func `an upgraded connection keeps what came early`() async throws {
        let input = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly"
        let output = try await answers(to: input) { exchange in
            let fields: HTTPFields = ["Connection": "Upgrade", "Upgrade": "echo"]
            let connection = try await exchange.upgrade(HTTPResponseHead(101, fields: fields))
            try await connection.write(try await connection.read(upTo: 3))
            try await connection.write(try await connection.read())
        }
        #expect(output.hasSuffix("Upgrade: echo\r\n\r\nearly"))
    }

    @Test(.timeLimit(.minutes(1))) func `a watch ends when the client goes away`() async throws {
        let (client, server) = memoryStreams()
        let connection = HTTPServerConnection(server, peer: .testPeer, limits: HTTPServerLimits()) { exchange in
            try await exchange.begin(HTTPResponseHead(200))
            try await exchange.whileConnected { try await Task.sleep(for: .seconds(3600)) }
        }
        async let serving: Void = connection.run()
        try await client.write(Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
        _ = try await client.read(upTo: 4096)
        client.close()
        await serving
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["", "GET", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"])
    func `a client that stops in the middle is cut off`(input: String) async throws {
        let (client, server) = memoryStreams()
        var limits = HTTPServerLimits()
        limits.headPatience = .zero
        limits.bodyPatience = .zero
        let connection = HTTPServerConnection(server, peer: .testPeer, limits: limits, handler: Self.echo)
        async let serving: Void = connection.run()
        try await client.write(Array(input.utf8))
        let checking = Task {
            while true {
                connection.reading.check(at: .now)
                try await Task.sleep(for: .milliseconds(1))
            }
        }
        await serving
        checking.cancel()
    }
}

extension SocketAddress {
    static let testPeer = SocketAddress(.loopback, port: 1)
}
