import Base
import Glibc
import Subprocess
import TestPrograms
import Testing

/// Runs a script against `apus-proxy`; the script prints a line for each check.
enum ProxyScript {
    static var mayRun: Bool { getuid() == 0 }
    static let needsRoot: Comment = "network namespaces need root"

    /// `apus-proxy`.
    static func program() throws -> String {
        try #require(Programs.path("apus-proxy"), "build the product apus-proxy first")
    }

    /// Where the repository is.
    static var root: String {
        String(#filePath.prefix(upTo: #filePath.ranges(of: "/Tests/").last?.lowerBound ?? #filePath.startIndex))
    }

    /// Expects of the script that all its checks hold.
    ///
    /// - Parameter name: Below `Scripts`; a Python script runs in a network namespace of its own, with the packages of
    ///   Debian's Python.
    static func check(_ name: String) async throws {
        let script = "\(root)/Tests/ProxyIntegrationTests/Scripts/\(name)"
        let program = try program()
        let isPython = name.hasSuffix(".py")
        try await expectSuccess(
            isPython ? "unshare" : "bash",
            isPython ? ["--net", "/usr/bin/python3", "-B", script, program] : [script, program]
        )
    }

    static func expectSuccess(_ command: String, _ arguments: [String]) async throws {
        let run = try await Subprocess(command, arguments).run()
        #expect(run.status.isSuccess, "\(run.text)\n\(run.errorText)")
    }
}
