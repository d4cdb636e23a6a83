import Mesh
import MeshAPI
import TestMesh
import Testing

@Suite struct AutomaticTLSTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let rule: String
        var objects = ""
        var config = ""
        var sidecar = true
        var tlsMode: String?
        let isEncrypted: Bool
        let reason: String
        var testDescription: String { rule }
    }

    private static func tls(_ mode: String) -> String {
        destinationRule("bar", "r", "host: httpbin, trafficPolicy: {tls: {mode: \(mode)}}")
    }
    private static let selector = "selector: {matchLabels: {app: httpbin}}"

    static let cases = [
        Case(rule: "permissive by default, sidecar", isEncrypted: true, reason: "auto mTLS"),
        Case(
            rule: "strict, sidecar",
            objects: peerAuthentication("bar", "p", "mtls: {mode: STRICT}"),
            isEncrypted: true,
            reason: "auto mTLS"
        ),
        Case(rule: "no sidecar", sidecar: false, isEncrypted: false, reason: "no sidecar"),
        Case(
            rule: "strict without sidecar is plaintext all the same",
            objects: peerAuthentication("bar", "p", "mtls: {mode: STRICT}"),
            sidecar: false,
            isEncrypted: false,
            reason: "no sidecar"
        ),
        Case(rule: "the label disabled", tlsMode: "disabled", isEncrypted: false, reason: "no sidecar"),
        Case(rule: "the label is compared exactly", tlsMode: "Istio", isEncrypted: false, reason: "no sidecar"),
        Case(
            rule: "a namespace that disables",
            objects: peerAuthentication("bar", "p", "mtls: {mode: DISABLE}"),
            isEncrypted: false,
            reason: "PeerAuthentication bar/p"
        ),
        Case(
            rule: "a mesh that disables",
            objects: peerAuthentication("istio-system", "p", "mtls: {mode: DISABLE}"),
            isEncrypted: false,
            reason: "PeerAuthentication istio-system/p"
        ),
        Case(
            rule: "a namespace that disables, also to a strict workload",
            objects: peerAuthentication("bar", "p", "mtls: {mode: DISABLE}")
                + peerAuthentication("bar", "w", "\(selector), mtls: {mode: STRICT}"),
            isEncrypted: false,
            reason: "PeerAuthentication bar/p"
        ),
        Case(
            rule: "a workload that disables",
            objects: peerAuthentication("bar", "w", "\(selector), mtls: {mode: DISABLE}"),
            isEncrypted: false,
            reason: "PeerAuthentication bar/w"
        ),
        Case(
            rule: "a port that disables in a strict namespace",
            objects: peerAuthentication("bar", "p", "mtls: {mode: STRICT}")
                + peerAuthentication("bar", "w", "\(selector), portLevelMtls: {80: {mode: DISABLE}}"),
            isEncrypted: false,
            reason: "PeerAuthentication bar/w"
        ),
        Case(
            rule: "another port that disables",
            objects: peerAuthentication("bar", "w", "\(selector), portLevelMtls: {8000: {mode: DISABLE}}"),
            isEncrypted: true,
            reason: "auto mTLS"
        ),
        Case(
            rule: "auto mTLS off",
            config: "enableAutoMtls: false",
            isEncrypted: false,
            reason: "auto mTLS is off (meshConfig.enableAutoMtls)"
        ),
        Case(
            rule: "auto mTLS off and a rule",
            objects: tls("ISTIO_MUTUAL"),
            config: "enableAutoMtls: false",
            isEncrypted: true,
            reason: "DestinationRule bar/r"
        ),
        Case(
            rule: "a rule that disables",
            objects: tls("DISABLE"),
            isEncrypted: false,
            reason: "DestinationRule bar/r"
        ),
        Case(
            rule: "a rule with ISTIO_MUTUAL, to an endpoint without sidecar too",
            objects: tls("ISTIO_MUTUAL"),
            sidecar: false,
            isEncrypted: true,
            reason: "DestinationRule bar/r"
        ),
        Case(rule: "a rule with SIMPLE", objects: tls("SIMPLE"), isEncrypted: true, reason: "DestinationRule bar/r"),
        Case(
            rule: "a rule with MUTUAL",
            objects: tls("MUTUAL, clientCertificate: /c, privateKey: /k"),
            isEncrypted: true,
            reason: "DestinationRule bar/r"
        ),
        Case(
            rule: "a rule without tls",
            objects: destinationRule("bar", "r", "host: httpbin, trafficPolicy: {loadBalancer: {simple: RANDOM}}"),
            isEncrypted: true,
            reason: "auto mTLS"
        ),
        Case(
            rule: "an empty tls is DISABLE",
            objects: destinationRule("bar", "r", "host: httpbin, trafficPolicy: {tls: {}}"),
            isEncrypted: false,
            reason: "DestinationRule bar/r"
        ),
    ]

    @Test(arguments: cases) func `label, policies and rule decide the wire`(rule: Case) throws {
        var mesh = MeshFixture()
        mesh.pod("bar", "httpbin", sidecar: rule.sidecar, tlsMode: rule.tlsMode)
        try mesh.service("bar", "httpbin")
        try mesh.add(rule.objects)
        if !rule.config.isEmpty { try mesh.configure(rule.config) }
        let decision = try #require(mesh.model.destination(from: "foo", "httpbin.bar"))
        let endpoint = try #require(decision.endpoints.first)
        #expect(endpoint.isEncrypted == rule.isEncrypted && endpoint.reason == rule.reason, "\(endpoint)")
        #expect((decision.tls != nil) == rule.isEncrypted && decision.refusal == nil)
        #expect(endpoint.port == 80)
    }

    @Test func `each endpoint is decided for itself`() throws {
        var mesh = MeshFixture()
        mesh.pod("bar", "httpbin")
        mesh.pod("bar", "httpbin-2", app: "httpbin", sidecar: false)
        try mesh.service("bar", "httpbin")
        let decision = try #require(mesh.model.destination(from: "foo", "httpbin.bar"))
        #expect(decision.endpoints.map(\.isEncrypted) == [true, false])
        #expect(decision.endpoints.map(\.reason) == ["auto mTLS", "no sidecar"])
    }

    @Test(arguments: [
        ("MESH_EXTERNAL", "", false, "outside the mesh"), ("MESH_INTERNAL", "serviceAccount: a", true, "auto mTLS"),
        ("MESH_INTERNAL", "labels: {security.istio.io/tlsMode: istio}", true, "auto mTLS"),
        ("MESH_INTERNAL", "labels: {a: b}", false, "no sidecar"),
        ("MESH_INTERNAL", "serviceAccount: a, labels: {security.istio.io/tlsMode: disabled}", false, "no sidecar"),
    ])
    func `an endpoint of an entry speaks mTLS by its label or its service account`(
        location: String,
        endpoint: String,
        isEncrypted: Bool,
        reason: String
    ) throws {
        var mesh = MeshFixture()
        let comma = endpoint.isEmpty ? "" : ", "
        try mesh.add(
            """
            apiVersion: networking.istio.io/v1
            kind: ServiceEntry
            metadata: {namespace: bar, name: e}
            spec:
              hosts: [vm.example.com]
              location: \(location)
              resolution: STATIC
              ports: [{number: 8000, name: http, protocol: HTTP, targetPort: 9000}]
              endpoints: [{address: 192.0.2.1\(comma)\(endpoint)}]
              subjectAltNames: ["spiffe://x"]
            """
        )
        let name = DestinationName(host: "vm.example.com", port: 8000)
        let decision = try #require(mesh.model.destination(name, for: Client(namespace: "foo")))
        #expect(decision.endpoints.map(\.isEncrypted) == [isEncrypted])
        #expect(decision.endpoints.map(\.reason) == [reason])
        #expect(decision.endpoints.map(\.port) == [9000])
        if isEncrypted { #expect(decision.tls?.subjectAltNames.contains("spiffe://x") == true) }
    }

    @Test(arguments: [
        ([true, true], "", true, "auto mTLS"),
        ([true, false], "", false, "headless service with pods without sidecar"),
        ([], "", false, "headless service without endpoints"), ([true], "STRICT", true, "auto mTLS"),
        ([true], "DISABLE", false, "PeerAuthentication bar/p"),
    ])
    func `a headless service is encrypted as a whole or not at all`(
        sidecars: [Bool],
        mode: String,
        isEncrypted: Bool,
        reason: String
    ) throws {
        var mesh = MeshFixture()
        for (index, sidecar) in sidecars.enumerated() { mesh.pod("bar", "p\(index)", app: "db", sidecar: sidecar) }
        try mesh.service("bar", "db", ports: "[{name: tcp, port: 80}]", address: "None")
        if !mode.isEmpty { try mesh.add(peerAuthentication("bar", "p", "mtls: {mode: \(mode)}")) }
        let decision = try #require(mesh.model.destination(from: "foo", "db.bar", port: 80))
        #expect(decision.usesOriginalDestination && decision.encryptsUnlisted == isEncrypted)
        #expect(decision.endpoints.allSatisfy { $0.isEncrypted == isEncrypted } && decision.reason == reason)
        #expect((decision.tls != nil) == isEncrypted)
    }

    @Test func `a rule with PASSTHROUGH makes a service behave as a headless one`() throws {
        var mesh = MeshFixture()
        mesh.pod("bar", "httpbin")
        mesh.pod("bar", "httpbin-2", app: "httpbin", sidecar: false)
        try mesh.service("bar", "httpbin")
        try mesh.add(destinationRule("bar", "r", "host: httpbin, trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}}"))
        let decision = try #require(mesh.model.destination(from: "foo", "httpbin.bar"))
        #expect(decision.usesOriginalDestination && decision.endpoints.allSatisfy { !$0.isEncrypted })
    }
}

