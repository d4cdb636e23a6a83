import JSON
import Kubernetes
import Mesh
import MeshAPI
import TestMesh
import Testing
import YAML

/// Which routes of one VirtualService hold for a proxy, and what they say.
@Suite struct HTTPRouteDecisionTests {
    /// The routes that `http`, a YAML list, makes for a proxy.
    static func routes(
        _ http: String,
        gateways: String = "[mesh, gw]",
        at gateway: String = "mesh",
        port: Int = 9080,
        labels: [String: String] = ["app": "client"],
        config: String = "{}"
    ) throws -> [HTTPRouteDecision] {
        let object: JSON = [
            "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": ["name": "v", "namespace": "foo"],
            "spec": [
                "hosts": ["reviews.foo.svc.cluster.local"], "gateways": try YAML.value(gateways),
                "http": try YAML.value(http),
            ],
        ]
        let model = try SidecarRouteTests.mesh(object.text(), config: config)
        let found = model.virtualServices(boundTo: gateway, visibleIn: "bar")
        return found.flatMap {
            model.httpRoutes(of: $0, for: Client(namespace: "bar", labels: labels), at: gateway, port: port)
        }
    }

    static func names(_ routes: [HTTPRouteDecision]) -> [String] { routes.map(\.name) }

    struct Condition: CustomTestStringConvertible, Sendable {
        let match: String
        var gateway = "mesh"
        let holds: Bool
        var testDescription: String { "\(match) at \(gateway)" }
    }

    @Test(arguments: [
        Condition(match: "{port: 9080}", holds: true), Condition(match: "{port: 80}", holds: false),
        Condition(match: "{sourceNamespace: bar}", holds: true),
        Condition(match: "{sourceNamespace: foo}", holds: false),
        Condition(match: "{sourceLabels: {app: client}}", holds: true),
        Condition(match: "{sourceLabels: {app: client, version: v1}}", holds: false),
        Condition(match: "{gateways: [mesh]}", holds: true), Condition(match: "{gateways: [gw]}", holds: false),
        Condition(match: "{gateways: [gw]}", gateway: "foo/gw", holds: true),
        Condition(match: "{gateways: [foo/gw]}", gateway: "foo/gw", holds: true),
        Condition(match: "{gateways: [./gw]}", gateway: "foo/gw", holds: true),
        Condition(match: "{gateways: [gw.foo.svc.cluster.local]}", gateway: "foo/gw", holds: true),
        Condition(match: "{gateways: [mesh]}", gateway: "foo/gw", holds: false),
        Condition(match: "{gateways: [gw, mesh], sourceLabels: {app: x}}", gateway: "foo/gw", holds: true),
        Condition(match: "{gateways: [gw, mesh], sourceLabels: {app: x}}", holds: false),
        Condition(match: "{gateways: [gw, mesh], sourceNamespace: x}", gateway: "foo/gw", holds: true),
        Condition(match: "{sourceLabels: {app: x}}", gateway: "foo/gw", holds: false),
        Condition(match: "{headers: {'@request.auth.claims.group': {exact: admin}}}", gateway: "foo/gw", holds: false),
        Condition(
            match: "{withoutHeaders: {'@request.auth.claims.group': {exact: a}}}",
            gateway: "foo/gw",
            holds: true
        ),
    ])
    func `a match that cannot apply to the proxy is dropped, and its route with it`(condition: Condition) throws {
        let http = "[{name: a, match: [\(condition.match)], route: [{destination: {host: reviews}}]}]"
        #expect(try Self.routes(http, at: condition.gateway).isEmpty != condition.holds)
    }

    @Test func `the matches that are left are the route's`() throws {
        let http =
            "[{match: [{port: 1}, {uri: {prefix: /a}}, {port: 9080, uri: {exact: /b}}], route: [{destination: {host: reviews}}]}]"
        let routes = try Self.routes(http)
        #expect(routes.map { $0.matches.map(\.uri) } == [[.prefix("/a"), .exact("/b")]])
    }

    @Test(arguments: [
        "{name: a, route: [{destination: {host: reviews}}]}",
        "{name: a, match: [{port: 9080}], route: [{destination: {host: reviews}}]}",
        "{name: a, match: [{uri: {exact: /x}}, {uri: {prefix: /}}], redirect: {uri: /y}}",
    ])
    func `nothing comes after a route for every request`(first: String) throws {
        let last = "{name: b, match: [{uri: {prefix: /a}}], redirect: {uri: /b}}"
        #expect(Self.names(try Self.routes("[\(first), \(last)]")) == ["a"])
        #expect(Self.names(try Self.routes("[\(last), \(first)]")) == ["b", "a"])
    }

    // Actions

    @Test(arguments: [
        ("[{destination: {host: a}}]", [1]), ("[{destination: {host: a}, weight: 0}]", [1]),
        ("[{destination: {host: a}, weight: 7}]", [1]),
        ("[{destination: {host: a}, weight: 80}, {destination: {host: b}, weight: 20}]", [80, 20]),
        (
            "[{destination: {host: a}, weight: 1}, {destination: {host: b}}, {destination: {host: c}, weight: 2}]",
            [1, 2]
        ),
        (
            "[{destination: {host: a}, weight: 2147483647}, {destination: {host: b}, weight: 2147483647}]",
            [2_147_483_647, 2_147_483_647]
        ),
    ])
    func `shares are relative, those of 0 get nothing, and one alone gets all`(route: String, weights: [Int]) throws {
        let routes = try Self.routes("[{route: \(route)}]")
        guard case .forward(let forwarding)? = routes.first?.action else { throw NoRoute() }
        #expect(forwarding.destinations.map(\.weight) == weights)
    }

