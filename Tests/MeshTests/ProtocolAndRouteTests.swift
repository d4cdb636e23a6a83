import Mesh
import TestMesh
import Testing

@Suite struct PortProtocolTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var transport = "TCP"
        var appProtocol: String?
        var name = ""
        var number = 8000
        let spoken: PortProtocol
        var testDescription: String { "\(transport) \(appProtocol ?? "-") \(name) \(number)" }
    }

    static let cases = [
        Case(transport: "UDP", name: "http", spoken: .udp),
        Case(appProtocol: "kubernetes.io/h2c", name: "tcp", spoken: .http2),
        Case(appProtocol: "kubernetes.io/ws", name: "tcp", spoken: .http),
        Case(appProtocol: "kubernetes.io/wss", name: "http", spoken: .https), Case(appProtocol: "GRPC", spoken: .grpc),
        Case(appProtocol: "custom", name: "http", spoken: .auto), Case(name: "http", spoken: .http),
        Case(name: "HTTP-web", spoken: .http), Case(name: "httpweb", spoken: .auto),
        Case(name: "http2-x", spoken: .http2),
        Case(name: "grpc", spoken: .grpc), Case(name: "grpc-web", spoken: .grpcWeb),
        Case(name: "grpc-webx", spoken: .grpcWeb),
        Case(name: "grpc-x", spoken: .grpc), Case(name: "http_proxy", spoken: .httpProxy),
        Case(name: "https-a", spoken: .https),
        Case(name: "tls", spoken: .tls), Case(name: "tcp-a", spoken: .tcp), Case(name: "mongo", spoken: .mongo),
        Case(name: "redis", spoken: .redis), Case(name: "mysql", spoken: .mysql), Case(name: "web", spoken: .auto),
        Case(name: "", spoken: .auto), Case(number: 25, spoken: .tcp), Case(number: 53, spoken: .tcp),
        Case(number: 3306, spoken: .tcp), Case(number: 27017, spoken: .tcp),
        Case(name: "http", number: 3306, spoken: .http),
    ]

    @Test(arguments: cases) func `transport, appProtocol, name and number tell the protocol`(port: Case) {
        let spoken = PortProtocol(
            transport: port.transport,
            appProtocol: port.appProtocol,
            name: port.name,
            number: port.number
        )
        #expect(spoken == port.spoken)
    }

    @Test(arguments: [
        (PortProtocol.http, Application.http), (.httpProxy, .http), (.http2, .http2), (.grpc, .http2),
        (.grpcWeb, .http2),
        (.https, .tcp), (.tls, .tcp), (.tcp, .tcp), (.mongo, .tcp), (.redis, .tcp), (.mysql, .tcp), (.auto, .auto),
    ])
    func `the protocol's class says how bytes are read`(spoken: PortProtocol, application: Application) {
        #expect(spoken.application == application)
    }
}

@Suite struct RouteTests {
    private static func mesh(_ policy: String = "ALLOW_ANY") throws -> MeshModel {
        var mesh = MeshFixture()
        mesh.pod("foo", "httpbin")
        mesh.pod("foo", "db", port: 3306)
        try mesh.service(
            "foo",
            "httpbin",
            ports:
                "[{name: http, port: 8000, targetPort: 80}, {name: web, port: 9000}, {name: tcp, port: 7000}, {name: u, port: 53, protocol: UDP}]",
            address: "10.96.0.20"
        )
        try mesh.service("foo", "db", ports: "[{name: mysql, port: 3306}, {name: http, port: 80}]", address: "None")
        try mesh.service("foo", "own", address: "10.96.0.21", annotations: ["networking.istio.io/exportTo": "."])
        try mesh.configure("outboundTrafficPolicy: {mode: \(policy)}")
        return mesh.model
    }

    private static let httpbin = "httpbin.foo.svc.cluster.local"
    private static let db = "db.foo.svc.cluster.local"

