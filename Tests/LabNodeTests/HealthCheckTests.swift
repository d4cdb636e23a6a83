import Base
import GRPC
import Network
import Protobuf
import Testing

@testable import LabNode

/// `grpc` probes, against a server that speaks the health protocol.
@Suite(.timeLimit(.minutes(1))) struct HealthCheckTests {
    /// Asks a server that knows some services what it thinks of `service`.
    ///
    /// - Parameter timeout: Long, because many tests share the machine.
    private func failure(
        of service: String,
        path: String = "/grpc.health.v1.Health/Check",
        timeout: Duration = .seconds(50)
    ) async throws -> String? {
        let listener = try AsyncListener(binding: SocketAddress(.loopback, port: 0))
        let check = GRPCServer.unary { _, message in
            var reader = ProtobufReader(message)
            var name = ""
            while let field = try reader.nextField() { if field.number == 1 { name = try field.string() } }
            if name == "slow" { try await Task.sleep(for: .seconds(600)) }
            if name == "missing" { throw GRPCStatus(.notFound, "unknown service") }
            var writer = ProtobufWriter()
            writer.unsigned(1, name == "ill" ? 2 : 1)
            return writer.bytes
        }
        let server = Task { try await GRPCServer(listener: listener, handlers: [path: check]).run() }
        defer { server.cancel() }
        return await HealthCheck.failure(of: service, at: listener.address, timeout: timeout)
    }

    @Test(arguments: ["", "fine"]) func `a service that serves is well`(service: String) async throws {
        #expect(try await failure(of: service) == nil)
    }

    @Test func `one that does not serve is not, although its port is open`() async throws {
        #expect(try await failure(of: "ill") == "service unhealthy (responded with \"NOT_SERVING\")")
    }

    @Test func `one that the server does not know is not`() async throws {
        let words = try #require(try await failure(of: "missing"))
        #expect(words == "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service")
    }

    @Test func `a server without the protocol is not`() async throws {
        let words = try #require(try await failure(of: "", path: "/other.Service/Method"))
        #expect(words.hasPrefix("error: this server does not implement the grpc health protocol"))
    }

    @Test func `an answer that does not come is waited for no longer than the probe says`() async throws {
        // The server would take ten minutes, and the suite has one.
        let words = try await failure(of: "slow", timeout: .seconds(1))
        #expect(words == "timeout: health rpc did not complete within 1s")
    }

    @Test func `a port that nobody listens on is named`() async throws {
        // Of those the system hands out, another test might be given it meanwhile.
        let address = SocketAddress(.loopback, port: 1)
        let words = try #require(await HealthCheck.failure(of: "", at: address, timeout: .seconds(50)))
        #expect(words.hasPrefix("error: failed to connect service at \"\(address)\""))
    }

    @Test func `an answer is read to the letter of the protocol`() throws {
        #expect(try HealthCheck.state([]) == .unknown)
        #expect(try HealthCheck.state([0x08, 0x01]) == .serving)
        #expect(try HealthCheck.state([0x08, 0x63]) == .unknown)
        #expect(throws: ProtobufError.self) { try HealthCheck.state([0x08]) }
        #expect(HealthCheck.request("") == [])
        #expect(HealthCheck.request("ab") == [0x0a, 0x02, 0x61, 0x62])
    }
}
