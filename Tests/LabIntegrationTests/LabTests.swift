import Base
import Glibc
import Subprocess
import Testing

/// Runs `Scripts/cluster.sh`: the real kubectl on a cluster of the real program, from up to down; needs root.
@Suite struct LabTests {
    /// The program, which is built beside the tests.
    static var program: String? {
        let products = Swift.CommandLine.arguments[0].split(separator: "/").dropLast().joined(separator: "/")
        return ["/\(products)/apus-lab", ".build/debug/apus-lab"].first(where: isExecutable)
    }

    @Test(.enabled(if: getuid() == 0, "network namespaces need root"), .timeLimit(.minutes(5)))
    func `kubectl finds a cluster, and down leaves nothing of it`() async throws {
        let directory = #filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.startIndex)
        let program = try #require(Self.program, "build the product apus-lab first")
        let finished = try await Subprocess("bash", ["\(directory)/Scripts/cluster.sh", program]).run()
        #expect(finished.status.isSuccess, "\(finished.text)\n\(finished.errorText)")
    }
}

private func isExecutable(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }
