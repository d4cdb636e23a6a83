import Base
import Discovery
import JSON
import TLS
import TestTLS
import Testing

@testable import Proxy

@Suite struct AgentSettingsTests {
    static let environment = [
        "POD_NAME": "sleep-1", "POD_NAMESPACE": "foo", "INSTANCE_IP": "10.244.0.4,fd00::4", "SERVICE_ACCOUNT": "sleep",
        "CA_ADDR": "istiod.istio-system.svc:15012", "TRUST_DOMAIN": "cluster.local",
        "PROXY_CONFIG":
            #"{"concurrency":3,"terminationDrainDuration":"1m30s","discoveryAddress":"other.ns.svc:15012"}"#,
        "ISTIO_KUBE_APP_PROBERS":
            #"{"/app-health/web/readyz":{"httpGet":{"path":"/ok","port":8080},"timeoutSeconds":2}}"#,
    ]
    static let flags = [
        "--domain", "foo.svc.cluster.local", "--proxyLogLevel=warning", "--proxyComponentLogLevel=misc:error",
        "--log_output_level=default:info",
    ]

    @Test func `reads what the injector writes`() throws {
        let settings = try AgentSettings(arguments: Self.flags, environment: Self.environment)
        #expect(settings.address == IPAddress("10.244.0.4"))
        #expect(settings.workers == 3)
        #expect(settings.drainDuration == .seconds(90))
        #expect(settings.discoveryAddress.description == "other.ns.svc:15012")
        #expect(settings.authorityAddress.description == "istiod.istio-system.svc:15012")
        #expect(settings.probes.count == 1)
    }

    @Test(arguments: ["POD_NAME", "POD_NAMESPACE", "INSTANCE_IP"])
    func `names the variable that is missing`(name: String) {
        var environment = Self.environment
        environment[name] = nil
        let error = #expect(throws: MeshError.self) { try AgentSettings(arguments: [], environment: environment) }
        #expect(error?.message.contains(name) == true)
    }

    @Test(arguments: [
        ("CA_ADDR", "istiod"), ("CA_ADDR", "istiod:0"), ("PROXY_CONFIG", "{"), ("INSTANCE_IP", "not-an-address"),
    ])
    func `refuses what cannot be used`(name: String, value: String) {
        var environment = Self.environment
        environment[name] = value
        let error = #expect(throws: MeshError.self) { try AgentSettings(arguments: [], environment: environment) }
        #expect(error?.message.contains(name) == true)
    }

    @Test(arguments: [("45s", 45_000), ("1h30m", 5_400_000), ("300ms", 300), ("0s", 0), ("1.5s", 1500)])
    func `reads Go's durations`(text: String, milliseconds: Int) {
        #expect(AgentSettings.duration(text) == .milliseconds(milliseconds))
    }