    @Test(
        arguments: [
            ("10.96.0.20", 8000, .http(port: 8000)),
            ("10.96.0.20", 9000, .auto(port: 9000, other: .destination(DestinationName(host: httpbin, port: 9000)))),
            ("10.96.0.20", 7000, .bytes(.destination(DestinationName(host: httpbin, port: 7000)))),
            ("10.96.0.20", 7001, .bytes(.passthrough)), ("10.96.0.20", 53, .bytes(.passthrough)),
            ("10.244.0.2", 3306, .bytes(.destination(DestinationName(host: db, port: 3306)))),
            ("10.244.0.2", 80, .http(port: 80)), ("10.244.0.1", 8000, .auto(port: 8000, other: .passthrough)),
            ("192.0.2.1", 8000, .auto(port: 8000, other: .passthrough)), ("192.0.2.1", 443, .bytes(.passthrough)),
            ("10.244.0.1", 15001, .bytes(.blackHole)), ("10.244.0.1", 15006, .bytes(.blackHole)),
        ] as [(String, Int, AddressDecision.Route)]
    )
    func `an address means its service, a headless service's pod, or itself`(
        address: String,
        port: Int,
        route: AddressDecision.Route
    ) throws {
        let decision = try Self.mesh().route(for: Client(namespace: "bar"), to: address, port: port)
        #expect(decision.route == route && decision.allowsUnknownHosts)
    }

    @Test(
        arguments: [
            ("192.0.2.1", 8000, .auto(port: 8000, other: .blackHole)), ("192.0.2.1", 443, .bytes(.blackHole)),
            ("10.96.0.20", 7001, .bytes(.blackHole)), ("10.96.0.20", 8000, .http(port: 8000)),
        ] as [(String, Int, AddressDecision.Route)]
    )
    func `REGISTRY_ONLY closes what the mesh does not know`(
        address: String,
        port: Int,
        route: AddressDecision.Route
    ) throws {
        let decision = try Self.mesh("REGISTRY_ONLY").route(for: Client(namespace: "bar"), to: address, port: port)
        #expect(decision.route == route && !decision.allowsUnknownHosts)
    }

    @Test(
        arguments: [
            ("httpbin", "foo", 8000, httpbin), ("httpbin", "bar", 8000, nil), ("httpbin.foo", "bar", 8000, httpbin),
            ("httpbin.foo.svc", "bar", 8000, httpbin), (httpbin, "bar", 8000, httpbin),
            (httpbin + ".", "bar", 8000, httpbin),
            ("HTTPBIN.foo", "bar", 8000, httpbin), ("10.96.0.20", "bar", 8000, httpbin),
            ("httpbin.foo", "bar", 9000, httpbin),
            ("httpbin.foo", "bar", 7000, nil), ("httpbin.foo", "bar", 8001, nil), ("example.com", "bar", 8000, nil),
            ("", "bar", 8000, nil), ("...", "bar", 8000, nil), ("db-0.db.foo", "bar", 80, db),
            ("db-0.db.foo.svc.cluster.local", "bar", 80, db), ("x.httpbin.foo", "bar", 8000, nil),
            ("own.foo", "bar", 8000, nil), ("own", "foo", 8000, "own.foo.svc.cluster.local"),
        ] as [(String, String, Int, String?)]
    )
    func `a host is found as DNS in the client's namespace finds it`(
        authority: String,
        namespace: String,
        port: Int,
        host: String?
    ) throws {
        let decision = try Self.mesh().route(for: Client(namespace: namespace), toHost: authority, port: port)
        #expect(decision.destination == host.map { DestinationName(host: $0, port: port) })
    }

    @Test func `a service kept to its namespace does not exist for others`() throws {
        let model = try Self.mesh()
        #expect(model.destination(from: "bar", "own.foo") == nil && model.destination(from: "foo", "own.foo") != nil)
        #expect(
            model.route(for: Client(namespace: "bar"), to: "10.96.0.21", port: 8000).reason.hasPrefix("unknown address")
        )
    }

    @Test(arguments: ["outbound|8000||a.b", "outbound|1|v1|x"]) func `a destination's name is read as it is written`(
        text: String
    ) {
        #expect(DestinationName(text)?.description == text)
    }

    @Test(arguments: [
        "", "inbound|80||a", "outbound|0||a", "outbound|x||a", "outbound|80|a", "outbound|80||", "outbound|70000||a",
    ])
    func `what is no destination's name is refused`(text: String) { #expect(DestinationName(text) == nil) }
}
