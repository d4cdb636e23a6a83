internal import JSON
internal import YAML

/// One pod on its way into the mesh.
struct PodInjection {
    let pod: JSON
    let namespace: String?
    let workload: Workload
    let annotations: [String: String]
    let settings: InjectionSettings

    private var template: ProxyTemplate { ProxyTemplate(annotations: annotations) }

    func injected() -> JSON {
        let own = annotations["proxy.istio.io/config"].flatMap { try? YAML.value($0) } ?? [:]
        let proxyConfig = settings.proxyConfig(overridden: own.object == nil ? [:] : own)
        let interception = Interception(annotations: annotations, settings: settings, proxyConfig: proxyConfig)
        let customized = containers("containers").first { $0.name == "istio-proxy" }
        let applications = containers("containers").filter { $0.name != "istio-proxy" }

        var probes = ProbeRewriting()
        let probed = applications.map {
            rewritesProbes && interception.statusPort != 0
                ? probes.rewrite($0, statusPort: interception.statusPort) : $0
        }
        let proxy = ProxyContainer(
            settings: settings,
            annotations: annotations,
            interception: interception,
            proxyConfig: proxyConfig,
            workload: workload,
            namespace: namespace ?? "$(POD_NAMESPACE)",
            applications: applications,
            ownPorts: customized?.elements("ports") ?? [],
            originalProbes: probes.originals,
            template: template,
            isNative: isNative
        )
        return assembled(proxy: proxy, applications: probed, customized: customized)
    }

    private func assembled(proxy: ProxyContainer, applications: [JSON], customized: JSON?) -> JSON {
        let sidecar = customized.map { Customization.apply($0, to: proxy.container()) } ?? proxy.container()
        let initializer = isIntercepted(by: proxy) ? [proxy.initContainer()] : []
        var result = pod
        let own = containers("initContainers")
        // A native sidecar serves the pod's own init containers too. Without one, their traffic must not be
        // redirected to a proxy that does not run yet.
        let initContainers = isNative ? initializer + [sidecar] + own : own + initializer
        result["spec", "initContainers"] = initContainers.isEmpty ? nil : .array(initContainers)
        result["spec", "containers"] = .array(isNative ? applications : [sidecar] + applications)
        let added = ProxyVolumes.volumes
        let names = Set(added.map(\.name))
        result["spec", "volumes"] = .array(containers("volumes").filter { !names.contains($0.name) } + added)
        result["metadata", "labels"] = .strings(
            MeshLabels.added(
                to: pod["metadata", "labels"]?.strings ?? [:],
                workload: workload,
                isSidecar: template == .sidecar
            )
        )
        var annotations = annotations(for: proxy, applications: applications)
        annotations[Customization.key] = customized.map(Customization.record)
        result["metadata", "annotations"] = .strings(annotations)
        return result
    }

    /// A gateway takes what is sent to it, and nothing else.
    private func isIntercepted(by proxy: ProxyContainer) -> Bool {
        template == .sidecar && proxy.interception.mode != "NONE"
    }

    private func annotations(for proxy: ProxyContainer, applications: [JSON]) -> [String: String] {
        var result = annotations
        if mergesMetrics, proxy.interception.statusPort != 0 {
            result = ScrapeAnnotations.merged(into: result, statusPort: proxy.interception.statusPort)
        }
        result["istio.io/rev"] = settings.revision
        if let first = applications.first?.name {
            for key in ["kubectl.kubernetes.io/default-container", "kubectl.kubernetes.io/default-logs-container"]
            where result[key] == nil { result[key] = first }
        }
        let initNames = (isIntercepted(by: proxy) ? ["istio-init"] : []) + (isNative ? ["istio-proxy"] : [])
        let status: JSON = [
            "initContainers": .strings(initNames), "containers": .strings(isNative ? [] : ["istio-proxy"]),
            "volumes": .strings(ProxyVolumes.volumes.map(\.name)), "imagePullSecrets": .null,
            "revision": .string(settings.revision),
        ]
        result[EarlierInjection.statusKey] = status.text()
        return result
    }

    private func containers(_ key: String) -> [JSON] { pod["spec"]?.elements(key) ?? [] }

    private var isNative: Bool {
        guard template == .sidecar else { return false }
        return annotations["sidecar.istio.io/nativeSidecar"].map { $0 == "true" } ?? settings.usesNativeSidecars
    }

    private var rewritesProbes: Bool {
        guard template == .sidecar else { return false }
        return annotations["sidecar.istio.io/rewriteAppHTTPProbers"].map { $0 == "true" }
            ?? settings.value("sidecarInjectorWebhook.rewriteAppHTTPProbe")?.bool ?? true
    }

    private var mergesMetrics: Bool {
        annotations["prometheus.istio.io/merge-metrics"].map { $0 == "true" }
            ?? settings.mesh["enablePrometheusMerge"]?.bool ?? true
    }
}
