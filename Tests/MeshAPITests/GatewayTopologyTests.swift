import MeshAPI
import Testing
import YAML

@Suite struct GatewayTopologyTests {
    private func mesh(_ topology: String) throws -> GatewayTopology {
        try MeshConfig(YAML.value("defaultConfig: {gatewayTopology: {\(topology)}}")).gatewayTopology
    }

    @Test func `nobody is believed unless the mesh says so`() throws {
        #expect(try mesh("") == GatewayTopology())
        let topology = try mesh("numTrustedProxies: 2, forwardClientCertDetails: APPEND_FORWARD")
        #expect(topology.numTrustedProxies == 2 && topology.forwardClientCertDetails == .appendForward)
    }

    @Test func `a pod's annotation overrides the mesh, field by field`() throws {
        let topology = try mesh("numTrustedProxies: 2, forwardClientCertDetails: APPEND_FORWARD")
        let own = topology.overridden(by: "{gatewayTopology: {numTrustedProxies: 1}, concurrency: 2}")
        #expect(own.numTrustedProxies == 1 && own.forwardClientCertDetails == .appendForward)
        #expect(topology.overridden(by: nil) == topology && topology.overridden(by: "{concurrency: 2}") == topology)
    }

    @Test func `the PROXY protocol is expected where it is mentioned`() throws {
        #expect(try !mesh("numTrustedProxies: 1").expectsProxyProtocol)
        let topology = try mesh("proxyProtocol: {}")
        #expect(topology.expectsProxyProtocol)
        #expect(topology.overridden(by: "{gatewayTopology: {numTrustedProxies: 1}}").expectsProxyProtocol)
        #expect(try mesh("").overridden(by: "{gatewayTopology: {proxyProtocol: {}}}").expectsProxyProtocol)
    }

    @Test(arguments: [
        "gatewayTopology: {proxyProtocol: 7}",
        "gatewayTopology: {numTrustedProxies: many}", "gatewayTopology: {forwardClientCertDetails: TRUST}", "[",
        "gatewayTopology: 7",
    ])
    func `an annotation that cannot be read changes nothing`(annotation: String) throws {
        let topology = try mesh("forwardClientCertDetails: SANITIZE")
        #expect(topology.overridden(by: annotation) == topology)
    }

    @Test func `a mesh that cannot be read is refused`() {
        #expect(throws: (any Error).self) { try mesh("forwardClientCertDetails: TRUST") }
        #expect(throws: (any Error).self) { try mesh("numTrustedProxies: -1") }
    }
}
