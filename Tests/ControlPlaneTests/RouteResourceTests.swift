import Base
import Discovery
import JSON
import Kubernetes
import Mesh
import Testing

@testable import ControlPlane

/// VirtualServices as proxies get them.
@Suite struct RouteResourceTests {
    private let host = ResourceName.host("httpbin.full", port: 8000)
    private let other = ResourceName.host("other.full", port: 8000)

    private static func virtualService(_ spec: String, name: String = "v") throws -> JSON {
        [
            "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": ["namespace": "full", "name": .string(name)], "spec": try JSON(parsing: Array(spec.utf8)),
        ]
    }

    private func state() -> MeshState {
        let state = MeshState(clusterDomain: "cluster.local")
        _ = state.apply(World.objects.map(World.change))
        return state
    }

    /// The one route that `fields`, members of a JSON object, make for a sidecar.
    private func route(_ fields: String) throws -> HTTPRoute {
        let state = state()
        let spec = #"{"hosts": ["httpbin"], "http": [{\#(fields)}]}"#
        _ = state.apply([World.change(try Self.virtualService(spec))])
        var proxy = FakeProxy("sleep-1", in: state)
        proxy.subscribe(host)
        proxy.settle()
        guard case .host(.routes(let routes))? = proxy.applied[host], routes.count == 1 else { throw NoRoute() }
        return routes[0]
    }

    private struct NoRoute: Error {}

    private static let destination = "outbound|8000||httpbin.full.svc.cluster.local"
    private static let there = #""route": [{"destination": {"host": "httpbin"}}]"#

    private func forwarding(_ fields: String) throws -> HTTPForwarding {
        guard case .forward(let forwarding) = try route("\(Self.there), \(fields)").action else { throw NoRoute() }
        return forwarding
    }

    @Test func `a route that only names its service`() throws {
        let route = try route(Self.there)
        #expect(route.name == "default" && route.matches.isEmpty && route.origin == "VirtualService full/v")
        #expect(route.action == .forward(HTTPForwarding([WeightedDestination(Self.destination)])))
        #expect(route.fault.isEmpty && route.cors == nil && route.requestHeaders.isEmpty)
    }

