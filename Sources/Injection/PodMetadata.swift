internal import JSON

/// The application's own scrape annotations, which the proxy's take the place of.
enum ScrapeAnnotations {
    private static let keys = ["scrape", "path", "port"]

    /// What the application said, for the proxy to merge in; nil when it said nothing.
    static func original(_ annotations: [String: String]) -> JSON? {
        guard annotations["prometheus.io/port"] != "15020" else { return nil }
        let values = keys.compactMap { key in annotations["prometheus.io/\(key)"].map { (key, $0) } }
        return values.isEmpty ? nil : .strings(Dictionary(uniqueKeysWithValues: values))
    }

    static func merged(into annotations: [String: String], statusPort: Int64) -> [String: String] {
        var annotations = annotations
        annotations["prometheus.io/scrape"] = "true"
        annotations["prometheus.io/path"] = "/stats/prometheus"
        annotations["prometheus.io/port"] = String(statusPort)
        return annotations
    }

    /// Undoes ``merged(into:statusPort:)``.
    static func restored(_ annotations: [String: String], from original: JSON?) -> [String: String] {
        var annotations = annotations
        guard annotations["prometheus.io/path"] == "/stats/prometheus" else { return annotations }
        for key in keys { annotations["prometheus.io/\(key)"] = original?[key]?.string }
        return annotations
    }
}

/// The labels by which a workload is known in the mesh.
enum MeshLabels {
    static func added(to labels: [String: String], workload: Workload, isSidecar: Bool) -> [String: String] {
        var result = labels
        // A value that is there already is the user's: `disabled` says that this pod cannot do mutual TLS. A gateway's
        // servers speak what its Gateway resources say, so that clients cannot just begin with mutual TLS.
        if isSidecar { result["security.istio.io/tlsMode", default: "istio"] += "" }
        let name = first(
            labels,
            ["service.istio.io/canonical-name", "app.kubernetes.io/name", "app"],
            otherwise: workload.name
        )
        if !name.isEmpty { result["service.istio.io/canonical-name"] = String(name.prefix(63)) }
        let revision = first(
            labels,
            ["service.istio.io/canonical-revision", "app.kubernetes.io/version", "version"],
            otherwise: "latest"
        )
        result["service.istio.io/canonical-revision"] = String(revision.prefix(63))
        return result
    }

    private static func first(_ labels: [String: String], _ keys: [String], otherwise: String) -> String {
        keys.lazy.compactMap { labels[$0] }.first { !$0.isEmpty } ?? otherwise
    }
}
