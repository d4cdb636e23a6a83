internal import Base
internal import Discovery
internal import Explain
internal import HTTP
internal import Identity
internal import JSON
internal import Kubernetes
internal import Mesh
internal import MeshAPI

/// What the control plane tells of itself: `/debug/…` for the command line, `/metrics` for Prometheus.
struct DebugPages: Sendable {
    let state: MeshState
    let podName: String
    let counters: Counters

    /// The page at `request`; nil when there is none.
    func page(_ request: HTTPRequestHead) throws -> (type: String, body: [UInt8])? {
        switch request.path {
        case "/metrics": ("text/plain; version=0.0.4", Array(metrics.utf8))
        case "/version": json(["version": .string(Version.current)])
        case "/debug", "/debug/": json(.strings(Self.paths))
        case "/debug/syncz": json(.array(state.proxies.map(synchronization)))
        case "/debug/model": json(model)
        case "/debug/config_dump": json(try configuration(of: request.query("proxyID") ?? ""))
        case "/debug/authn": text(try check(of: request.query("proxyID") ?? "", request.query("host")))
        case "/debug/matrix": text(ConnectionMatrix(state.model).text)
        default: nil
        }
    }

    private static let paths = [
        "/debug/syncz", "/debug/model", "/debug/config_dump?proxyID=pod.namespace",
        "/debug/authn?proxyID=pod.namespace&host=service", "/debug/matrix", "/metrics", "/version",
    ]

    private func json(_ value: JSON) -> (String, [UInt8]) { ("application/json", value.bytes(isPretty: true)) }
    private func text(_ value: String) -> (String, [UInt8]) { ("text/plain; charset=utf-8", Array(value.utf8)) }

    // Proxies

    /// One proxy as `proxy-status` shows it.
    private func synchronization(_ proxy: ConnectedProxy) -> JSON {
        let status = proxy.status
        var page: JSON = [
            "proxy": .string("\(proxy.pod.name).\(proxy.pod.namespace)"), "cluster_id": "Kubernetes",
            "istiod": .string(podName), "version": .string(proxy.node.version),
            "identity": .string(proxy.identity.description), "address": .string(proxy.peer),
            "connected": .string(proxy.connected.description), "status": .string(Self.word(for: status)),
            "subscriptions": .int(Int64(status.subscriptions)), "resources": .int(Int64(status.resources)),
            "sent": .int(Int64(status.sent)), "acknowledged": .int(Int64(status.acknowledged)),
            "refused": .int(Int64(status.refused)),
        ]
        page["lastSent"] = status.lastSent.map { .string($0.formatted(fractionDigits: 3)) }
        page["lastAcknowledged"] = status.lastAcknowledged.map { .string($0.formatted(fractionDigits: 3)) }
        page["lastLatencyMilliseconds"] = status.lastLatency.map { .double(Self.milliseconds($0)) }
        let refusals = Dictionary(status.refusals.map { ($0.key.description, $0.value) }) { first, _ in first }
            .merging(status.serverProblems) { first, _ in first }
        if !refusals.isEmpty { page["refusals"] = .strings(refusals) }
        return page
    }

    /// Istio's word: it has everything, nothing yet, or an answer is waited for or was no.
    ///
    /// A server that fails, as for want of a certificate, is told beside it: the proxy has what there is.
    private static func word(for status: ConnectedProxy.Status) -> String {
        // A proxy that was connected before brings along what it has.
        if status.resources == 0 { return "NOT SENT" }
        return status.isWaitingForAnswer || !status.refusals.isEmpty ? "STALE" : "SYNCED"
    }

    private static func milliseconds(_ duration: Duration) -> Double {
        let (seconds, attoseconds) = duration.components
        return Double(seconds) * 1000 + Double(attoseconds) / 1e15
    }

    private func proxy(_ id: String) throws -> ConnectedProxy {
        guard let proxy = state.proxies.first(where: { "\($0.pod.name).\($0.pod.namespace)" == id }) else {
            throw HTTPFailure(404, "no proxy \"\(id)\" is connected; give proxyID=pod.namespace")
        }
        return proxy
    }

    private func configuration(of id: String) throws -> JSON {
        let proxy = try proxy(id)
        let model = state.model
        guard let workload = model.workloads[proxy.pod] else { throw HTTPFailure(404, "pod \(proxy.pod) is not known") }
        let resolver = ResourceResolver(model: model, roots: state.roots)
        var page: JSON = [:]
        for (name, version) in proxy.versions where !version.isEmpty {
            var entry: JSON = ["version": .string(version)]
            if let encoded = resolver.resource(name, for: workload) {
                entry["isCurrent"] = .bool(encoded.version == version)
                let resource = try Resource.decode(typeURL: encoded.typeURL, encoded.bytes)
                entry["resource"] = resource.map { JSON(reflecting: $0) }
            }
            page[name.description] = entry
        }
        return page
    }

    private func check(of id: String, _ host: String?) throws -> String {
        let parts = id.split(separator: ".", maxSplits: 1).map(String.init)
        let model = state.model
        guard parts.count == 2, let workload = model.workloads[ObjectKey(namespace: parts[1], name: parts[0])] else {
            throw HTTPFailure(404, "no pod \"\(id)\" is known; give proxyID=pod.namespace")
        }
        return TLSCheck(model, client: workload, host: host).text
    }

    // The mesh

    private var model: JSON {
        let model = state.model
        return [
            "config": model.config.document,
            "namespaces": .strings(model.namespaces.keys.sorted()),
            "services": .strings(model.services.keys.sorted()),
            "workloads": .array(
                model.workloads.values.sorted { $0.key < $1.key }.map { workload in
                    [
                        "name": .string(workload.key.description), "serviceAccount": .string(workload.serviceAccount),
                        "addresses": .strings(workload.addresses), "hasSidecar": .bool(workload.hasSidecar),
                        "inbound": JSON(reflecting: model.inbound(of: workload)),
                    ]
                }
            ),
            "problems": .strings(
                Dictionary(model.problems.map { ($0.key.description, $0.value) }) { first, _ in first }
            ),
        ]
    }

    private var metrics: String {
        let model = state.model
        let statuses = state.proxies.map(\.status)
        var text = ""
        func metric(_ name: String, _ kind: String, _ help: String, _ value: Int) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n\(name) \(value)\n"
        }
        metric("pilot_xds", "gauge", "Proxies that are connected.", statuses.count)
        metric("pilot_services", "gauge", "Services known to the mesh.", model.services.count)
        metric("pilot_conflict_objects", "gauge", "Objects that cannot be used.", model.problems.count)
        let stale = statuses.count { Self.word(for: $0) == "STALE" }
        metric("pilot_xds_stale", "gauge", "Connected proxies that lack their current configuration.", stale)
        for (name, help, value) in counters.all { metric(name, "counter", help, value) }
        return text
    }
}