    @Test(arguments: ["", "45", "s", "5 s", "5x", "-1s"])
    func `refuses what is no duration`(text: String) { #expect(AgentSettings.duration(text) == nil) }
}

@Suite struct ApplicationProbeTests {
    @Test func `reads the kinds of probes`() throws {
        let http = try #require(
            ApplicationProbe(try JSON(parsing: #"{"httpGet":{"path":"live","port":80,"scheme":"HTTPS"}}"#))
        )
        #expect(http.action == .http(path: "/live", port: 80, usesTLS: true, headers: []))
        #expect(http.timeout == .seconds(1))
        let tcp = try #require(ApplicationProbe(try JSON(parsing: #"{"tcpSocket":{"port":5432},"timeoutSeconds":4}"#)))
        #expect(tcp.action == .tcp(port: 5432))
        #expect(tcp.timeout == .seconds(4))
    }

    @Test(arguments: [
        "{}", #"{"exec":{"command":["true"]}}"#, #"{"httpGet":{"path":"/"}}"#, #"{"tcpSocket":{"port":70000}}"#,
    ])
    func `knows no others`(text: String) throws { #expect(ApplicationProbe(try JSON(parsing: text)) == nil) }
}

@Suite struct ProxyStateTests {
    func update(_ resources: [ResourceName: Resource]) throws -> DiscoveryUpdate {
        var response = DeltaResponse()
        response.resources = resources.map { name, resource in
            .init(name: name.description, version: "1", typeURL: resource.typeURL, bytes: resource.bytes)
        }
        let session = ClientSession(node: NodeIdentity(address: "10.0.0.1", pod: "a", namespace: "b", version: "1"))
        guard case .update(let update) = session.received(response) else {
            throw MeshError(.protocolViolation, "refused")
        }
        return update
    }

    @Test func `is ready with a certificate, settings, policy and roots`() throws {
        let authority = try TestAuthority()
        let state = ProxyState(trustDomain: "cluster.local")
        #expect(state.missing.count == 4)
        let identity = try authority.identity(uri: "spiffe://cluster.local/ns/foo/sa/sleep")
        try state.use(identity, roots: authority.rootPEM)
        var trust = TrustBundle()
        trust.rootsPEM = authority.rootPEM
        trust.trustDomains = ["cluster.local"]
        try state.apply(update([.mesh: .mesh(MeshSettings()), .trust: .trust(trust)]))
        #expect(state.missing == ["configuration 'inbound' from the control plane"])
        try state.apply(update([.inbound: .inbound(InboundPolicy())]))
        #expect(state.missing.isEmpty)
        #expect(state.tables.credentials?.name == "spiffe://cluster.local/ns/foo/sa/sleep")
    }

    @Test func `a gateway is ready with a certificate, settings, roots and what to listen on`() throws {
        let authority = try TestAuthority()
        let state = ProxyState(trustDomain: "cluster.local", required: AgentRole.router.required)
        try state.use(try authority.identity(uri: "spiffe://cluster.local/ns/foo/sa/edge"), roots: authority.rootPEM)
        try state.apply(update([.mesh: .mesh(MeshSettings()), .trust: .trust(TrustBundle())]))
        #expect(state.missing == ["configuration 'gateway' from the control plane"])
        try state.apply(update([.gateway: .gateway(GatewayConfiguration())]))
        #expect(state.missing.isEmpty)
    }

    @Test func `the page of the configuration shows no key`() throws {
        let state = ProxyState(trustDomain: "cluster.local", required: AgentRole.router.required)
        var credential = Credential()
        credential.keyPEM = "hush"
        credential.certificatesPEM = "shown"
        try state.apply(update([.credential("kubernetes://web"): .credential(credential)]))
        let page = AdminPages.configuration(state).text()
        #expect(page.contains("shown") && !page.contains("hush"))
    }

    @Test func `refuses an update that cannot be used, and keeps what it had`() throws {
        let authority = try TestAuthority()
        let state = ProxyState(trustDomain: "cluster.local")
        try state.use(try authority.identity(uri: "spiffe://cluster.local/ns/foo/sa/sleep"), roots: authority.rootPEM)
        let credentials = state.credentials
        var policy = InboundPolicy()
        policy.cipherSuites = ["NO-SUCH-SUITE"]
        let update = try update([.inbound: .inbound(policy)])
        #expect(throws: MeshError.self) { try state.apply(update) }
        #expect(state.resources[.inbound] == nil)
        #expect(state.credentials === credentials)
    }

    @Test func `makes new credentials only when something of theirs changes`() throws {
        let authority = try TestAuthority()
        let state = ProxyState(trustDomain: "cluster.local")
        try state.use(try authority.identity(uri: "spiffe://cluster.local/ns/foo/sa/sleep"), roots: authority.rootPEM)
        let first = state.credentials
        try state.apply(update([.mesh: .mesh(MeshSettings())]))
        #expect(state.credentials === first)
        var policy = InboundPolicy()
        policy.minimumVersion = .tls13
        try state.apply(update([.inbound: .inbound(policy)]))
        #expect(state.credentials !== first)
    }
}

@Suite struct MetricsTests {
    @Test func `tells requests in Istio's words`() {
        var metrics = Metrics()
        let key = Metrics.Key(
            isInbound: true,
            isMutualTLS: true,
            sourcePrincipal: "spiffe://cluster.local/ns/bar/sa/sleep",
            cluster: "inbound|80||",
            host: "httpbin.foo.svc.cluster.local",
            status: 200,
            flag: .none,
            isHTTP: true
        )
        for milliseconds in [0, 7, 70_000_000] {
            if let index = metrics.index(of: key) {
                metrics.record(at: index, milliseconds: milliseconds, received: 1, sent: 2)
            }
        }
        let owner = MetricsText.Owner(
            workload: "httpbin",
            namespace: "foo",
            principal: "spiffe://x",
            cluster: "Kubernetes"
        )
        let text = MetricsText(owner: owner, metrics: metrics, connections: 1, certificateSeconds: 60).text
        let line = text.split(separator: "\n").first { $0.hasPrefix("istio_requests_total") } ?? ""
        for part in [
            "reporter=\"destination\"", "source_workload_namespace=\"bar\"", "destination_service_name=\"httpbin\"",
            "destination_service_namespace=\"foo\"", "connection_security_policy=\"mutual_tls\"",
            "response_code=\"200\"",
            "response_flags=\"-\"", "source_workload=\"unknown\"",
        ] { #expect(line.contains(part), "\(part)") }
        #expect(line.hasSuffix(" 3"))
        #expect(text.contains("le=\"10\"} 2\n") && text.contains("le=\"+Inf\"} 3\n"))
    }

    @Test func `a client cannot fill the memory with series`() {
        var metrics = Metrics()
        for number in 0..<Metrics.mostSeries + 10 {
            let key = Metrics.Key(
                isInbound: true,
                isMutualTLS: false,
                sourcePrincipal: "\(number)",
                cluster: "",
                host: "",
                status: 0,
                flag: .none,
                isHTTP: false
            )
            _ = metrics.index(of: key)
        }
        #expect(metrics.series.count == Metrics.mostSeries)
    }
}
