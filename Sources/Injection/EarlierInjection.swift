internal import JSON

/// Takes a pod back to what it was before it was injected.
enum EarlierInjection {
    static let statusKey = "sidecar.istio.io/status"

    /// `pod` without what its status annotation lists; `pod` itself when it has none.
    static func removed(from pod: JSON) -> JSON {
        guard let text = pod["metadata", "annotations", statusKey]?.string, let status = try? JSON(parsing: text)
        else { return pod }
        let environment = proxyEnvironment(pod)
        var result = pod
        for key in ["initContainers", "containers", "volumes"] {
            let injected = Set(status.elements(key).compactMap(\.string))
            let own = key == "containers" ? Customization.recorded(pod) : []
            let kept = own + (pod["spec"]?.elements(key) ?? []).filter { !injected.contains($0.name) }
            result["spec", key] = kept.isEmpty && key != "containers" ? nil : .array(kept)
        }
        if let probes = environment["ISTIO_KUBE_APP_PROBERS"].flatMap({ try? JSON(parsing: $0) }) {
            let containers = result["spec"]?.elements("containers") ?? []
            result["spec", "containers"] = .array(containers.map { ProbeRewriting.restore($0, from: probes) })
        }
        let scrape = environment["ISTIO_PROMETHEUS_ANNOTATIONS"].flatMap { try? JSON(parsing: $0) }
        var annotations = pod["metadata", "annotations"]?.strings ?? [:]
        annotations[statusKey] = nil
        annotations[Customization.key] = nil
        result["metadata", "annotations"] = .strings(ScrapeAnnotations.restored(annotations, from: scrape))
        return result
    }

    private static func proxyEnvironment(_ pod: JSON) -> [String: String] {
        let spec = pod["spec"] ?? [:]
        let proxy = (spec.elements("initContainers") + spec.elements("containers")).first { $0.name == "istio-proxy" }
        let pairs = (proxy?.elements("env") ?? []).compactMap { variable in
            variable["value"]?.string.map { (variable.name, $0) }
        }
        return Dictionary(pairs) { _, last in last }
    }
}

/// Lays a pod's own `istio-proxy` container over the one that is injected.
enum Customization {
    /// The annotation that keeps what the pod's author wrote.
    static let key = "proxy.istio.io/overrides"

    static func record(_ own: JSON) -> String { (["containers": [own]] as JSON).text() }

    /// What ``record(_:)`` keeps of a pod's containers.
    static func recorded(_ pod: JSON) -> [JSON] {
        let text = pod["metadata", "annotations", key]?.string ?? ""
        return (try? JSON(parsing: text))?.elements("containers") ?? []
    }

    /// Members of lists are matched by what names them; `image: auto` means the injected image.
    static func apply(_ own: JSON, to template: JSON) -> JSON {
        var own = own
        if own["image"]?.string == "auto" { own["image"] = nil }
        var result = template
        for (list, key) in [("env", "name"), ("volumeMounts", "mountPath"), ("ports", "containerPort")]
        where own[list]?.array != nil {
            let replaced = Set(own.elements(list).compactMap { $0[key] })
            result[list] = .array(
                template.elements(list).filter { $0[key].map { !replaced.contains($0) } ?? true } + own.elements(list)
            )
            own[list] = nil
        }
        return result.merged(with: own)
    }
}
