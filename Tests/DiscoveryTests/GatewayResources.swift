import Discovery
import TLS

/// Gateways, routes and secrets with every field in use, for the tests of the coding.
enum GatewayResources {
    static let all: [Resource] = [
        .gateway(GatewayConfiguration()), .gateway(gateway), .routes(RouteTable(name: "", port: 0)), .routes(table),
        .credential(Credential()), .credential(credential), .host(.routes([])), .host(.routes([forward, redirect])),
        .address(.tls(names)), .address(.tcp([changing, WeightedDestination("b", weight: 9)])),
    ]

    static let changing: WeightedDestination = {
        var destination = WeightedDestination("a", weight: 90)
        destination.requestHeaders.set = [.init("x", "1"), .init("y", "")]
        destination.responseHeaders.remove = ["server"]
        return destination
    }()

    static let names = ServerNameRoutes(
        routes: [.init(serverNames: ["a.example", "*.b.example"], destinations: [changing])],
        other: [WeightedDestination("PassthroughCluster"), WeightedDestination("a", weight: 3)]
    )

    static let forward: HTTPRoute = {
        var forwarding = HTTPForwarding([changing])
        forwarding.pathRewrite = .expression("^/a/(.*)", substitution: "/\\1")
        forwarding.authority = "other.example"
        forwarding.timeout = .milliseconds(1500)
        forwarding.retries = RetryPolicy(attempts: 0)
        forwarding.retries.conditions = [.refusedStream, .serverError]
        forwarding.retries.statusCodes = [503, 504]
        forwarding.retries.perTryTimeout = .seconds(1)
        forwarding.retries.backoff = .zero
        forwarding.mirrors = [.init("m"), .init("n", share: .none)]
        var route = HTTPRoute(.forward(forwarding))
        route.name = "canary"
        var match = HTTPMatch()
        match.path = .prefix("/a")
        match.ignoresPathCase = true
        (match.scheme, match.method, match.authority) = (.exact("https"), .expression("GET|HEAD"), .exact(""))
        match.headers = [.init("x", nil), .init("y", .exact("1"), isInverted: true)]
        match.parameters = [.init("q", .prefix("1"))]
        route.matches = [match, HTTPMatch()]
        route.requestHeaders.add = [.init("x", "2")]
        var cors = CORSPolicy()
        (cors.allowOrigins, cors.allowMethods, cors.allowHeaders) = ([.exact("https://a")], ["GET"], ["x"])
        (cors.exposeHeaders, cors.maxAge, cors.allowsCredentials) = (["y"], 0, true)
        cors.forwardsUnmatchedPreflights = false
        route.cors = cors
        (route.fault.delay, route.fault.delayed) = (.seconds(5), Percentage(millionths: 1))
        (route.fault.abort, route.fault.aborted) = (.grpcStatus(0), .all)
        route.origin = "VirtualService foo/bar"
        return route
    }()

    static let redirect: HTTPRoute = {
        var redirect = HTTPRedirect()
        (redirect.scheme, redirect.authority, redirect.port) = ("https", "a", .request)
        (redirect.path, redirect.prefix, redirect.status) = ("/p", "/q", 308)
        var route = HTTPRoute(.redirect(redirect))
        route.fault.abort = .status(418)
        route.fault.aborted = .all
        return route
    }()

    static let table: RouteTable = {
        var table = RouteTable(name: "https.443.web.gw.foo", port: 443)
        table.virtualHosts = [
            .init(domains: ["*"], routes: [HTTPRoute(.respond(DirectResponse(status: 200, body: [0, 255])))]),
            .init(domains: ["a.example"], routes: [forward, redirect]),
        ]
        table.virtualHosts[0].redirectsToHTTPS = true
        table.serverHosts = ["*.example"]
        return table
    }()

    static let gateway: GatewayConfiguration = {
        var tls = ServerTLS(.credentials(["kubernetes://rsa", "kubernetes://ecdsa"]))
        (tls.clientCertificate, tls.roots) = (.optional, .credential("kubernetes://rsa-cacert"))
        (tls.subjectAlternativeNames, tls.publicKeyHashes, tls.certificateHashes) = (["spiffe://a"], ["AA=="], ["ab"])
        (tls.minimumVersion, tls.maximumVersion) = (.tls10, .tls12)
        (tls.cipherSuites, tls.curves, tls.skipsVerification) = (["AES128-SHA"], ["P-256"], true)
        tls.applicationProtocols = ["h2", "http/1.1"]
        var files = ServerTLS(.files([.init(certificate: "/c", key: "/k")]))
        (files.clientCertificate, files.roots) = (.required, .file("/r", revocations: "/l"))
        var chain = GatewayListener.Chain(.terminate(tls), .http(routes: "https.443.web.gw.foo"))
        chain.serverNames = ["a.example", "*.b.example"]
        chain.origin = "Gateway foo/gw server web"
        var automatic = GatewayListener.Chain(.passthrough, .bytes([changing]))
        automatic.applicationProtocols = ["istio"]
        var gateway = GatewayConfiguration()
        gateway.expectsProxyProtocol = true
        gateway.listeners = [
            GatewayListener(port: 80, chains: [.init(.plaintext, .http(routes: "http.80"))]),
            GatewayListener(
                address: "/run/gateway.sock",
                port: 0,
                chains: [
                    chain, automatic, .init(.terminate(files), .bytes([.init("d")])),
                    .init(.terminate(ServerTLS(.workload)), .bytes([.init("d")])),
                ]
            ),
        ]
        return gateway
    }()

    static let credential: Credential = {
        var credential = Credential()
        (credential.certificatesPEM, credential.keyPEM, credential.rootsPEM) = ("c", "k", "r")
        (credential.revocationsPEM, credential.ocspStaple, credential.problem) = ("l", [0, 1], "secret a/b not found")
        return credential
    }()
}
