import Kubernetes
import Mesh
import MeshAPI
import TestMesh
import Testing

/// VirtualServices that are bound to `mesh`, as a sidecar sees them.
@Suite struct SidecarRouteTests {
    /// Services reviews and ratings of namespace foo with port 9080, and a client in namespace bar.
    static func mesh(_ objects: String, config: String = "{}") throws -> MeshModel {
        var mesh = MeshFixture()
        for name in ["reviews", "ratings"] {
            mesh.pod("foo", name, port: 9080)
            try mesh.service(
                "foo",
                name,
                ports: "[{name: http, port: 9080}]",
                address: name == "reviews" ? "10.96.1.1" : "10.96.1.2"
            )
        }
        try mesh.service(
            "foo",
            "two",
            ports:
                "[{name: http, port: 80}, {name: http-b, port: 81}, {name: tcp, port: 82}, {name: tls, port: 443}, {name: web, port: 83}]",
            address: "10.96.1.3"
        )
        try mesh.add(objects)
        try mesh.configure(config)
        return mesh.model
    }

    /// A VirtualService of namespace foo whose one route leads to `to`.
    static func rule(
        _ name: String,
        hosts: String,
        to: String = "reviews",
        more: String = "",
        match: String = "",
        namespace: String = "foo",
        created: Int = 1
    ) -> String {
        """
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: \(name), namespace: \(namespace), creationTimestamp: "2026-01-0\(created)T00:00:00Z"}
        spec:
          hosts: [\(hosts)]
          \(more)
          http: [{\(match) route: [{destination: {host: \(to)}}]}]

        """
    }

    static func decision(
        _ model: MeshModel,
        _ host: String = "reviews.foo",
        port: Int = 9080,
        from namespace: String = "bar",
        labels: [String: String] = [:]
    ) -> HostDecision {
        model.route(for: Client(namespace: namespace, labels: labels), toHost: host, port: port)
    }

    static func destinations(_ route: HTTPRouteDecision) -> [String] {
        guard case .forward(let forwarding) = route.action else { return [] }
        return forwarding.destinations.map(\.name.description)
    }

    /// Where the first route leads, such as `ratings.foo:9080`; nil without a VirtualService.
    static func target(_ decision: HostDecision) -> String? {
        guard case .forward(let forwarding)? = decision.routes?.first?.action else { return nil }
        let name = forwarding.destinations[0].name
        let suffix = ".svc.cluster.local"
        return (name.host.hasSuffix(suffix) ? String(name.host.dropLast(suffix.count)) : name.host) + ":\(name.port)"
            + (name.subset.isEmpty ? "" : "/\(name.subset)")
    }

    @Test(arguments: ["reviews.foo", "reviews.foo.svc", "reviews.foo.svc.cluster.local", "10.96.1.1", "REVIEWS.foo."])
    func `routes hold under every name of the service`(host: String) throws {
        let model = try Self.mesh(Self.rule("v", hosts: "reviews", to: "ratings"))
        let decision = Self.decision(model, host)
        #expect(Self.target(decision) == "ratings.foo:9080")
        #expect(decision.virtualService?.description == "VirtualService foo/v")
        #expect(decision.destination?.host == "reviews.foo.svc.cluster.local")
    }

    @Test func `a service without a VirtualService keeps its destination`() throws {
        let decision = Self.decision(try Self.mesh(Self.rule("v", hosts: "reviews")), "ratings.foo")
        #expect(decision.routes == nil && decision.destination?.host == "ratings.foo.svc.cluster.local")
        #expect(decision.retries.attempts == 2)
    }

    @Test(arguments: [
        ("", true), ("gateways: [mesh]", true), ("gateways: [gw, mesh]", true), ("gateways: [gw]", false),
        ("gateways: [foo/mesh]", false),
    ])
    func `gateways say whether sidecars are meant, who are when there are none`(gateways: String, isMesh: Bool) throws {
        let model = try Self.mesh(Self.rule("v", hosts: "reviews", to: "ratings", more: gateways))
        #expect((Self.decision(model).routes != nil) == isMesh)
    }