@Suite struct ServerIdentityTests {
    @Test func `servers are the service accounts of all endpoints in every trust domain`() throws {
        var mesh = MeshFixture()
        mesh.pod("bar", "a", app: "httpbin", account: "one")
        mesh.pod("bar", "b", app: "httpbin", account: "two")
        mesh.pod("bar", "c", app: "httpbin", account: "one")
        try mesh.service("bar", "httpbin")
        try mesh.configure("{trustDomain: td, trustDomainAliases: [old]}")
        let decision = try #require(mesh.model.destination(from: "foo", "httpbin.bar"))
        #expect(
            decision.tls?.subjectAltNames == [
                "spiffe://old/ns/bar/sa/one", "spiffe://old/ns/bar/sa/two", "spiffe://td/ns/bar/sa/one",
                "spiffe://td/ns/bar/sa/two",
            ]
        )
        #expect(decision.tls?.serverName == "outbound_.8000_._.httpbin.bar.svc.cluster.local")
        #expect(decision.tls?.credential == .workload && decision.tls?.verifiesHost == false)
    }

    @Test func `names and server name of the rule replace them, and an empty list does not`() throws {
        var mesh = MeshFixture()
        mesh.pod("bar", "httpbin")
        try mesh.service("bar", "httpbin")
        try mesh.add(
            destinationRule(
                "foo",
                "a",
                "host: httpbin.bar.svc.cluster.local, trafficPolicy: {tls: {mode: ISTIO_MUTUAL, sni: s, subjectAltNames: [x]}}"
            )
                + destinationRule(
                    "baz",
                    "b",
                    "host: httpbin.bar.svc.cluster.local, trafficPolicy: {tls: {mode: ISTIO_MUTUAL, subjectAltNames: []}}"
                )
        )
        let named = try #require(mesh.model.destination(from: "foo", "httpbin.bar")?.tls)
        #expect(named.serverName == "s" && named.subjectAltNames == ["x"])
        let empty = try #require(mesh.model.destination(from: "baz", "httpbin.bar")?.tls)
        #expect(empty.subjectAltNames == ["spiffe://cluster.local/ns/bar/sa/httpbin"])
    }

    @Test(
        arguments: [
            ("mode: SIMPLE", "", [], true, false), ("mode: SIMPLE, sni: s", "s", [], false, false),
            ("mode: SIMPLE, subjectAltNames: [a]", "", ["a"], false, false),
            ("mode: SIMPLE, insecureSkipVerify: true", "", [], false, true),
        ] as [(String, String, [String], Bool, Bool)]
    )
    func `SIMPLE checks names, else the host, else the chain`(
        tls: String,
        serverName: String,
        names: [String],
        verifiesHost: Bool,
        skips: Bool
    ) throws {
        var mesh = MeshFixture()
        try mesh.service("bar", "httpbin")
        try mesh.add(destinationRule("bar", "r", "host: httpbin, trafficPolicy: {tls: {\(tls), caCertificates: /ca}}"))
        let decision = try #require(mesh.model.destination(from: "foo", "httpbin.bar")?.tls)
        #expect(decision.credential == .none && decision.rootsFile == "/ca" && decision.serverName == serverName)
        #expect(decision.subjectAltNames == names && decision.verifiesHost == verifiesHost)
        #expect(decision.skipsVerification == skips)
    }

    @Test func `MUTUAL presents the files that the rule names`() throws {
        var mesh = MeshFixture()
        try mesh.service("bar", "httpbin")
        try mesh.add(
            destinationRule(
                "bar",
                "r",
                "host: httpbin, trafficPolicy: {tls: {mode: MUTUAL, clientCertificate: /c, privateKey: /k}}"
            )
        )
        #expect(
            mesh.model.destination(from: "foo", "httpbin.bar")?.tls?.credential == .files(certificate: "/c", key: "/k")
        )
    }

    @Test(arguments: [
        "mode: MUTUAL", "mode: MUTUAL, clientCertificate: /c", "mode: SIMPLE, credentialName: c",
        "mode: MUTUAL, credentialName: c",
    ])
    func `TLS that cannot be had is no connection, never plaintext`(tls: String) throws {
        var mesh = MeshFixture()
        mesh.pod("bar", "httpbin")
        try mesh.service("bar", "httpbin")
        try mesh.add(destinationRule("bar", "r", "host: httpbin, trafficPolicy: {tls: {\(tls)}}"))
        let decision = try #require(mesh.model.destination(from: "foo", "httpbin.bar"))
        #expect(decision.refusal?.hasPrefix("DestinationRule bar/r: tls.") == true)
        #expect(decision.tls == nil && decision.endpoints.allSatisfy(\.isEncrypted))
    }

    @Test func `a credential is for gateways, and for sidecars that a rule with a workloadSelector is for`() throws {
        var mesh = MeshFixture()
        mesh.pod("bar", "httpbin")
        try mesh.service("bar", "httpbin")
        let tls = "tls: {mode: MUTUAL, credentialName: client, sni: example.com}"
        try mesh.add(destinationRule("bar", "r", "host: httpbin, trafficPolicy: {\(tls)}"))
        let name = DestinationName(host: "httpbin.bar.svc.cluster.local", port: 8000)
        var gateway = Client(namespace: "foo")
        gateway.isGateway = true
        let decided = try #require(mesh.model.destination(name, for: gateway)?.tls)
        #expect(decided.credential == .secret("kubernetes://client"))
        #expect(decided.rootsSecret == "kubernetes://client-cacert")
        let selector = "workloadSelector: {matchLabels: {app: sleep}}"
        try mesh.add(
            destinationRule("foo", "s", "host: httpbin.bar.svc.cluster.local, \(selector), trafficPolicy: {\(tls)}")
        )
        let selected = mesh.model.destination(from: "foo", labels: ["app": "sleep"], "httpbin.bar")
        #expect(selected?.tls?.credential == .secret("kubernetes://client"))
    }
}
