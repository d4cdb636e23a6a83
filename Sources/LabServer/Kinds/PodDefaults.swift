import JSON

/// What the API server fills in of a pod's specification.
enum PodDefaults {
    static func apply(_ spec: inout JSON) {
        spec.setDefault("restartPolicy", "Always")
        spec.setDefault("terminationGracePeriodSeconds", 30)
        spec.setDefault("dnsPolicy", "ClusterFirst")
        spec.setDefault("securityContext", [:])
        spec.setDefault("schedulerName", "default-scheduler")
        // The two names of one field.
        if let account = spec["serviceAccountName"] ?? spec["serviceAccount"] {
            spec["serviceAccountName"] = account
            spec["serviceAccount"] = account
        }
        spec.changeEach("initContainers", container)
        spec.changeEach("containers", container)
        spec.changeEach("volumes", volume)
    }

    private static func container(_ container: inout JSON) {
        container.setDefault("imagePullPolicy", .string(pullPolicy(container["image"]?.string ?? "")))
        container.setDefault("terminationMessagePath", "/dev/termination-log")
        container.setDefault("terminationMessagePolicy", "File")
        container.setDefault("resources", [:])
        container.changeEach("ports") { $0.setDefault("protocol", "TCP") }
        container.changeEach("env") { variable in
            variable.change("valueFrom") { source in
                source.change("fieldRef") { $0.setDefault("apiVersion", "v1") }
                source.change("resourceFieldRef") { $0.setDefault("divisor", "0") }
            }
        }
        container.change("resources") { resources in
            // What is limited and not requested is requested up to the limit.
            guard let limits = resources["limits"]?.object else { return }
            var requests = resources["requests"]?.object ?? [:]
            requests.merge(limits) { requested, _ in requested }
            resources["requests"] = .object(requests)
        }
        for name in ["livenessProbe", "readinessProbe", "startupProbe"] { container.change(name, probe) }
        container.change("lifecycle") { lifecycle in
            for name in ["postStart", "preStop"] { lifecycle.change(name) { $0.change("httpGet", httpGet) } }
        }
    }

    /// Tags that move are pulled each time.
    private static func pullPolicy(_ image: String) -> String {
        if image.contains("@") { return "IfNotPresent" }
        let last = image.split(separator: "/").last ?? ""
        guard let colon = last.lastIndex(of: ":") else { return "Always" }
        return last[last.index(after: colon)...] == "latest" ? "Always" : "IfNotPresent"
    }

    private static func probe(_ probe: inout JSON) {
        probe.setDefault("timeoutSeconds", 1)
        probe.setDefault("periodSeconds", 10)
        probe.setDefault("successThreshold", 1)
        probe.setDefault("failureThreshold", 3)
        probe.change("httpGet", httpGet)
        probe.change("grpc") { $0.setDefault("service", "") }
    }

    private static func httpGet(_ action: inout JSON) {
        action.setDefault("path", "/")
        action.setDefault("scheme", "HTTP")
    }

    private static func volume(_ volume: inout JSON) {
        if volume.object?.count == 1 { volume["emptyDir"] = [:] }
        for source in ["secret", "configMap", "downwardAPI", "projected"] {
            volume.change(source) { $0.setDefault("defaultMode", 0o644) }
        }
        volume.change("hostPath") { $0.setDefault("type", "") }
        volume.change("downwardAPI") { $0.changeEach("items", downwardItem) }
        volume.change("projected") { projected in
            projected.changeEach("sources") { source in
                source.change("serviceAccountToken") { $0.setDefault("expirationSeconds", 3600) }
                source.change("downwardAPI") { $0.changeEach("items", downwardItem) }
            }
        }
    }

    private static func downwardItem(_ item: inout JSON) {
        item.change("fieldRef") { $0.setDefault("apiVersion", "v1") }
        item.change("resourceFieldRef") { $0.setDefault("divisor", "0") }
    }
}
