import Mesh
import MeshAPI
import TestMesh
import Testing

@Suite struct InboundOutcomeTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let call: String
        let applications: [Application]
        let bytes: InboundBytes
        /// For DISABLE, PERMISSIVE, STRICT.
        let outcomes: [InboundOutcome]
        var testDescription: String { call }
    }

    // An undeclared port is one of protocol auto.
    static let rows = [
        Row(
            call: "TCP port, plaintext tcp",
            applications: [.tcp],
            bytes: .plainTCP,
            outcomes: [.plaintext, .plaintext, .closed]
        ),
        Row(
            call: "TCP port, plaintext http",
            applications: [.tcp],
            bytes: .plainHTTP,
            outcomes: [.plaintext, .plaintext, .closed]
        ),
        Row(
            call: "TCP port, TLS",
            applications: [.tcp],
            bytes: .applicationTLS,
            outcomes: [.passed, .passed, .handshakeFailure]
        ),
        Row(
            call: "TCP port, mesh mTLS",
            applications: [.tcp],
            bytes: .meshTCP,
            outcomes: [.passed, .terminated, .terminated]
        ),
        Row(
            call: "HTTP port, plaintext http",
            applications: [.http, .http2],
            bytes: .plainHTTP,
            outcomes: [.plaintext, .plaintext, .closed]
        ),
        Row(
            call: "HTTP port, TLS",
            applications: [.http, .http2],
            bytes: .applicationTLS,
            outcomes: [.protocolError, .closed, .handshakeFailure]
        ),
        Row(
            call: "HTTP port, mesh mTLS",
            applications: [.http, .http2],
            bytes: .meshHTTP,
            outcomes: [.protocolError, .terminated, .terminated]
        ),
        Row(
            call: "HTTP port, plaintext non-http",
            applications: [.http, .http2],
            bytes: .plainTCP,
            outcomes: [.protocolError, .protocolError, .closed]
        ),
        Row(
            call: "auto port, plaintext http",
            applications: [.auto],
            bytes: .plainHTTP,
            outcomes: [.plaintext, .plaintext, .closed]
        ),
        Row(
            call: "auto port, plaintext tcp",
            applications: [.auto],
            bytes: .plainTCP,
            outcomes: [.plaintext, .plaintext, .closed]
        ),
        Row(
            call: "auto port, TLS",
            applications: [.auto],
            bytes: .applicationTLS,
            outcomes: [.passed, .passed, .handshakeFailure]
        ),
        Row(
            call: "auto port, mesh mTLS tcp",
            applications: [.auto],
            bytes: .meshTCP,
            outcomes: [.passed, .terminated, .terminated]
        ),
        Row(
            call: "auto port, mesh mTLS http",
            applications: [.auto],
            bytes: .meshHTTP,
            outcomes: [.passed, .terminated, .terminated]
        ),
    ]

    @Test(arguments: rows) func `mode and protocol decide what becomes of a connection`(row: Row) {
        for application in row.applications {
            let outcomes = [MutualTLSMode.disable, .permissive, .strict].map {
                InboundOutcome(of: row.bytes, application: application, mode: $0)
            }
            #expect(outcomes == row.outcomes)
        }
    }

    @Test func `STRICT lets no plaintext through, whatever the port`() {
        for application in [Application.auto, .http, .http2, .tcp] {
            for bytes in InboundBytes.allCases where bytes != .meshHTTP && bytes != .meshTCP {
                #expect(!InboundOutcome(of: bytes, application: application, mode: .strict).isAccepted)
            }
        }
    }
}

@Suite struct InboundDecisionTests {
    @Test func `the inbound policy lists declared ports by number, and the rest by one mode`() throws {
        var mesh = MeshFixture()
        mesh.pod("foo", "httpbin")
        try mesh.service(
            "foo",
            "httpbin",
            ports:
                "[{name: http, port: 8000, targetPort: web}, {name: tcp, port: 9000}, {name: nope, port: 1, targetPort: none}, {name: u, port: 53, protocol: UDP}]"
        )
        try mesh.add(
            peerAuthentication(
                "foo",
                "w",
                "selector: {matchLabels: {app: httpbin}}, mtls: {mode: STRICT}, portLevelMtls: {9000: {mode: PERMISSIVE}, 7777: {mode: DISABLE}}"
            )
        )
        let model = mesh.model
        let inbound = model.inbound(of: try #require(model.pod("foo", "httpbin")))
        #expect(inbound.ports.map(\.number) == [80, 7777, 9000])
        #expect(inbound.ports.map(\.mode.mode) == [.strict, .disable, .permissive])
        #expect(inbound.ports.map(\.application) == [.http, .auto, .tcp])
        #expect(inbound.ports.map(\.servicePort) == [8000, 0, 9000])
        #expect(inbound.otherMode.mode == .strict && !inbound.sendsToLocalhost)
    }

    @Test func `minimum version, cipher suites and the application's address come from the mesh`() throws {
        var mesh = MeshFixture()
        mesh.pod("foo", "httpbin")
        let pod = try #require(mesh.model.pod("foo", "httpbin"))
        #expect(mesh.model.inbound(of: pod).minimumVersion == .tls12)
        #expect(mesh.model.inbound(of: pod).cipherSuites == TLSConfig.workloadCipherSuites)
        try mesh.configure(
            "{meshMTLS: {minProtocolVersion: TLSV1_3, cipherSuites: [ECDHE-ECDSA-AES128-GCM-SHA256, AES128-GCM-SHA256]}, inboundTrafficPolicy: {mode: LOCALHOST}}"
        )
        let inbound = mesh.model.inbound(of: pod)
        #expect(inbound.minimumVersion == .tls13 && inbound.sendsToLocalhost)
        #expect(inbound.cipherSuites == ["ECDHE-ECDSA-AES128-GCM-SHA256"])
    }

    @Test(arguments: [("TLS_AUTO", InboundDecision.TLSVersion.tls12), ("TLSV1_2", .tls12), ("TLSV1_3", .tls13)])
    func `the minimum version is 1.2 unless 1.3 is asked for`(name: String, version: InboundDecision.TLSVersion) throws
    {
        var mesh = MeshFixture()
        mesh.pod("foo", "httpbin")
        try mesh.configure("meshMTLS: {minProtocolVersion: \(name)}")
        let model = mesh.model
        #expect(model.inbound(of: try #require(model.pod("foo", "httpbin"))).minimumVersion == version)
    }

    @Test func `a sidecar believes its own trust domain, its aliases, and those of foreign roots`() throws {
        var mesh = MeshFixture()
        try mesh.configure(
            "{trustDomain: a, trustDomainAliases: [b, a], caCertificates: [{pem: x, trustDomains: [c]}]}"
        )
        #expect(mesh.model.config.trustDomains == ["a", "b", "c"])
    }
}
