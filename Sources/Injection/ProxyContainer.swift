internal import JSON

/// The two containers that make a pod part of the mesh.
struct ProxyContainer {
    let settings: InjectionSettings
    let annotations: [String: String]
    let interception: Interception
    let proxyConfig: JSON
    let workload: Workload
    /// The pod's namespace, or a reference to the variable that will hold it.
    let namespace: String
    /// The application's containers, as they were written.
    let applications: [JSON]
    /// Ports that the pod's author gave the proxy itself.
    let ownPorts: [JSON]
    let originalProbes: [String: JSON]
    let template: ProxyTemplate
    let isNative: Bool

    private var image: String {
        if let image = annotations["sidecar.istio.io/proxyImage"] { return image }
        let name = settings.text("global.proxy.image")
        if name.contains("/") { return name }
        return "\(settings.text("global.hub"))/\(name):\(settings.text("global.tag"))"
    }

    private var agentLogLevel: String {
        annotations["sidecar.istio.io/agentLogLevel"] ?? settings.text("global.logging.level")
    }

    /// Sets the redirection up before anything else runs.
    func initContainer() -> JSON {
        base(
            name: "istio-init",
            arguments: interception.arguments(logLevel: agentLogLevel),
            security: [
                "allowPrivilegeEscalation": .bool(isPrivileged), "privileged": .bool(isPrivileged),
                "capabilities": ["add": ["NET_ADMIN", "NET_RAW"], "drop": ["ALL"]],
                "readOnlyRootFilesystem": false, "runAsGroup": 0, "runAsNonRoot": false, "runAsUser": 0,
            ]
        )
    }

    private var isPrivileged: Bool { settings.value("global.proxy.privileged")?.bool ?? false }

    /// The proxy itself.
    func container() -> JSON {
        var container = base(name: "istio-proxy", arguments: arguments, security: proxySecurity)
        container["env"] = .array(environment)
        container["ports"] = [["name": "http-envoy-prom", "containerPort": 15090, "protocol": "TCP"]]
        container["volumeMounts"] = .array(ProxyVolumes.mounts)
        if interception.statusPort != 0 { addProbes(&container) }
        if isNative {
            container["restartPolicy"] = "Always"
        } else if template == .sidecar {
            // The containers after this one start when the hook has returned, which is when the proxy is ready.
            container["lifecycle"] = ["postStart": ["exec": ["command": ["apus-proxy", "wait"]]]]
        }
        return container
    }

    private func base(name: String, arguments: [String], security: JSON) -> JSON {
        var container: JSON = [
            "name": .string(name), "image": .string(image), "args": .strings(arguments), "resources": resources,
            "securityContext": security,
        ]
        let pullPolicy = settings.text("global.imagePullPolicy")
        if !pullPolicy.isEmpty { container["imagePullPolicy"] = .string(pullPolicy) }
        return container
    }

    private var arguments: [String] {
        let level = annotations["sidecar.istio.io/logLevel"] ?? settings.text("global.proxy.logLevel")
        let components =
            annotations["sidecar.istio.io/componentLogLevel"] ?? settings.text("global.proxy.componentLogLevel")
        var arguments = [
            "proxy", template == .sidecar ? "sidecar" : "router", "--domain",
            "$(POD_NAMESPACE).svc.\(settings.text("global.proxy.clusterDomain"))",
            "--proxyLogLevel=\(level)", "--proxyComponentLogLevel=\(components)",
            "--log_output_level=\(agentLogLevel)",
        ]
        if let concurrency = proxyConfig["concurrency"]?.int { arguments += ["--concurrency", String(concurrency)] }
        return arguments
    }

    private var proxySecurity: JSON {
        // TPROXY keeps the client's address by opening sockets that are bound to it, which needs the capability.
        let isTransparent = interception.mode == "TPROXY"
        var security: JSON = [
            "allowPrivilegeEscalation": .bool(isPrivileged), "privileged": .bool(isPrivileged),
            "capabilities": isTransparent ? ["add": ["NET_ADMIN"], "drop": ["ALL"]] : ["drop": ["ALL"]],
            "readOnlyRootFilesystem": true, "runAsGroup": 1337, "runAsNonRoot": .bool(!isTransparent),
        ]
        security["runAsUser"] = isTransparent ? 0 : 1337
        return security
    }

    /// One annotation about resources replaces all of the installation's.
    private var resources: JSON {
        var own: JSON = [:]
        for (annotation, group, resource) in [
            ("proxyCPU", "requests", "cpu"), ("proxyMemory", "requests", "memory"),
            ("proxyCPULimit", "limits", "cpu"), ("proxyMemoryLimit", "limits", "memory"),
        ] {
            if let value = annotations["sidecar.istio.io/\(annotation)"] { own[group, resource] = .string(value) }
        }
        return own == [:] ? settings.value("global.proxy.resources") ?? [:] : own
    }

    private func addProbes(_ container: inout JSON) {
        func number(_ annotation: String, _ value: String) -> JSON {
            let text = annotations["readiness.status.sidecar.istio.io/\(annotation)"]
            return .int(text.flatMap { Int64($0) } ?? settings.value("global.proxy.\(value)")?.int ?? 0)
        }
        let get: JSON = ["path": "/healthz/ready", "port": 15021]
        container["readinessProbe"] = [
            "httpGet": get, "timeoutSeconds": 3,
            "initialDelaySeconds": number("initialDelaySeconds", "readinessInitialDelaySeconds"),
            "periodSeconds": number("periodSeconds", "readinessPeriodSeconds"),
            "failureThreshold": number("failureThreshold", "readinessFailureThreshold"),
        ]
        guard settings.value("global.proxy.startupProbe.enabled")?.bool ?? true else { return }
        container["startupProbe"] = [
            "httpGet": get, "timeoutSeconds": 3, "periodSeconds": 1,
            "failureThreshold": settings.value("global.proxy.startupProbe.failureThreshold") ?? 600,
        ]
    }
}
