import Base
import Glibc
import Testing

@testable import Proxy

/// Runs `Scripts/sidecars.sh`, two sidecars in network namespaces with real packet filter rules; needs root.
@Suite struct SidecarsTests {
    @Test(.enabled(if: getuid() == 0, "network namespaces need root"), .timeLimit(.minutes(10)))
    func `two sidecars behave as Istio's`() throws {
        let scripts = "\(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.startIndex))/Scripts"
        let products = Swift.CommandLine.arguments[0].split(separator: "/").dropLast().joined(separator: "/")
        let candidates = ["/\(products)/apus-proxy", ".build/debug/apus-proxy"]
        let program = try #require(candidates.first(where: isExecutable), "build the product apus-proxy first")
        let status = try ChildProcess.run(["bash", "\(scripts)/sidecars.sh", program])
        #expect(status == 0, "the script's output says which checks failed")
    }
}

private func isExecutable(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }
