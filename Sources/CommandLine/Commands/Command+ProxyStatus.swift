internal import Base
internal import Explain
internal import JSON
internal import Kubernetes
internal import YAML

extension Command {
    static let proxyStatus = Command(
        name: "proxy-status",
        aliases: ["ps"],
        arguments: "[<type>/]<name>[.<namespace>]",
        summary: "Retrieves the synchronization status of each proxy in the mesh",
        details: """
            Shows every connected proxy with what the control plane has sent and the proxy has acknowledged:
            SYNCED everything, STALE something is waiting for an answer or was refused, NOT SENT nothing yet.
            """,
        examples: """
            # Every proxy
            istioctl proxy-status

            # One proxy
            istioctl proxy-status deploy/sleep.foo
            """,
        flags: [Flag("output", "o", default: "table", "One of table, json or yaml")],
        argumentCount: 0...1,
        run: { invocation in
            let cluster = try await invocation.cluster()
            var proxies = try await ConnectedProxies(cluster, systemNamespace: invocation.systemNamespace).proxies
            if let argument = invocation.arguments.first {
                let reference = PodReference(argument, namespace: invocation.namespace(of: cluster))
                let pod = try await reference.resolve(cluster.api).metadata.key
                proxies = proxies.filter { $0["proxy"]?.string == "\(pod.name).\(pod.namespace)" }
                guard !proxies.isEmpty else {
                    throw ExitError("proxy \(pod.name).\(pod.namespace) is not connected to any control plane")
                }
            }
            switch invocation.string("output") {
            case "table": write(proxies, invocation.console)
            case "json": invocation.console.print(JSON.array(proxies).text(isPretty: true))
            case "yaml": invocation.console.write(.output, YAML.text(.array(proxies)))
            default: throw ExitError("--output must be 'table', 'json' or 'yaml'")
            }
        }
    )

    private static func write(_ proxies: [JSON], _ console: Console) {
        var table = TextTable(["NAME", "CLUSTER", "STATUS", "SUBSCRIBED", "LAST PUSH", "ISTIOD", "VERSION"])
        for proxy in proxies {
            let latency = proxy["lastLatencyMilliseconds"]?.double.map { "acknowledged after \(milliseconds($0)) ms" }
            table.add([
                proxy["proxy"]?.string ?? "", proxy["cluster_id"]?.string ?? "", proxy["status"]?.string ?? "",
                "\(proxy["subscriptions"]?.int ?? 0) resources", latency ?? "-", proxy["istiod"]?.string ?? "",
                proxy["version"]?.string ?? "",
            ])
        }
        console.write(.output, table.text)
        for proxy in proxies {
            for (resource, reason) in (proxy["refusals"]?.strings ?? [:]).sorted(by: { $0.key < $1.key }) {
                console.print("\(proxy["proxy"]?.string ?? "") refuses \(resource): \(reason)")
            }
        }
    }

    /// With one digit behind the point.
    private static func milliseconds(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}

/// The proxies that are connected to any replica of the control plane, by name.
private struct ConnectedProxies {
    let proxies: [JSON]

    init(_ cluster: Cluster, systemNamespace: String) async throws {
        let pods = try await cluster.api.list(
            .pods,
            namespace: systemNamespace,
            labelSelector: "app=istiod",
            fieldSelector: nil
        ).items.filter { $0["status", "phase"]?.string == "Running" }
        guard !pods.isEmpty else {
            throw MeshError(
                .notFound,
                "no running Istio pods in namespace \"\(systemNamespace)\"; see kubectl get pods -n \(systemNamespace)"
            )
        }
        var found: [JSON] = []
        for pod in pods {
            found += try await PodAdmin.controlPlane(cluster, pod: pod).page("/debug/syncz").array ?? []
        }
        proxies = found.sorted { ($0["proxy"]?.string ?? "") < ($1["proxy"]?.string ?? "") }
    }
}
