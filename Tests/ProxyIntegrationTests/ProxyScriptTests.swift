import Subprocess
import TestPrograms
import Testing

/// Real clients against a real proxy, in network namespaces; each script prints what it has checked.
@Suite(.enabled(if: ProxyScript.mayRun, ProxyScript.needsRoot), .timeLimit(.minutes(10)))
struct ProxyScriptTests {
    @Test func `two sidecars behave as Istio's`() async throws { try await ProxyScript.check("sidecars.sh") }

    @Test func `two sidecars speak HTTP/2 and gRPC with clients good and bad`() async throws {
        try await ProxyScript.check("http2/checks.py")
    }

    @Test func `a gateway ends TLS as its servers say`() async throws { try await ProxyScript.check("gateway.sh") }

    @Test func `listeners and endpoints are where Sidecars and Gateways say`() async throws {
        try await ProxyScript.check("listeners.sh")
    }

    @Test func `servers are found, asked for and verified by the name that a client asks for`() async throws {
        try await ProxyScript.check("names.sh")
    }

    @Test func `endpoints are told who the client is`() async throws { try await ProxyScript.check("introductions.sh") }

    @Test func `gRPC-Web, proxies before a gateway, and affinity`() async throws {
        try await ProxyScript.check("edge.py")
    }

    @Test func `routes match and do what a VirtualService's do`() async throws {
        try await ProxyScript.check("routes.sh")
    }

    /// Counts heap blocks and system calls, exactly.
    @Test func `requests cost what the table says`() async throws {
        let program = try ProxyScript.program()
        let library = try #require(Programs.besideTests("libCHeapCount.so"), "build the product CHeapCount first")
        let script = "\(ProxyScript.root)/Benchmarks/costs/costs.py"
        let command = [
            "-B", script, "--requests", "--build", Programs.build, "--program", program, "--library", library,
        ]
        try await ProxyScript.expectSuccess("/usr/bin/python3", command)
    }
}

@Suite struct ProxyProgramTests {
    @Test func `the proxy does not link Foundation`() async throws {
        let libraries = try await Subprocess("ldd", [ProxyScript.program()]).run().text
        #expect(!libraries.contains("Foundation"), "Foundation costs memory and start time; find who imports it")
    }
}