    @Test(arguments: [
        ("", "{}", true), ("exportTo: ['*']", "{}", true), ("exportTo: ['.']", "{}", false),
        ("exportTo: [bar]", "{}", true), ("exportTo: [baz]", "{}", false),
        ("", "defaultVirtualServiceExportTo: ['.']", false),
        ("exportTo: [bar]", "defaultVirtualServiceExportTo: ['.']", true),
    ])
    func `exportTo says who sees it`(exportTo: String, config: String, isSeen: Bool) throws {
        let model = try Self.mesh(Self.rule("v", hosts: "reviews", to: "ratings", more: exportTo), config: config)
        #expect((Self.decision(model).routes != nil) == isSeen)
        #expect(
            Self.decision(model, from: "foo").routes != nil || exportTo == "exportTo: [bar]"
                || exportTo == "exportTo: [baz]"
        )
    }

    @Test func `of several for one host the oldest counts alone`() throws {
        let objects =
            Self.rule("b", hosts: "reviews", to: "two", created: 2)
            + Self.rule("a", hosts: "reviews.foo.svc.cluster.local", to: "ratings", created: 1)
        for text in [objects, objects.split(separator: "---").reversed().joined(separator: "---")] {
            let decision = Self.decision(try Self.mesh(text))
            #expect(Self.target(decision) == "ratings.foo:9080" && decision.routes?.count == 1)
        }
    }

    @Test func `private comes before exported by name, before public, be they older or not`() throws {
        let objects =
            Self.rule("public", hosts: "reviews.foo.svc.cluster.local", to: "p.x", created: 1)
            + Self.rule("named", hosts: "reviews.foo.svc.cluster.local", to: "n.x", more: "exportTo: [bar]", created: 2)
        #expect(Self.target(Self.decision(try Self.mesh(objects))) == "n.x:9080")
        let own = Self.rule(
            "own",
            hosts: "reviews.foo.svc.cluster.local",
            to: "o.x",
            more: "exportTo: ['.']",
            namespace: "bar",
            created: 3
        )
        #expect(Self.target(Self.decision(try Self.mesh(objects + own))) == "o.x:9080")
    }

    @Test func `one whose routes are all for others leaves the host to the next`() throws {
        let objects =
            Self.rule("a", hosts: "reviews", to: "two", match: "match: [{sourceNamespace: baz}],", created: 1)
            + Self.rule("b", hosts: "reviews", to: "ratings", created: 2)
        #expect(Self.target(Self.decision(try Self.mesh(objects))) == "ratings.foo:9080")
    }

    @Test func `the exact host comes before wildcards, the longer wildcard before the shorter`() throws {
        let wide = Self.rule("wide", hosts: "'*.local'", to: "w.x", created: 1)
        let narrow = Self.rule("narrow", hosts: "'*.foo.svc.cluster.local'", to: "n.x", created: 2)
        let exact = Self.rule("exact", hosts: "reviews", to: "e.x", created: 3)
        #expect(Self.target(Self.decision(try Self.mesh(wide))) == "w.x:9080")
        #expect(Self.target(Self.decision(try Self.mesh(wide + narrow))) == "n.x:9080")
        #expect(Self.target(Self.decision(try Self.mesh(wide + narrow + exact))) == "e.x:9080")
        #expect(Self.target(Self.decision(try Self.mesh(wide + narrow + exact), "ratings.foo")) == "n.x:9080")
    }

    @Test func `a host that no service has counts on every HTTP port, under its full name only`() throws {
        let model = try Self.mesh(Self.rule("v", hosts: "nowhere, www.example.com", to: "reviews"))
        #expect(Self.target(Self.decision(model, "www.example.com")) == "reviews.foo:9080")
        #expect(Self.target(Self.decision(model, "nowhere.foo.svc.cluster.local")) == "reviews.foo:9080")
        #expect(Self.decision(model, "nowhere.foo").routes == nil)
        #expect(Self.decision(model, "example.com").routes == nil)
    }

    @Test func `a wildcard that no service has matches names, and one that services have only these`() throws {
        let rule = Self.rule("v", hosts: "'*.example.com'")
        #expect(Self.decision(try Self.mesh(rule), "a.b.example.com").routes != nil)
        #expect(Self.decision(try Self.mesh(rule), "example.com").routes == nil)
        let entry = """
            ---
            apiVersion: networking.istio.io/v1
            kind: ServiceEntry
            metadata: {name: e, namespace: foo}
            spec: {hosts: [www.example.com], ports: [{number: 9080, name: http, protocol: HTTP}], resolution: DNS}

            """
        let model = try Self.mesh(rule + entry)
        #expect(Self.decision(model, "www.example.com").routes != nil)
        #expect(Self.decision(model, "other.example.com").routes == nil)
    }

    @Test func `an address is a host`() throws {
        let model = try Self.mesh(Self.rule("v", hosts: "10.96.1.1, 192.0.2.7", to: "ratings"))
        #expect(Self.target(Self.decision(model, "10.96.1.1")) == "ratings.foo:9080")
        #expect(Self.target(Self.decision(model, "192.0.2.7")) == "ratings.foo:9080")
        #expect(Self.decision(model).routes == nil)
    }

    @Test func `a Sidecar that does not ask for it hides it`() throws {
        let sidecar = """
            ---
            apiVersion: networking.istio.io/v1
            kind: Sidecar
            metadata: {name: default, namespace: bar}
            spec: {egress: [{hosts: [foo/reviews.foo.svc.cluster.local]}]}

            """
        let own = Self.rule("v", hosts: "reviews", to: "ratings")
        #expect(Self.decision(try Self.mesh(own + sidecar)).routes != nil)
        let foreign = Self.rule("v", hosts: "reviews.foo.svc.cluster.local", to: "ratings", namespace: "baz")
        #expect(Self.decision(try Self.mesh(foreign)).routes != nil)
        #expect(Self.decision(try Self.mesh(foreign + sidecar)).routes == nil)
    }

    @Test(arguments: [
        ("{host: ratings}", "outbound|9080||ratings.foo.svc.cluster.local"),
        ("{host: Ratings}", "outbound|9080||ratings.foo.svc.cluster.local"),
        ("{host: ratings.foo}", "outbound|80||ratings.foo"),
        ("{host: ratings, port: {number: 81}}", "outbound|81||ratings.foo.svc.cluster.local"),
        ("{host: two}", "outbound|80||two.foo.svc.cluster.local"),
        ("{host: two, port: {number: 81}}", "outbound|81||two.foo.svc.cluster.local"),
        ("{host: ratings, subset: v1}", "outbound|9080|v1|ratings.foo.svc.cluster.local"),
        ("{host: www.example.com}", "outbound|80||www.example.com"),
    ])
    func `a destination without a port means the service's only one, else the listener's`(
        destination: String,
        name: String
    ) throws {
        let rule = Self.rule("v", hosts: "two", to: "ratings").replacing("{host: ratings}", with: destination)
        let decision = Self.decision(try Self.mesh(rule), "two.foo", port: 80)
        let route = try #require(decision.routes?.first)
        #expect(Self.destinations(route) == [name])
    }
}
