import Base
import Network
import Subprocess
import Testing

@testable import GRPC

/// What programs of others make of the server.
@Suite(.timeLimit(.minutes(1))) struct GRPCProgramTests {
    private func serving(_ body: (UInt16) async throws -> Void) async throws {
        let listener = try AsyncListener(binding: SocketAddress(.loopback, port: 0))
        let echo = GRPCServer.unary { _, message in message }
        let server = Task { try await GRPCServer(listener: listener, handlers: ["/t.T/Echo": echo]).run() }
        defer { server.cancel() }
        try await body(listener.address.port)
    }

    @Test func `curl calls a method over HTTP 2`() async throws {
        try await serving { port in
            let arguments = [
                "-sS", "--noproxy", "*", "--http2-prior-knowledge", "-D", "-", "-H", "content-type: application/grpc",
                "-H", "te: trailers", "--data-binary", "@-", "http://127.0.0.1:\(port)/t.T/Echo",
            ]
            let message = GRPCMessageReader.framed(Array("hello".utf8))
            let finished = try await Subprocess("curl", arguments).run(input: message)
            #expect(finished.status.isSuccess, "\(finished.errorText)")
            #expect(finished.text.hasPrefix("HTTP/2 200"))
            #expect(finished.text.contains("hello"))
            #expect(finished.text.contains("grpc-status: 0"))
        }
    }

    @Test func `what is no call is refused`() async throws {
        try await serving { port in
            let arguments = [
                "-sS", "--noproxy", "*", "--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{http_code}",
            ]
            let finished = try await Subprocess("curl", arguments + ["http://127.0.0.1:\(port)/t.T/Echo"]).run()
            #expect(finished.text == "415")
        }
    }
}
