internal import Base
internal import Discovery
internal import HTTP
internal import JSON
internal import Network
internal import TLS

/// What the proxy answers about itself, on Istio's ports: 15000 (admin), 15020 (status), 15021 (health), 15090 (metrics).
struct AgentPages: Sendable {
    let settings: AgentSettings
    let state: ProxyState
    let plane: DataPlane
    let lifecycle: Lifecycle
    let discovery: DiscoveryClient

    /// An answer to one request.
    struct Page: Sendable {
        var status = 200
        var type = "text/plain; charset=UTF-8"
        var text = ""

        static let notFound = Page(status: 404, text: "not found\n")
        static func json(_ value: JSON) -> Page {
            Page(type: "application/json", text: value.text(isPretty: true) + "\n")
        }
    }

    /// The servers, listening already.
    func servers() throws(MeshError) -> [HTTPServer] {
        try [
            server(.loopback, 15000) { await admin($0) }, server(.any6, 15020) { await status($0) },
            server(.any6, 15021) { await health($0) }, server(.any6, 15090) { await metrics($0) },
        ]
    }

    private func server(
        _ ip: IPAddress,
        _ port: UInt16,
        _ answer: @escaping @Sendable (HTTPExchange) async -> Page
    ) throws(MeshError) -> HTTPServer {
        var limits = HTTPServerLimits()
        limits.connections = 64
        return HTTPServer(listener: try AsyncListener(binding: SocketAddress(ip, port: port)), limits: limits) {
            exchange in
            let page = await answer(exchange)
            let head = HTTPResponseHead(page.status, fields: ["content-type": page.type])
            try await exchange.respond(head, body: Array(page.text.utf8))
        }
    }

    // Ports

    private func health(_ exchange: HTTPExchange) async -> Page {
        exchange.request.path == "/healthz/ready" ? readiness : .notFound
    }

    /// Ready once there is a certificate and everything a connection is decided by.
    private var readiness: Page {
        if lifecycle.isDraining { return Page(status: 503, text: "draining\n") }
        let missing = state.missing
        if missing.isEmpty { return Page(text: "ready\n") }
        return Page(status: 503, text: "not ready: waiting for \(missing.joined(separator: ", "))\n")
    }

    private func metrics(_ exchange: HTTPExchange) async -> Page {
        exchange.request.path == "/stats/prometheus" ? await ownMetrics() : .notFound
    }

    private func status(_ exchange: HTTPExchange) async -> Page {
        let path = exchange.request.path
        switch path {
        case "/healthz/ready": return readiness
        case "/stats/prometheus":
            let own = await ownMetrics()
            return Page(type: own.type, text: own.text + (await applicationMetrics()))
        case "/quitquitquit": return quit(exchange)
        default:
            guard let probe = settings.probes[path].flatMap(ApplicationProbe.init) else { return .notFound }
            return await probe.run(at: settings.address)
        }
    }

    private func admin(_ exchange: HTTPExchange) async -> Page {
        switch exchange.request.path {
        case "/certs": return .json(AdminPages.certificates(state, now: .now))
        case "/config_dump": return .json(AdminPages.configuration(state))
        case "/stats", "/stats/prometheus": return await ownMetrics()
        case "/ready": return readiness
        case "/server_info":
            return .json([
                "version": .string(Version.current), "state": .string(lifecycle.isDraining ? "DRAINING" : "LIVE"),
                "connected": .bool(discovery.isConnected),
            ])
        case "/logging":
            if let level = exchange.request.query("level") { AgentSettings.setLogLevel(level) }
            return Page(text: "level: \(Log.level)\n")
        case "/quitquitquit", "/drain", "/drain_listeners": return quit(exchange)
        default:
            return Page(
                status: exchange.request.path == "/" ? 200 : 404,
                text:
                    "pages: /certs /config_dump /stats /ready /server_info /logging?level=; POST: /quitquitquit /drain\n"
            )
        }
    }

    /// Ends the proxy; only for callers of this pod.
    private func quit(_ exchange: HTTPExchange) -> Page {
        guard exchange.request.method == "POST" else { return Page(status: 405, text: "use POST\n") }
        guard exchange.peer.ip.unmapped.isLoopback else { return Page(status: 403, text: "only from within the pod\n") }
        lifecycle.end()
        return Page(text: "OK\n")
    }

    // Metrics

    private func ownMetrics() async -> Page {
        let (metrics, connections) = await plane.collect()
        let text = MetricsText(
            owner: .init(
                workload: settings.workload,
                namespace: settings.namespace,
                principal: state.identity?.leaf.alternativeNames.uris.first ?? "",
                cluster: settings.clusterID
            ),
            metrics: metrics,
            connections: connections,
            unusableChains: settings.role == .router ? state.gatewayProblems.count : nil,
            certificateSeconds: state.identity.map { $0.leaf.notAfter.seconds - Timestamp.now.seconds }
        ).text
        return Page(type: "text/plain; version=0.0.4; charset=utf-8", text: text)
    }

    /// The application's own metrics, when it has any; a comment when they cannot be had.
    private func applicationMetrics() async -> String {
        guard let (path, port) = settings.applicationMetrics else { return "" }
        let client = HTTPClient(host: "127.0.0.1", port: port)
        defer { client.close() }
        do {
            let response = try await client.send(HTTPRequestHead("GET", path))
            return String(decoding: try await response.collectBody(limit: 16 << 20), as: UTF8.self)
        } catch {
            return "# the application's metrics on port \(port) cannot be read: \(error)\n"
        }
    }
}
