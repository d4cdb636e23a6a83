import Mesh
import MeshAPI
import TestMesh
import Testing

/// What a gateway believes, what it translates, and where it listens beside ports.
@Suite struct GatewayTopologyTests {
    private static let web = "[{hosts: ['*'], port: {number: 80, name: web, protocol: HTTP}}]"

    @Test func `what a gateway believes comes from the mesh`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("gw", Self.web)
        #expect(try fixture.decision.topology == GatewayTopology())
        try fixture.mesh.configure(
            "defaultConfig: {gatewayTopology: {numTrustedProxies: 2, forwardClientCertDetails: SANITIZE}}"
        )
        let topology = try fixture.decision.topology
        #expect(topology.numTrustedProxies == 2 && topology.forwardClientCertDetails == .sanitize)
    }

    @Test(arguments: [("HTTP", false), ("HTTP2", false), ("GRPC", false), ("GRPC-Web", true), ("grpc-web", true)])
    func `servers for gRPC-Web translate it`(name: String, translates: Bool) throws {
        var fixture = try GatewayFixture()
        try fixture.gateway("gw", "[{hosts: ['*'], port: {number: 80, name: web, protocol: \(name)}}]")
        try fixture.virtualService("vs", hosts: ["*"])
        #expect(try fixture.decision.listeners.map { $0.chains.map(\.translatesGRPCWeb) } == [[translates]])
    }

    @Test(arguments: [("http", false), ("grpc", false), ("grpc-web", true), ("grpc-web-x", true)])
    func `ports of services for gRPC-Web translate it`(name: String, translates: Bool) throws {
        var mesh = MeshFixture()
        mesh.pod("foo", "httpbin")
        try mesh.service("foo", "httpbin", ports: "[{name: \(name), port: 8000, targetPort: 80}]")
        let inbound = mesh.model.inbound(of: try #require(mesh.model.pod("foo", "httpbin")))
        #expect(inbound.ports.map(\.translatesGRPCWeb) == [translates])
    }

    @Test func `a server on a Unix socket listens on its path`() throws {
        var fixture = try GatewayFixture()
        try fixture.gateway(
            "gw",
            "[{hosts: ['*'], port: {number: 0, name: web, protocol: HTTP}, bind: 'unix:///run/gw.sock'}]"
        )
        try fixture.virtualService("vs", hosts: ["*"])
        let addresses = try fixture.decision.listeners.map(\.address)
        #expect(addresses.map(\.bind) == ["unix:///run/gw.sock"] && addresses.map(\.port) == [0])
    }
}
