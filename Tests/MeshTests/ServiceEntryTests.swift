import Mesh
import MeshAPI
import TestMesh
import Testing

@Suite struct ServiceEntryTests {
    private static let client = Client(namespace: "foo")

    private static func entry(_ name: String, _ spec: String, created: String = "2024-01-01T00:00:00Z") -> String {
        """
        ---
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {namespace: bar, name: \(name), creationTimestamp: "\(created)"}
        spec: \(spec)

        """
    }

    private static func workloadEntry(_ name: String, _ spec: String) -> String {
        """
        ---
        apiVersion: networking.istio.io/v1
        kind: WorkloadEntry
        metadata: {namespace: bar, name: \(name)}
        spec: \(spec)

        """
    }

    private static func endpoints(_ model: MeshModel, _ host: String, _ port: Int) -> [String] {
        let decision = model.destination(DestinationName(host: host, port: port), for: client)
        if decision?.usesOriginalDestination == true { return ["original destination"] }
        return decision?.endpoints.map { "\($0.address):\($0.port)" }.sorted() ?? ["unknown"]
    }

    static let resolutions: [(rule: String, spec: String, expected: [String])] = [
        (
            "NONE leads where the client was going", "ports: [{number: 80, name: http, protocol: HTTP}]",
            ["original destination"]
        ),
        (
            "DNS without endpoints resolves the host",
            "resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 443}]", ["example.com:443"]
        ),
        (
            "DNS with endpoints resolves these",
            """
            resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}],
            endpoints: [{address: one.example.com}, {address: two.example.com, ports: {http: 8080}}]
            """, ["one.example.com:80", "two.example.com:8080"]
        ),
        (
            "DNS_ROUND_ROBIN resolves the host",
            "resolution: DNS_ROUND_ROBIN, ports: [{number: 443, name: tls, protocol: TLS}]", ["example.com:443"]
        ),
        (
            "STATIC has the endpoints that it lists",
            """
            resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP}], endpoints: [{address: 192.0.2.1}]
            """, ["192.0.2.1:80"]
        ),
    ]

    @Test(arguments: resolutions)
    func `the resolution decides where connections go`(_ row: (rule: String, spec: String, expected: [String])) throws {
        var mesh = MeshFixture()
        try mesh.add(Self.entry("e", "{hosts: [example.com], \(row.spec)}"))
        let port = row.spec.contains("443, name: tls") ? 443 : 80
        #expect(Self.endpoints(mesh.model, "example.com", port) == row.expected, "\(row.rule)")
    }

    static let wildcards: [(resolution: String, port: String, isResolved: Bool)] = [
        ("DYNAMIC_DNS", "{number: 80, name: p, protocol: HTTP, targetPort: 8080}", true),
        ("DYNAMIC_DNS", "{number: 80, name: p, protocol: TLS, targetPort: 8080}", true),
        ("DNS", "{number: 80, name: p, protocol: GRPC, targetPort: 8080}", true),
        ("DNS", "{number: 80, name: p, protocol: TCP}", false), ("DNS", "{number: 80, name: p}", false),
        ("NONE", "{number: 80, name: p, protocol: HTTP}", false),
    ]

    @Test(arguments: wildcards)
    func `a wildcard leads where the name leads that is asked for, if any can be`(
        _ row: (resolution: String, port: String, isResolved: Bool)
    ) throws {
        var mesh = MeshFixture()
        let spec = "{hosts: ['*.example.com'], resolution: \(row.resolution), ports: [\(row.port)]}"
        try mesh.add(Self.entry("e", spec))
        let name = DestinationName(host: "*.example.com", port: 80)
        let decision = try #require(mesh.model.destination(name, for: Self.client))
        #expect(decision.resolvesRequestedHost == row.isResolved)
        #expect(decision.usesOriginalDestination == !row.isResolved)
        #expect(decision.endpoints.map(\.address) == (row.isResolved ? ["*.example.com"] : []))
        #expect(decision.endpoints.map(\.port) == (row.isResolved ? [8080] : []))
    }

