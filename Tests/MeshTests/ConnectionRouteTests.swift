import Mesh
import MeshAPI
import TestMesh
import Testing

/// `tls` and `tcp` routes, as a sidecar sees them.
@Suite struct ConnectionRouteTests {
    private static func object(_ hosts: String, _ routes: String, name: String = "v") -> String {
        """
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: \(name), namespace: foo}
        spec: {hosts: [\(hosts)], \(routes)}

        """
    }

    private static let entry = """
        ---
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: e, namespace: foo}
        spec:
          hosts: [www.example.com, api.example.com]
          ports: [{number: 8443, name: tls, protocol: TLS}]
          resolution: DNS

        """

    private static func decision(_ objects: String, port: Int, address: String = "10.96.1.3") throws -> AddressDecision
    {
        try SidecarRouteTests.mesh(objects)
            .route(for: Client(namespace: "bar", labels: ["app": "client"]), to: address, port: port)
    }

    private static func names(_ destinations: [SharedDestination]?) -> [String]? {
        destinations?.map { "\($0.name) \($0.weight)" }
    }

    private static let own = DestinationName(host: "two.foo.svc.cluster.local", port: 82)

    @Test func `tcp shares a port's bytes out`() throws {
        let routes =
            "tcp: [{route: [{destination: {host: two}, weight: 9}, {destination: {host: ratings, port: {number: 82}}, weight: 1}]}]"
        let decision = try Self.decision(Self.object("two", routes), port: 82)
        #expect(
            Self.names(decision.shared?.destinations) == [
                "outbound|82||two.foo.svc.cluster.local 9", "outbound|82||ratings.foo.svc.cluster.local 1",
            ]
        )
        #expect(decision.route == .bytes(.destination(Self.own)) && decision.serverNames.isEmpty)
        #expect(decision.shared?.origin.description == "VirtualService foo/v")
    }

    @Test(arguments: [
        ("", true), ("port: 82", true), ("port: 80", false), ("destinationSubnets: [10.96.1.3]", true),
        ("destinationSubnets: [10.97.0.0/16, 10.96.0.0/16]", true), ("destinationSubnets: [10.97.0.0/16]", false),
        ("destinationSubnets: ['fd00::/8']", false), ("destinationSubnets: [bogus]", false),
        ("sourceLabels: {app: client}", true), ("sourceLabels: {app: x}", false), ("sourceNamespace: bar", true),
        ("sourceNamespace: foo", false), ("gateways: [mesh]", true), ("gateways: [gw]", false),
    ])
    func `a tcp match looks at address, port and source`(match: String, holds: Bool) throws {
        let routes = "tcp: [{match: [{\(match)}], route: [{destination: {host: ratings}}]}]"
        #expect((try Self.decision(Self.object("two", routes), port: 82).shared != nil) == holds)
    }

    @Test func `the first tcp route that matches decides`() throws {
        let routes =
            "tcp: [{match: [{port: 1}], route: [{destination: {host: a}}]}, {route: [{destination: {host: b, port: {number: 1}}}]}, {route: [{destination: {host: c}}]}]"
        let decision = try Self.decision(Self.object("two", routes), port: 82)
        #expect(Self.names(decision.shared?.destinations) == ["outbound|1||b.foo.svc.cluster.local 1"])
    }

    @Test func `a port of an undeclared protocol has tcp and tls routes, an HTTP port neither`() throws {
        let routes =
            "tls: [{match: [{sniHosts: [two]}], route: [{destination: {host: a}}]}], tcp: [{route: [{destination: {host: b}}]}]"
        let auto = try Self.decision(Self.object("two", routes), port: 83)
        #expect(auto.shared != nil && auto.serverNames.map(\.serverNames) == [["two"]])
        let http = try Self.decision(Self.object("two", routes), port: 80)
        #expect(http.shared == nil && http.serverNames.isEmpty && http.route == .http(port: 80))
    }

    @Test func `a TLS port without tls routes goes to its service, whatever the server name`() throws {
        let decision = try Self.decision(Self.object("two", "tcp: [{route: [{destination: {host: b}}]}]"), port: 443)
        #expect(decision.route == .bytes(.destination(DestinationName(host: Self.own.host, port: 443))))
        #expect(decision.serverNames.isEmpty && decision.shared == nil)
    }

    @Test func `a TLS port with tls routes sends other server names where unknown addresses go`() throws {
        let routes = """
            tls: [{match: [{sniHosts: [A.two.foo, b.two.foo]}, {sniHosts: [c.two.foo], port: 1}], route: [{destination: {host: ratings}}]},
                  {match: [{sniHosts: ['*.two.foo']}], route: [{destination: {host: reviews}}]}]
            """
        let decision = try Self.decision(Self.object("two, '*.two.foo'", routes), port: 443)
        #expect(decision.serverNames.map(\.serverNames) == [["a.two.foo", "b.two.foo"], ["*.two.foo"]])
        #expect(decision.route == .bytes(.passthrough))
    }

    @Test func `hosts without an address are told apart by server name`() throws {
        let plain = try Self.decision(Self.entry, port: 8443, address: "192.0.2.1")
        #expect(plain.serverNames.map(\.serverNames) == [["api.example.com"], ["www.example.com"]])
        #expect(plain.route == .bytes(.passthrough))
        let routes =
            "tls: [{match: [{sniHosts: [www.example.com]}], route: [{destination: {host: two, port: {number: 443}}}]}]"
        let routed = try Self.decision(
            Self.entry + Self.object("www.example.com", routes),
            port: 8443,
            address: "192.0.2.1"
        )
        #expect(
            routed.serverNames.map { Self.names($0.destinations) } == [
                ["outbound|8443||api.example.com 1"], ["outbound|443||two.foo.svc.cluster.local 1"],
            ]
        )
        #expect(try Self.decision(Self.entry, port: 8444, address: "192.0.2.1").serverNames.isEmpty)
    }

    @Test func `at a gateway only port and gateway count`() throws {
        let routes = """
            gateways: [gw],
            tls: [{match: [{sniHosts: [two], sourceLabels: {a: b}, destinationSubnets: [1.2.3.4]}, {sniHosts: [x], port: 1},
                           {sniHosts: [w], gateways: [other]}], route: [{destination: {host: ratings}}]}],
            tcp: [{match: [{port: 1}], route: [{destination: {host: a}}]}, {match: [{sourceNamespace: x}], route: [{destination: {host: b}}]}]
            """
        let model = try SidecarRouteTests.mesh(Self.object("two, x, w", routes))
        let object = try #require(model.virtualServices(boundTo: "foo/gw", visibleIn: "istio-system").first)
        let client = Client(namespace: "istio-system")
        let names = model.tlsRoutes(of: object, for: client, at: "foo/gw", port: 443)
        #expect(names.map(\.serverNames) == [["two"]])
        let bytes = model.tcpRoutes(of: object, for: client, at: "foo/gw", port: 443)
        #expect(bytes.map { Self.names($0.destinations) } == [["outbound|443||b.foo.svc.cluster.local 1"]])
    }
}