    struct NoRoute: Error {}

    private static func forwarding(_ fields: String, config: String = "{}") throws -> HTTPRouteDecision.Forwarding {
        let routes = try routes("[{route: [{destination: {host: reviews}}], \(fields)}]", config: config)
        guard case .forward(let forwarding)? = routes.first?.action else { throw NoRoute() }
        return forwarding
    }

    @Test(arguments: [("", 0), ("timeout: 0s", 0), ("timeout: 1.5s", 1500), ("timeout: 1h", 3_600_000)])
    func `without a timeout there is none`(field: String, milliseconds: Int) throws {
        #expect(try Self.forwarding(field).timeout == .milliseconds(milliseconds))
    }

    static let standard = ["connect-failure", "refused-stream", "unavailable", "cancelled", "retriable-status-codes"]

    @Test func `without retries there are two, after failures that reached no application`() throws {
        let retries = try Self.forwarding("").retries
        #expect(retries.attempts == 2 && retries.conditions == Self.standard && retries.statusCodes.isEmpty)
        #expect(retries.perTryTimeout == .zero && retries.backoff == nil)
    }

    @Test func `the mesh's retries hold where the route has none`() throws {
        let config = "defaultHttpRetryPolicy: {attempts: 5, retryOn: 5xx, perTryTimeout: 2s}"
        let retries = try Self.forwarding("", config: config).retries
        #expect(retries.attempts == 5 && retries.conditions == ["5xx"] && retries.perTryTimeout == .seconds(2))
        #expect(try Self.forwarding("retries: {attempts: 0}", config: config).retries.attempts == 0)
        #expect(try Self.forwarding("retries: {attempts: 1}", config: config).retries.conditions == Self.standard)
        let model = try SidecarRouteTests.mesh("", config: config)
        #expect(SidecarRouteTests.decision(model).retries.attempts == 5)
    }

    @Test(
        arguments: [
            ("'gateway-error,reset'", ["gateway-error", "reset"], []),
            ("'503,504'", ["retriable-status-codes"], [503, 504]),
            ("'retriable-status-codes,418'", ["retriable-status-codes"], [418]),
            ("'connect-failure,503'", ["connect-failure", "retriable-status-codes"], [503]),
        ] as [(String, [String], [Int])]
    )
    func `retryOn names conditions and status codes`(retryOn: String, conditions: [String], codes: [Int]) throws {
        let retries = try Self.forwarding("retries: {attempts: 3, retryOn: \(retryOn), backoff: 10ms}").retries
        #expect(retries.conditions == conditions && retries.statusCodes == codes && retries.attempts == 3)
        #expect(retries.backoff == .milliseconds(10))
    }

    @Test(
        arguments: [
            ("mirror: {host: ratings}", [100]), ("mirror: {host: ratings}, mirrorPercentage: {value: 12.5}", [12.5]),
            ("mirror: {host: ratings}, mirrorPercent: 7", [7]),
            ("mirror: {host: ratings}, mirrorPercentage: {value: 0}", []),
            ("mirrors: [{destination: {host: a}}, {destination: {host: b}, percentage: {value: 5}}]", [100, 5]),
        ] as [(String, [Double])]
    )
    func `a mirror gets a copy of all requests, or of its share`(fields: String, shares: [Double]) throws {
        #expect(try Self.forwarding(fields).mirrors.map(\.percentage) == shares)
    }

    @Test(
        arguments: [
            (nil, true), (301, true), (302, true), (303, true), (307, true), (308, true), (304, false), (399, false),
        ] as [(Int?, Bool)]
    )
    func `a redirect has one of five codes, or there is no route`(code: Int?, isThere: Bool) throws {
        let field = code.map { ", redirectCode: \($0)" } ?? ""
        #expect(try Self.routes("[{redirect: {uri: /x\(field)}}]").isEmpty != isThere)
    }

    @Test func `a direct response, headers, fault, rewrite and CORS are carried over as written`() throws {
        let answer = "[{directResponse: {status: 503, body: {string: oops}}, headers: {response: {set: {a: b}}}}]"
        let responding = try #require(try Self.routes(answer).first)
        guard case .respond(let response) = responding.action else { throw NoRoute() }
        #expect(response.status == 503 && response.body == Array("oops".utf8))
        #expect(responding.headers.response.set == ["a": "b"])
        let failing =
            "[{route: [{destination: {host: a}}], fault: {delay: {fixedDelay: 5s}}, corsPolicy: {allowOrigins: [{exact: a}]}}]"
        let route = try #require(try Self.routes(failing).first)
        #expect(route.fault?.delay?.share == 100)
        #expect(route.cors?.allowOrigins == [.exact("a")] && route.origin.description == "VirtualService foo/v")
        #expect(try Self.forwarding("rewrite: {uri: /b, authority: c}").rewrite?.uri == "/b")
    }
}
