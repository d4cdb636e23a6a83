import Base
import Subprocess
import TestPrograms
import Testing

/// Our server's choices compared with what others say of them.
@Suite(.serialized) struct JudgesTests {
    private static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }

    @Test(.timeLimit(.minutes(10)), arguments: [("min12", "2", "3"), ("only12", "2", "2"), ("only13", "3", "3")])
    func `testssl sees what the gateway's versions promise`(
        column: String,
        lowest: String,
        highest: String
    ) async throws {
        let files = try await Files()
        let flags = ["--minProtocolVersion", "TLSV1_\(lowest)", "--maxProtocolVersion", "TLSV1_\(highest)"]
        let run = try await Server.run(files.rsa + flags + ["--alpn", "h2,http/1.1"]) { address in
            try await Subprocess("\(Self.root)/scripts/compare-testssl.sh", [address, column]).run()
        }
        #expect(run.status.isSuccess, "\(run.text)\n\(run.errorText)")
        #expect(run.text.contains("41 of 41 rows agree"))
    }

    /// Where Envoy is; nil, and said loudly, where there is none.
    private static func envoy() async throws -> String? {
        let run = try await Subprocess("\(root)/scripts/envoy.sh").run(timeout: .seconds(300))
        if run.status.isSuccess { return run.text }
        print("SKIPPED: the comparison with Envoy's choices did NOT run: \(run.errorText)")
        return nil
    }

    @Test(.timeLimit(.minutes(10))) func `random clients get what Envoy would give them`() async throws {
        guard let envoy = try await Self.envoy() else { return }
        let script = "\(Self.root)/Tests/TLSProgramTests/Scripts/compare_envoy.py"
        let run = try await Subprocess("python3", [script, envoy, Server.program()]).run()
        #expect(run.status.isSuccess, "\(run.text)\n\(run.errorText)")
    }

    @Test(.timeLimit(.minutes(30))) func `tls-scan finds what testssl finds, on nginx, Envoy and our own server`()
        async throws
    {
        let script = "\(Self.root)/Tests/TLSProgramTests/Scripts/agree_with_testssl.py"
        let programs = [try #require(Programs.path("apus"), "build the product apus first"), try Server.program()]
        let envoy = try await Self.envoy().map { [$0] } ?? []
        let run = try await Subprocess("python3", [script] + programs + envoy).run()
        #expect(run.status.isSuccess, "\(run.text)\n\(run.errorText)")
    }
}
