import Kubernetes
import Mesh
import MeshAPI
import TestMesh
import Testing

@Suite struct RuleLookupTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let rule: String
        let rules: String
        var client = "foo"
        var labels: [String: String] = [:]
        var config = ""
        /// The rule that decides, `namespace/name`; nil for none.
        let found: String?
        var testDescription: String { rule }
    }

    private static let host = "host: httpbin.bar.svc.cluster.local"

    static let cases = [
        Case(rule: "no rule", rules: "", found: nil),
        Case(rule: "the service's namespace", rules: destinationRule("bar", "r", host), found: "bar/r"),
        Case(
            rule: "a short name is of the rule's namespace",
            rules: destinationRule("bar", "r", "host: httpbin"),
            found: "bar/r"
        ),
        Case(
            rule: "a short name elsewhere is another service",
            rules: destinationRule("foo", "r", "host: httpbin"),
            found: nil
        ),
        Case(
            rule: "a name is compared without regard to case",
            rules: destinationRule("bar", "r", "host: HTTPBIN"),
            found: "bar/r"
        ),
        Case(
            rule: "the client's namespace comes first",
            rules: destinationRule("bar", "r", host) + destinationRule("foo", "own", "host: '*.cluster.local'"),
            found: "foo/own"
        ),
        Case(rule: "a third namespace's rule says nothing", rules: destinationRule("baz", "r", host), found: nil),
        Case(
            rule: "the root namespace comes last",
            rules: destinationRule("istio-system", "root", host) + destinationRule("bar", "r", host),
            found: "bar/r"
        ),
        Case(
            rule: "the root namespace's rule is for all",
            rules: destinationRule("istio-system", "root", "host: '*.local'"),
            found: "istio-system/root"
        ),
        Case(
            rule: "a private rule of the root namespace is not",
            rules: destinationRule("istio-system", "root", "host: '*.local', exportTo: ['.']"),
            found: nil
        ),
        Case(
            rule: "a client in the root namespace has its private rule first",
            rules: destinationRule("istio-system", "root", "\(host), exportTo: ['.']")
                + destinationRule("bar", "r", host),
            client: "istio-system",
            found: "istio-system/root"
        ),
        Case(
            rule: "a public rule of the root namespace comes last for its own clients too",
            rules: destinationRule("istio-system", "root", host) + destinationRule("bar", "r", host),
            client: "istio-system",
            found: "bar/r"
        ),
        Case(
            rule: "the exact host before a wildcard",
            rules: destinationRule("bar", "w", "host: '*.bar.svc.cluster.local'") + destinationRule("bar", "r", host),
            found: "bar/r"
        ),
        Case(
            rule: "the longest wildcard first",
            rules: destinationRule("bar", "all", "host: '*'") + destinationRule("bar", "local", "host: '*.local'")
                + destinationRule("bar", "ns", "host: '*.bar.svc.cluster.local'"),
            found: "bar/ns"
        ),
        Case(rule: "the wildcard for everything", rules: destinationRule("bar", "all", "host: '*'"), found: "bar/all"),
        Case(
            rule: "an invisible rule for the exact host hides a visible wildcard of its namespace",
            rules: destinationRule("bar", "w", "host: '*.local'")
                + destinationRule("bar", "r", "\(host), exportTo: ['.']"),
            found: nil
        ),
        Case(
            rule: "and leaves it to the root namespace",
            rules: destinationRule("bar", "r", "\(host), exportTo: ['.']")
                + destinationRule("istio-system", "root", host),
            found: "istio-system/root"
        ),
        Case(
            rule: "exported to the client's namespace",
            rules: destinationRule("bar", "r", "\(host), exportTo: [foo]"),
            found: "bar/r"
        ),
        Case(rule: "exported to another", rules: destinationRule("bar", "r", "\(host), exportTo: [baz]"), found: nil),
        Case(
            rule: "the client's own private rule",
            rules: destinationRule("foo", "r", "\(host), exportTo: ['.']"),
            found: "foo/r"
        ),
        Case(
            rule: "exported nowhere by default",
            rules: destinationRule("bar", "r", host),
            config: "defaultDestinationRuleExportTo: ['.']",
            found: nil
        ),
        Case(
            rule: "a selector for the client's labels",
            rules: destinationRule("foo", "all", host)
                + destinationRule("foo", "some", "\(host), workloadSelector: {matchLabels: {app: sleep}}"),
            labels: ["app": "sleep"],
            found: "foo/some"
        ),
        Case(
            rule: "a selector for other labels",
            rules: destinationRule("foo", "all", host)
                + destinationRule("foo", "some", "\(host), workloadSelector: {matchLabels: {app: other}}"),
            labels: ["app": "sleep"],
            found: "foo/all"
        ),
        Case(
            rule: "a selector in the service's namespace is not for clients elsewhere",
            rules: destinationRule("bar", "some", "\(host), workloadSelector: {matchLabels: {app: sleep}}"),
            labels: ["app": "sleep"],
            found: nil
        ),
        Case(
            rule: "the oldest decides",
            rules: destinationRule("bar", "a", host, created: "2024-01-02T00:00:00Z")
                + destinationRule("bar", "b", host),
            found: "bar/b"
        ),
        Case(
            rule: "of two equally old the first by name",
            rules: destinationRule("bar", "b", host) + destinationRule("bar", "a", host),
            found: "bar/a"
        ),
    ]

    @Test(arguments: cases) func `client's, service's, root namespace, and the most specific host in each`(rule: Case)
        throws
    {
        var mesh = MeshFixture()
        try mesh.service("bar", "httpbin")
        try mesh.add(rule.rules)
        if !rule.config.isEmpty { try mesh.configure(rule.config) }
        for objects in [mesh.allObjects, mesh.allObjects.reversed()] {
            let model = mesh.model(inOrder: objects)
            let decision = try #require(model.destination(from: rule.client, labels: rule.labels, "httpbin.bar"))
            #expect(decision.rule?.key.description == rule.found)
        }
    }

    @Test func `a changed default of exportTo counts for rules that are there`() throws {
        var mesh = MeshFixture()
        try mesh.service("bar", "httpbin")
        try mesh.add(destinationRule("bar", "r", "host: httpbin"))
        var model = mesh.model
        try mesh.configure("defaultDestinationRuleExportTo: ['.']")
        #expect(model.set(mesh.config).everything)
        #expect(model.destination(from: "foo", "httpbin.bar")?.rule == nil)
        #expect(model.destination(from: "bar", "httpbin.bar")?.rule != nil)
    }

    private func merged(_ rules: String, from client: String = "foo", labels: [String: String] = [:]) throws
        -> MergedRule?
    {
        var mesh = MeshFixture()
        try mesh.service("bar", "httpbin")
        try mesh.add(rules)
        let model = mesh.model
        let service = try #require(model.services["httpbin.bar.svc.cluster.local"])
        return model.rule(for: Client(namespace: client, labels: labels), to: service)
    }

    @Test func `rules for one audience are merged: subsets by name, the first traffic policy`() throws {
        let rule = try #require(
            try merged(
                destinationRule("bar", "a", "host: httpbin, subsets: [{name: v1, labels: {v: a}}]")
                    + destinationRule(
                        "bar",
                        "b",
                        "host: httpbin, trafficPolicy: {tls: {mode: SIMPLE}}, subsets: [{name: v1, labels: {v: b}}, {name: v2}]"
                    )
                    + destinationRule("bar", "c", "host: httpbin, trafficPolicy: {tls: {mode: DISABLE}}")
            )
        )
        #expect(rule.sources.map(\.name) == ["a", "b", "c"])
        #expect(rule.subsets.map(\.name) == ["v1", "v2"] && rule.subset("v1")?.labels == ["v": "a"])
        #expect(rule.trafficPolicy?.settings.tls?.mode == .simple)
    }

    @Test func `a wider audience's rule joins the narrower one and stands alone`() throws {
        let rules =
            destinationRule("bar", "a", "host: httpbin, exportTo: [foo], subsets: [{name: v1}]")
            + destinationRule("bar", "b", "host: httpbin, exportTo: [foo, baz], subsets: [{name: v2}]")
        #expect(try merged(rules)?.subsets.map(\.name) == ["v1", "v2"])
        #expect(try merged(rules, from: "baz")?.subsets.map(\.name) == ["v2"])
    }

    @Test func `another audience's rule stands alone`() throws {
        let rules =
            destinationRule("bar", "a", "host: httpbin, exportTo: [foo], subsets: [{name: v1}]")
            + destinationRule("bar", "b", "host: httpbin, exportTo: [baz], subsets: [{name: v2}]")
        #expect(try merged(rules)?.subsets.map(\.name) == ["v1"])
        #expect(try merged(rules, from: "baz")?.subsets.map(\.name) == ["v2"])
    }

    @Test func `a general rule joins one with a selector, and two selectors never merge`() throws {
        let rules =
            destinationRule(
                "bar",
                "s",
                "host: httpbin, workloadSelector: {matchLabels: {app: x}}, subsets: [{name: v1}]"
            )
            + destinationRule(
                "bar",
                "t",
                "host: httpbin, workloadSelector: {matchLabels: {app: z}}, subsets: [{name: v2}]"
            )
            + destinationRule("bar", "general", "host: httpbin, subsets: [{name: v3}]")
        #expect(try merged(rules, from: "bar", labels: ["app": "x"])?.subsets.map(\.name) == ["v1", "v3"])
        #expect(try merged(rules, from: "bar", labels: ["app": "z"])?.subsets.map(\.name) == ["v2", "v3"])
        #expect(try merged(rules, from: "bar")?.subsets.map(\.name) == ["v3"])
    }
}

