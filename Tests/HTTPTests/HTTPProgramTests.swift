import Base
import Network
import Subprocess
import Testing

@testable import HTTP

/// What curl makes of the server.
@Suite(.timeLimit(.minutes(1))) struct HTTPProgramTests {
    private func answer(_ exchange: HTTPExchange) async throws {
        let body = try await exchange.readBody(limit: 4 << 20)
        if exchange.request.path == "/stream" {
            try await exchange.begin(HTTPResponseHead(200))
            for word in ["one ", "two ", "three"] { try await exchange.write(Array(word.utf8)) }
        } else {
            let text = "\(exchange.request.method) \(exchange.request.target) \(body.count)"
            try await exchange.respond(HTTPResponseHead(200), body: Array(text.utf8))
        }
    }

    private func curl(_ arguments: [String], input: [UInt8] = []) async throws -> String {
        let finished = try await Subprocess("curl", ["-sS", "--noproxy", "*"] + arguments).run(input: input)
        #expect(finished.status.isSuccess, "\(finished.errorText)")
        return finished.text
    }

    private func expect(_ arguments: [String], input: [UInt8] = [], _ answer: String) async throws {
        let text = try await curl(arguments, input: input)
        #expect(text == answer)
    }

    @Test func `curl is answered, on one connection`() async throws {
        try await serving(handler: answer) { port in
            let origin = "http://127.0.0.1:\(port)"
            let connections = ["-w", " %{num_connects}\n", "\(origin)/a?b=c", "\(origin)/d"]
            try await expect(connections, "GET /a?b=c 0 1\nGET /d 0 0")
            try await expect(["\(origin)/stream"], "one two three")
            try await expect(["--http1.0", "\(origin)/stream"], "one two three")
            let head = try await curl(["-I", "\(origin)/"])
            #expect(head.hasSuffix("Content-Length: 8"))
        }
    }

    @Test func `curl uploads with a length, in chunks, and after being told to go on`() async throws {
        try await serving(handler: answer) { port in
            let body = [UInt8](repeating: 7, count: 3_000_000)
            let upload = ["-X", "POST", "--data-binary", "@-", "http://127.0.0.1:\(port)/u"]
            try await expect(upload, input: body, "POST /u 3000000")
            let chunked = ["-H", "Transfer-Encoding: chunked"] + upload
            try await expect(chunked, input: body, "POST /u 3000000")
            let patient = ["-H", "Expect: 100-continue", "--expect100-timeout", "60"] + upload
            try await expect(patient, input: body, "POST /u 3000000")
        }
    }

    @Test func `curl is told that its upload is too large`() async throws {
        try await serving(handler: answer) { port in
            let arguments = ["-o", "/dev/null", "-w", "%{http_code}", "-X", "POST", "--data-binary", "@-"]
            let status = try await curl(
                arguments + ["http://127.0.0.1:\(port)/u"],
                input: [UInt8](repeating: 7, count: (4 << 20) + 1)
            )
            #expect(status == "413")
        }
    }
}
