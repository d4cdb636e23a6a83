import Base
import Glibc
import Subprocess
import Testing

/// Runs `Scripts/sidecars.sh`, two sidecars in network namespaces with real packet filter rules; needs root.
@Suite struct SidecarsTests {
    /// The program, which is built beside the tests.
    static var program: String? {
        let products = Swift.CommandLine.arguments[0].split(separator: "/").dropLast().joined(separator: "/")
        return ["/\(products)/apus-proxy", ".build/debug/apus-proxy"].first(where: isExecutable)
    }

    @Test(.enabled(if: getuid() == 0, "network namespaces need root"), .timeLimit(.minutes(10)))
    func `two sidecars behave as Istio's`() async throws {
        let scripts = "\(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.startIndex))/Scripts"
        let program = try #require(Self.program, "build the product apus-proxy first")
        let run = try await Subprocess("bash", ["\(scripts)/sidecars.sh", program]).run()
        #expect(run.status.isSuccess, "\(run.text)\n\(run.errorText)")
    }

    @Test(.enabled(if: getuid() == 0, "network namespaces need root"), .timeLimit(.minutes(10)))
    func `a gateway ends TLS as its servers say`() async throws {
        let scripts = "\(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.startIndex))/Scripts"
        let program = try #require(Self.program, "build the product apus-proxy first")
        let run = try await Subprocess("bash", ["\(scripts)/gateway.sh", program]).run()
        #expect(run.status.isSuccess, "\(run.text)\n\(run.errorText)")
    }

    @Test(.enabled(if: getuid() == 0, "network namespaces need root"), .timeLimit(.minutes(10)))
    func `listeners and endpoints are where Sidecars and Gateways say`() async throws {
        let scripts = "\(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.startIndex))/Scripts"
        let program = try #require(Self.program, "build the product apus-proxy first")
        let run = try await Subprocess("bash", ["\(scripts)/listeners.sh", program]).run()
        #expect(run.status.isSuccess, "\(run.text)\n\(run.errorText)")
    }

    @Test(.enabled(if: getuid() == 0, "network namespaces need root"), .timeLimit(.minutes(10)))
    func `gRPC-Web, proxies before a gateway, and affinity`() async throws {
        let scripts = "\(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.startIndex))/Scripts"
        let program = try #require(Self.program, "build the product apus-proxy first")
        let command = ["--net", "/usr/bin/python3", "-B", "\(scripts)/edge.py", program]
        let run = try await Subprocess("unshare", command).run()
        #expect(run.status.isSuccess, "\(run.text)\n\(run.errorText)")
    }

    /// Debian's Python, which has Debian's packages, in a network namespace of its own.
    @Test(.enabled(if: getuid() == 0, "network namespaces need root"), .timeLimit(.minutes(10)))
    func `two sidecars speak HTTP/2 and gRPC with clients good and bad`() async throws {
        let scripts = "\(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.startIndex))/Scripts"
        let program = try #require(Self.program, "build the product apus-proxy first")
        let command = ["--net", "/usr/bin/python3", "-B", "\(scripts)/http2/checks.py", program]
        let run = try await Subprocess("unshare", command).run()
        #expect(run.status.isSuccess, "\(run.text)\n\(run.errorText)")
    }
}

/// Runs `Scripts/routes.sh`, which tries every kind of route with curl; needs root.
@Suite struct RoutesTests {
    @Test(.enabled(if: getuid() == 0, "network namespaces need root"), .timeLimit(.minutes(10)))
    func `routes match and do what a VirtualService's do`() async throws {
        let scripts = "\(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.startIndex))/Scripts"
        let program = try #require(SidecarsTests.program, "build the product apus-proxy first")
        let run = try await Subprocess("bash", ["\(scripts)/routes.sh", program]).run()
        #expect(run.status.isSuccess, "\(run.text)\n\(run.errorText)")
    }
}

/// Counts heap blocks and system calls, exactly; `strace` needs root.
@Suite struct CostsTests {
    @Test(.enabled(if: getuid() == 0, "other processes are traced"), .timeLimit(.minutes(10)))
    func `requests cost what the table says`() async throws {
        let program = try #require(SidecarsTests.program, "build the product apus-proxy first")
        let library = "\(program.dropLast("apus-proxy".count))libCHeapCount.so"
        let root = #filePath.prefix(upTo: #filePath.ranges(of: "/Tests/").last?.lowerBound ?? #filePath.startIndex)
        let script = "\(root)/Benchmarks/costs/costs.py"
        let command = ["-B", script, "--requests", "--build", "debug", "--program", program, "--library", library]
        let run = try await Subprocess("/usr/bin/python3", command).run()
        #expect(run.status.isSuccess, "\(run.text)\n\(run.errorText)")
    }
}

private func isExecutable(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }

@Suite struct ProgramTests {
    @Test func `the proxy does not link Foundation`() async throws {
        let program = try #require(SidecarsTests.program, "build the product apus-proxy first")
        let libraries = try await Subprocess("ldd", [program]).run().text
        #expect(!libraries.contains("Foundation"), "Foundation costs memory and start time; find who imports it")
    }
}