    @Test func `a rule for a wildcard verifies the name that is asked for`() throws {
        var mesh = MeshFixture()
        let ports = "ports: [{number: 80, name: p, protocol: HTTP, targetPort: 443}]"
        try mesh.add(Self.entry("e", "{hosts: ['*.example.com'], resolution: DYNAMIC_DNS, \(ports)}"))
        try mesh.add(
            """
            ---
            apiVersion: networking.istio.io/v1
            kind: DestinationRule
            metadata: {namespace: bar, name: rule}
            spec: {host: '*.example.com', trafficPolicy: {tls: {mode: SIMPLE}}}
            """
        )
        let name = DestinationName(host: "*.example.com", port: 80)
        let decision = try #require(mesh.model.destination(name, for: Self.client))
        #expect(decision.endpoints.map(\.isEncrypted) == [true])
        #expect(decision.tls?.verifiesHost == true && decision.tls?.serverName == "")
    }

    @Test func `a selector takes in workload entries and pods of the namespace`() throws {
        var mesh = MeshFixture()
        mesh.pod("bar", "web-1", app: "web")
        mesh.pod("foo", "web-2", app: "web")
        try mesh.add(
            Self.entry(
                "e",
                """
                {hosts: [web.example.com], resolution: STATIC, location: MESH_INTERNAL,
                 ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], workloadSelector: {labels: {app: web}}}
                """
            )
        )
        try mesh.add(
            Self.workloadEntry(
                "vm",
                "{address: 192.0.2.7, labels: {app: web}, ports: {http: 9090}, serviceAccount: vm}"
            )
        )
        try mesh.add(Self.workloadEntry("other", "{address: 192.0.2.8, labels: {app: other}}"))
        let pod = try #require(mesh.model.workloads.values.first { $0.metadata.name == "web-1" }?.addresses.first)
        #expect(Self.endpoints(mesh.model, "web.example.com", 80) == ["\(pod):8080", "192.0.2.7:9090"].sorted())
        let decision = try #require(
            mesh.model.destination(DestinationName(host: "web.example.com", port: 80), for: Self.client)
        )
        #expect(decision.tls?.subjectAltNames.contains("spiffe://cluster.local/ns/bar/sa/vm") == true)
    }

    @Test func `a Service of Kubernetes takes in workload entries beside its pods`() throws {
        var mesh = MeshFixture()
        mesh.pod("bar", "httpbin-1", app: "httpbin")
        try mesh.service("bar", "httpbin")
        let before = Self.endpoints(mesh.model, "httpbin.bar.svc.cluster.local", 8000).count
        try mesh.add(Self.workloadEntry("vm", "{address: vm.example.com, labels: {app: httpbin}}"))
        let after = Self.endpoints(mesh.model, "httpbin.bar.svc.cluster.local", 8000)
        #expect(after.count == before + 1)
        #expect(after.contains { $0.hasPrefix("vm.example.com:") })
    }

    @Test func `what is selected comes and goes with the objects, in any order`() throws {
        var mesh = MeshFixture()
        let ports = "ports: [{number: 80, name: http, protocol: HTTP}]"
        try mesh.add(Self.workloadEntry("vm", "{address: 192.0.2.7, labels: {app: web}}"))
        try mesh.add(
            Self.entry(
                "e",
                "{hosts: [web.example.com], resolution: STATIC, \(ports), workloadSelector: {labels: {app: web}}}"
            )
        )
        mesh.pod("bar", "web-1", app: "web")
        var model = mesh.model(inOrder: mesh.objects.reversed())
        #expect(Self.endpoints(model, "web.example.com", 80).count == 2)
        for object in mesh.objects {
            #expect(!model.remove(object).isEmpty)
        }
        #expect(Self.endpoints(model, "web.example.com", 80) == ["unknown"])
        #expect(model.isEmpty)
    }

    @Test func `an entry for TCP without addresses has all of its port, the oldest first`() throws {
        var mesh = MeshFixture()
        let ports = "ports: [{number: 9000, name: tcp, protocol: TCP}], resolution: NONE"
        try mesh.add(Self.entry("a", "{hosts: [new.example.com], \(ports)}", created: "2025-01-01T00:00:00Z"))
        try mesh.add(Self.entry("b", "{hosts: [old.example.com], \(ports)}"))
        let name = DestinationName(host: "old.example.com", port: 9000)
        #expect(mesh.model.route(for: Self.client, to: "198.51.100.1", port: 9000).route == .bytes(.destination(name)))
        #expect(mesh.model.route(for: Self.client, to: "198.51.100.1", port: 9001).route == .bytes(.passthrough))
    }
}