    @Test func `every condition`() throws {
        let route = try route(
            #"""
            "name": "r", "match": [{"uri": {"prefix": "/A"}, "ignoreUriCase": true, "scheme": {"exact": "http"},
              "method": {"regex": "GET|PUT"}, "authority": {"prefix": "x"},
              "headers": {"X-B": {"exact": "1"}, "x-a": {}, "x-c": {"regex": "*"}},
              "withoutHeaders": {"x-d": {"prefix": "p"}},
              "queryParams": {"Q": {"exact": ""}, "p": {"regex": "*"}}}], \#(Self.there)
            """#
        )
        var match = HTTPMatch()
        (match.path, match.ignoresPathCase) = (.prefix("/A"), true)
        (match.scheme, match.method, match.authority) = (.exact("http"), .expression("GET|PUT"), .prefix("x"))
        match.headers = [
            .init("x-b", .exact("1")), .init("x-a", nil), .init("x-c", nil),
            .init("x-d", .prefix("p"), isInverted: true),
        ]
        match.parameters = [.init("Q", .exact("")), .init("p", nil)]
        #expect(route.name == "r" && route.matches == [match])
    }

    @Test func `every setting of a forwarded request`() throws {
        let forwarding = try forwarding(
            #"""
            "rewrite": {"uri": "/b", "authority": "c"}, "timeout": "3s", "mirror": {"host": "m"},
            "mirrorPercentage": {"value": 0.5},
            "retries": {"attempts": 3, "retryOn": "5xx,503", "perTryTimeout": "1s", "backoff": "50ms"}
            """#
        )
        #expect(forwarding.pathRewrite == .matched("/b") && forwarding.authority == "c")
        #expect(forwarding.timeout == .seconds(3) && forwarding.retries.attempts == 3)
        #expect(forwarding.retries.conditions == [.serverError, .retriableStatusCodes])
        #expect(forwarding.retries.statusCodes == [503] && forwarding.retries.perTryTimeout == .seconds(1))
        #expect(forwarding.retries.backoff == .milliseconds(50))
        let mirror = "outbound|8000||m.full.svc.cluster.local"
        #expect(forwarding.mirrors == [.init(mirror, share: Percentage(millionths: 5000))])
        let expression = #""rewrite": {"uriRegexRewrite": {"match": "^/a/(.*)", "rewrite": "/\\1"}}"#
        #expect(try self.forwarding(expression).pathRewrite == .expression("^/a/(.*)", substitution: "/\\1"))
    }

    @Test func `without a condition on the path, a rewrite replaces the slash at its beginning`() throws {
        var match = HTTPMatch()
        match.path = .prefix("/")
        #expect(try route(#"\#(Self.there), "rewrite": {"uri": "/b/"}"#).matches == [match])
        match.method = .exact("GET")
        let get = #""match": [{"method": {"exact": "GET"}}], \#(Self.there), "rewrite": {"uri": "/b/"}"#
        #expect(try route(get).matches == [match])
        #expect(try route(#"\#(Self.there), "rewrite": {"authority": "x"}"#).matches.isEmpty)
    }

    @Test func `redirects and answers`() throws {
        var redirect = HTTPRedirect()
        redirect.path = "/x"
        #expect(try route(#""redirect": {"uri": "/x"}"#).action == .redirect(redirect))
        redirect.status = 308
        (redirect.scheme, redirect.authority, redirect.port) = ("https", "b", .number(8443))
        let full =
            #""redirect": {"uri": "/x", "scheme": "https", "authority": "b", "port": 8443, "redirectCode": 308}"#
        #expect(try route(full).action == .redirect(redirect))
        redirect = HTTPRedirect()
        (redirect.prefix, redirect.port) = ("/p", .request)
        let derived = #""redirect": {"prefixRewrite": "/p", "derivePort": "FROM_REQUEST_PORT"}"#
        #expect(try route(derived).action == .redirect(redirect))
        let answer = DirectResponse(status: 503, body: [0, 1])
        let bytes = #""directResponse": {"status": 503, "body": {"bytes": "AAE="}}"#
        #expect(try route(bytes).action == .respond(answer))
    }

    @Test func `headers, faults and CORS`() throws {
        let route = try route(
            #"""
            "route": [{"destination": {"host": "httpbin"}, "headers": {"response": {"remove": ["Server"]}}}],
            "headers": {"request": {"set": {"X-B": "2", "x-a": "1"}, "add": {"y": "z"}, "remove": ["W"]}},
            "fault": {"delay": {"fixedDelay": "5s", "percentage": {"value": 10}}, "abort": {"grpcStatus": "UNAVAILABLE"}},
            "corsPolicy": {"allowOrigins": [{"exact": "o"}], "allowMethods": ["GET"], "maxAge": "24h",
              "allowCredentials": true, "unmatchedPreflights": "IGNORE"}
            """#
        )
        #expect(route.requestHeaders.set == [.init("x-b", "2"), .init("x-a", "1")])
        #expect(route.requestHeaders.add == [.init("y", "z")] && route.requestHeaders.remove == ["w"])
        guard case .forward(let forwarding) = route.action else { throw NoRoute() }
        #expect(forwarding.destinations[0].responseHeaders.remove == ["server"])
        #expect(route.fault.delay == .seconds(5) && route.fault.delayed == Percentage(millionths: 100_000))
        #expect(route.fault.abort == .grpcStatus(14) && route.fault.aborted == .all)
        #expect(route.cors?.allowOrigins == [.exact("o")] && route.cors?.maxAge == 86400)
        #expect(route.cors?.forwardsUnmatchedPreflights == false && route.cors?.allowsCredentials == true)
    }

    @Test func `a change reaches the hosts that it is for, and nothing else is sent`() throws {
        let state = state()
        var proxy = FakeProxy("sleep-1", in: state)
        proxy.subscribe(host)
        proxy.subscribe(other)
        proxy.subscribe(.address("10.96.0.7", port: 8000))
        proxy.settle()
        // With the address come all names that the application may call the service by.
        let domain = ["", ".full", ".full.svc", ".full.svc.cluster.local"]
        let names = Set(domain.map { ResourceName.host("httpbin\($0)", port: 8000) })
        #expect(proxy.applied[host] == .host(.destination(Self.destination, retries: RetryPolicy())))
        let object = try Self.virtualService(#"{"hosts": ["httpbin"], "http": [{"redirect": {"uri": "/"}}]}"#)
        #expect(state.apply([World.change(object)]).isEmpty)
        #expect(proxy.settle() == names)
        let changed = try Self.virtualService(#"{"hosts": ["httpbin"], "http": [{"redirect": {"uri": "/x"}}]}"#)
        _ = state.apply([World.change(changed)])
        #expect(proxy.settle() == names)
        _ = state.apply([ObjectChange(type: .pods, key: object.metadata.key, before: changed, after: nil)])
        // A redirect leads nowhere; now the service is asked for again.
        #expect(proxy.settle() == names.union([.destination(Self.destination)]))
        #expect(proxy.applied[host] == .host(.destination(Self.destination, retries: RetryPolicy())))
    }

    @Test func `what is refused leaves the last version in force, and a part that is not is told of`() throws {
        let state = state()
        var proxy = FakeProxy("sleep-1", in: state)
        proxy.subscribe(host)
        let good = try Self.virtualService(#"{"hosts": ["httpbin"], "http": [{"redirect": {"uri": "/"}}]}"#)
        _ = state.apply([World.change(good)])
        proxy.settle()
        let broken = try Self.virtualService(
            #"{"hosts": ["httpbin"], "http": [{"match": [{"uri": {"regex": "("}}], "redirect": {"uri": "/x"}}]}"#
        )
        guard case .refused(let reason)? = state.apply([World.change(broken)]).values.first else { throw NoRoute() }
        #expect(reason.contains("VirtualService full/v is invalid: \"uri\": error parsing regexp"))
        #expect(proxy.settle().isEmpty)
        let root = try Self.virtualService(
            #"{"hosts": ["httpbin"], "http": [{"delegate": {"name": "leaf"}}, {"redirect": {"uri": "/y"}}]}"#
        )
        guard case .partly(let problem)? = state.apply([World.change(root)]).values.first else { throw NoRoute() }
        #expect(problem.contains("http[0]: VirtualService full/leaf to delegate to is not there"))
        #expect(proxy.settle() == [host])
        let leaf = try Self.virtualService(
            #"{"http": [{"match": [{"uri": {"exact": "/l"}}], "redirect": {"uri": "/z"}}]}"#,
            name: "leaf"
        )
        #expect(state.apply([World.change(leaf)]).values.first == .accepted)
        #expect(proxy.settle() == [host])
        let status = StatusWriter.status(.partly("p"), now: .now)["status", "conditions"]?.array?.first
        #expect(status?["status"] == "False" && status?["reason"] == "PartiallyInvalid" && status?["message"] == "p")
    }

    @Test func `bytes are shared out, and told apart by server name`() throws {
        let state = state()
        var service = World.service
        service["spec", "ports"] = [
            ["name": "tcp", "port": 8000, "protocol": "TCP"], ["name": "web", "port": 8001, "protocol": "TCP"],
            ["name": "tls", "port": 443, "protocol": "TCP"],
        ]
        let object = try Self.virtualService(
            #"""
            {"hosts": ["httpbin"],
             "tcp": [{"route": [{"destination": {"host": "a", "port": {"number": 1}}, "weight": 3},
                                {"destination": {"host": "b", "port": {"number": 2}}, "weight": 1}]}],
             "tls": [{"match": [{"sniHosts": ["httpbin"]}],
                      "route": [{"destination": {"host": "c", "port": {"number": 3}}}]}]}
            """#
        )
        _ = state.apply([World.change(service), World.change(object)])
        var proxy = FakeProxy("sleep-1", in: state)
        let names = [8000, 8001, 443].map { ResourceName.address("10.96.0.7", port: $0) }
        for name in names { proxy.subscribe(name) }
        proxy.settle()
        let shared = [
            WeightedDestination("outbound|1||a.full.svc.cluster.local", weight: 3),
            WeightedDestination("outbound|2||b.full.svc.cluster.local", weight: 1),
        ]
        let named = ServerNameRoutes.Route(
            serverNames: ["httpbin"],
            destinations: [WeightedDestination("outbound|3||c.full.svc.cluster.local")]
        )
        let routes = ServerNameRoutes(routes: [named], other: shared)
        let listener = HTTPListener(port: 8001, allowsUnknownHosts: true)
        #expect(proxy.applied[names[0]] == .address(.tls(routes)))
        #expect(proxy.applied[names[1]] == .address(.auto(listener, other: routes)))
        let passed = ServerNameRoutes(routes: [named], other: [WeightedDestination("PassthroughCluster")])
        #expect(proxy.applied[names[2]] == .address(.tls(passed)))
    }
}
