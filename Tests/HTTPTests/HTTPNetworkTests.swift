import Base
import Network
import TLS
import TestTLS
import Testing

@testable import HTTP

/// Runs a server on a port of its own while `body` runs.
func serving(
    tls: TLSServerContext? = nil,
    limits: HTTPServerLimits = HTTPServerLimits(),
    handler: @escaping @Sendable (HTTPExchange) async throws -> Void,
    _ body: (UInt16) async throws -> Void
) async throws {
    let listener = try AsyncListener(binding: SocketAddress(.loopback, port: 0), tls: tls)
    let server = Task { try await HTTPServer(listener: listener, limits: limits, handler: handler).run() }
    defer { server.cancel() }
    try await body(listener.address.port)
}

@Suite(.timeLimit(.minutes(1))) struct HTTPNetworkTests {
    private func echo(_ exchange: HTTPExchange) async throws {
        let body = try await exchange.readBody(limit: 4 << 20)
        let fields: HTTPFields = [
            "X-Method": exchange.request.method, "X-TLS": exchange.tls.map { _ in "yes" } ?? "no",
        ]
        try await exchange.respond(HTTPResponseHead(200, fields: fields), body: body)
    }

    @Test func `client and server speak over TCP`() async throws {
        try await serving(handler: echo) { port in
            let client = HTTPClient(host: "127.0.0.1", port: port)
            for count in [0, 1, 100_000, 3_000_000] {
                let body = [UInt8](repeating: 7, count: count)
                let response = try await client.send(HTTPRequestHead("POST", "/"), body: body)
                #expect(try await response.collectBody() == body)
                #expect(response.head.fields["x-tls"] == "no")
            }
        }
    }

    @Test func `client and server speak over TLS`() async throws {
        let authority = try TestAuthority()
        let identity = try authority.identity(dnsNames: ["localhost"])
        let tls = try TLSServerContext(TLSServerConfiguration(identity: identity))
        let verification = PeerVerification(trust: authority.trust, names: .host)
        let clientTLS = try TLSClientContext(TLSClientConfiguration(verification: verification))
        try await serving(tls: tls, handler: echo) { port in
            let client = HTTPClient(host: "127.0.0.1", port: port, tls: clientTLS, serverName: "localhost")
            for _ in 0..<3 {
                let response = try await client.send(HTTPRequestHead("PUT", "/"), body: [1])
                #expect(response.head.fields["x-tls"] == "yes")
                #expect(try await response.collectBody() == [1])
            }
        }
    }

    @Test func `silent clients make room for one that speaks, and not one that is being answered`() async throws {
        var limits = HTTPServerLimits()
        limits.connections = 2
        limits.headPatience = .seconds(600)
        let (release, finish) = AsyncStream.makeStream(of: Void.self)
        @Sendable func handle(_ exchange: HTTPExchange) async throws {
            guard exchange.request.path == "/slow" else { return try await echo(exchange) }
            try await exchange.begin(HTTPResponseHead(200))
            try await exchange.write(Array("first".utf8))
            for await _ in release {}
            try await exchange.write(Array("last".utf8))
        }
        try await serving(limits: limits, handler: handle) { port in
            let slow = try await HTTPClient(host: "127.0.0.1", port: port).send(HTTPRequestHead("GET", "/slow"))
            #expect(try await slow.nextBodyChunk() == Array("first".utf8))
            var silent: [AsyncConnection] = []
            for _ in 0..<2 {
                silent.append(try await AsyncConnection.connect(to: SocketAddress(.loopback, port: port)))
            }
            defer { for connection in silent { connection.close() } }
            let client = HTTPClient(host: "127.0.0.1", port: port)
            let response = try await client.send(HTTPRequestHead("POST", "/"), body: [1])
            #expect(try await response.collectBody() == [1])
            for connection in silent { #expect(try await connection.read(upTo: 1).isEmpty) }
            finish.finish()
            #expect(try await slow.nextBodyChunk() == Array("last".utf8))
        }
    }

    @Test func `many clients at once, fewer connections than clients`() async throws {
        var limits = HTTPServerLimits()
        limits.connections = 4
        try await serving(limits: limits, handler: echo) { port in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<40 {
                    group.addTask {
                        let client = HTTPClient(host: "127.0.0.1", port: port)
                        let body = Array("\(number)".utf8)
                        let response = try await client.send(HTTPRequestHead("POST", "/"), body: body)
                        #expect(try await response.collectBody() == body)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `a server that restarts is found again`() async throws {
        let listener = try AsyncListener(binding: SocketAddress(.loopback, port: 0))
        let address = listener.address
        let server = HTTPServer(listener: listener) { try await $0.respond(HTTPResponseHead(200)) }
        let client = HTTPClient(host: "127.0.0.1", port: address.port)
        let first = Task { try await server.run() }
        _ = try await client.send(HTTPRequestHead("GET", "/"))
        first.cancel()
        _ = await first.result
        listener.close()
        await #expect(throws: MeshError(.unavailable, "")) { try await client.send(HTTPRequestHead("GET", "/")) }
        let again = try AsyncListener(binding: address)
        let second = Task {
            try await HTTPServer(listener: again) { try await $0.respond(HTTPResponseHead(204)) }.run()
        }
        #expect(try await client.send(HTTPRequestHead("GET", "/")).head.status == 204)
        second.cancel()
    }

    @Test func `a watch ends on the server when its client goes away`() async throws {
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        @Sendable func watch(_ exchange: HTTPExchange) async throws {
            defer { end.finish() }
            try await exchange.begin(HTTPResponseHead(200))
            try await exchange.write(Array("first".utf8))
            try await exchange.whileConnected { try await Task.sleep(for: .seconds(3600)) }
        }
        try await serving(handler: watch) { port in
            let response = try await HTTPClient(host: "127.0.0.1", port: port).send(HTTPRequestHead("GET", "/"))
            #expect(try await response.nextBodyChunk() == Array("first".utf8))
            response.close()
            for await _ in ended {}
        }
    }

    @Test func `a client that is not there any more is an error that names it`() async throws {
        let listener = try AsyncListener(binding: SocketAddress(.loopback, port: 0))
        let port = listener.address.port
        listener.close()
        let error = await #expect(throws: MeshError.self) {
            try await HTTPClient(host: "127.0.0.1", port: port).send(HTTPRequestHead("GET", "/"))
        }
        #expect(error?.code == .unavailable)
        #expect(error?.description.contains("127.0.0.1:\(port)") ?? false)
    }
}