@Suite struct EffectivePolicyTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let rule: String
        let policy: String
        var port = 8000
        var subset = ""
        /// Encrypted?, load balancing, connections at most.
        let isEncrypted: Bool
        var loadBalancing = DestinationDecision.LoadBalancing.leastRequest
        var maxConnections = 0
        var testDescription: String { rule }
    }

    private static let top =
        "trafficPolicy: {tls: {mode: DISABLE}, loadBalancer: {simple: RANDOM}, connectionPool: {tcp: {maxConnections: 7}}"

    static let cases = [
        Case(rule: "the top level", policy: "\(top)}", isEncrypted: false, loadBalancing: .random, maxConnections: 7),
        Case(
            rule: "a port level replaces all four settings at once",
            policy: "\(top), portLevelSettings: [{port: {number: 8000}, tls: {mode: ISTIO_MUTUAL}}]}",
            isEncrypted: true
        ),
        Case(
            rule: "other ports keep the top level",
            policy: "\(top), portLevelSettings: [{port: {number: 8000}, tls: {mode: ISTIO_MUTUAL}}]}",
            port: 9000,
            isEncrypted: false,
            loadBalancing: .random,
            maxConnections: 7
        ),
        Case(
            rule: "a port level counts by the Service's port",
            policy: "\(top), portLevelSettings: [{port: {number: 80}, tls: {mode: ISTIO_MUTUAL}}]}",
            isEncrypted: false,
            loadBalancing: .random,
            maxConnections: 7
        ),
        Case(
            rule: "a port level without tls is automatic, but endpoints are still held against the top level",
            policy: "\(top), portLevelSettings: [{port: {number: 8000}, loadBalancer: {simple: ROUND_ROBIN}}]}",
            isEncrypted: false,
            loadBalancing: .roundRobin
        ),
        Case(
            rule: "the same with a top level of ISTIO_MUTUAL",
            policy:
                "trafficPolicy: {tls: {mode: ISTIO_MUTUAL}, portLevelSettings: [{port: {number: 8000}, loadBalancer: {simple: RANDOM}}]}",
            isEncrypted: true,
            loadBalancing: .random
        ),
        Case(
            rule: "a subset without policy inherits",
            policy: "\(top)}, subsets: [{name: v1}]",
            subset: "v1",
            isEncrypted: false,
            loadBalancing: .random,
            maxConnections: 7
        ),
        Case(
            rule: "a subset overrides what it sets",
            policy: "\(top)}, subsets: [{name: v1, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}]",
            subset: "v1",
            isEncrypted: true,
            loadBalancing: .random,
            maxConnections: 7
        ),
        Case(
            rule: "a subset's port level replaces all four",
            policy:
                "\(top)}, subsets: [{name: v1, trafficPolicy: {portLevelSettings: [{port: {number: 8000}, tls: {mode: ISTIO_MUTUAL}}]}}]",
            subset: "v1",
            isEncrypted: true
        ),
        Case(
            rule: "a subset's policy is not for the whole host",
            policy: "\(top)}, subsets: [{name: v1, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}]",
            isEncrypted: false,
            loadBalancing: .random,
            maxConnections: 7
        ),
    ]

    @Test(arguments: cases) func `port levels and subsets override in Istio's order`(rule: Case) throws {
        var mesh = MeshFixture()
        mesh.pod("bar", "httpbin")
        try mesh.service(
            "bar",
            "httpbin",
            ports: "[{name: http, port: 8000, targetPort: 80}, {name: tcp, port: 9000, targetPort: 80}]"
        )
        try mesh.add(destinationRule("bar", "r", "host: httpbin, \(rule.policy)"))
        let decision = try #require(
            mesh.model.destination(from: "foo", "httpbin.bar", port: rule.port, subset: rule.subset)
        )
        #expect(decision.endpoints.map(\.isEncrypted) == [rule.isEncrypted])
        #expect(decision.loadBalancing == rule.loadBalancing && decision.maxConnections == rule.maxConnections)
    }

    @Test func `a subset has the endpoints with its labels, and its own server name`() throws {
        var mesh = MeshFixture()
        mesh.pod("bar", "v1", app: "httpbin", labels: ["version": "v1"])
        mesh.pod("bar", "v2", app: "httpbin", labels: ["version": "v2"])
        try mesh.service("bar", "httpbin")
        try mesh.add(destinationRule("bar", "r", "host: httpbin, subsets: [{name: v2, labels: {version: v2}}]"))
        let decision = try #require(mesh.model.destination(from: "foo", "httpbin.bar", subset: "v2"))
        #expect(decision.endpoints.map(\.workload?.metadata.name) == ["v2"])
        #expect(decision.tls?.serverName == "outbound_.8000_.v2_.httpbin.bar.svc.cluster.local")
        #expect(mesh.model.destination(from: "foo", "httpbin.bar", subset: "v3") == nil)
    }

    @Test func `connection settings come from the rule, and the timeout from the mesh`() throws {
        var mesh = MeshFixture()
        try mesh.service("bar", "httpbin")
        try mesh.configure("connectTimeout: 3s")
        #expect(mesh.model.destination(from: "foo", "httpbin.bar")?.connectTimeout == .seconds(3))
        try mesh.add(
            destinationRule(
                "bar",
                "r",
                "host: httpbin, trafficPolicy: {connectionPool: {tcp: {connectTimeout: 30ms}, http: {http1MaxPendingRequests: 2, maxRequestsPerConnection: 1}}}"
            )
        )
        let decision = try #require(mesh.model.destination(from: "foo", "httpbin.bar"))
        #expect(decision.connectTimeout == .milliseconds(30) && decision.maxPendingRequests == 2)
        #expect(decision.maxRequestsPerConnection == 1)
    }

    @Test func `limits and consistent hashing are as the rule says`() throws {
        var mesh = MeshFixture()
        try mesh.service("bar", "httpbin")
        #expect(mesh.model.destination(from: "foo", "httpbin.bar")?.consistentHash == nil)
        try mesh.add(
            destinationRule(
                "bar",
                "r",
                "host: httpbin, trafficPolicy: {loadBalancer: {consistentHash: {httpCookie: {name: c, path: /p, ttl: 3s}}}, "
                    + "connectionPool: {tcp: {maxConnectionDuration: 1m, tcpKeepalive: {time: 7s, probes: 2}}, "
                    + "http: {maxConcurrentStreams: 5, http2MaxRequests: 6, maxRetries: 7, idleTimeout: 8s}}}"
            )
        )
        let decision = try #require(mesh.model.destination(from: "foo", "httpbin.bar"))
        guard case .cookie(let cookie)? = decision.consistentHash?.key else {
            Issue.record("no cookie")
            return
        }
        #expect(cookie.name == "c" && cookie.path == "/p" && cookie.lifetime == .seconds(3))
        #expect(decision.consistentHash?.minimumRingSize == 1024 && decision.consistentHash?.tableSize == nil)
        let pool = try #require(decision.connectionPool)
        #expect(pool.maxConcurrentStreams == 5 && pool.maxRequests == 6 && pool.maxRetries == 7)
        #expect(pool.maxConnectionDuration == .seconds(60) && pool.httpIdleTimeout == .seconds(8))
        #expect(pool.tcpKeepalive?.time == .seconds(7) && pool.tcpKeepalive?.probes == 2)
    }
}
