internal import Injection
internal import JSON
internal import Kubernetes
internal import Mesh
internal import MeshAPI

/// IST0102, IST0103: namespaces and pods that are not part of the mesh.
@Sendable func analyzeInjection(_ context: AnalysisContext, _ findings: FindingList) {
    var enabled: Set<String> = []
    for resource in context.resources("Namespace") {
        let name = resource.object.metadata.name
        let labels = resource.object.metadata.labels
        if labels["istio-injection"] == "enabled" { enabled.insert(name) }
        let isDecided = ["istio-injection", "istio.io/rev", "istio.io/dataplane-mode"].contains { labels[$0] != nil }
        guard !isDecided, !context.isSystem(name) else { continue }
        findings.add(
            "IST0102",
            .info,
            resource,
            "The namespace is not enabled for Istio injection. Run 'kubectl label namespace \(name) istio-injection=enabled' "
                + "to enable it, or 'kubectl label namespace \(name) istio-injection=disabled' to explicitly mark it as not "
                + "needing injection."
        )
    }
    for resource in context.resources("Pod") where enabled.contains(resource.object.metadata.namespace) {
        let pod = Workload(pod: resource.object)
        let choice = pod.labels[injectKey] ?? pod.metadata.annotations[injectKey]
        guard choice != "false", !pod.usesHostNetwork, !pod.hasSidecar, !pod.isFinished else { continue }
        findings.add(
            "IST0103",
            .warning,
            resource,
            "The pod \(pod.metadata.name) is missing the Istio proxy. This can often be resolved by restarting or "
                + "redeploying the workload."
        )
    }
}

private let injectKey = "sidecar.istio.io/inject"

/// IST0118: ports whose protocol has to be found out.
@Sendable func analyzePortNames(_ context: AnalysisContext, _ findings: FindingList) {
    for resource in context.resources("Service") {
        let key = resource.object.metadata.key
        guard !context.isSystem(key.namespace), key.description != "default/kubernetes",
            let service = context.model.services[context.model.host(ofService: key.name, in: key.namespace)],
            !service.isAlias
        else { continue }
        for port in service.ports where port.spoken == .auto {
            let target =
                switch port.target {
                case .number(let number): String(number)
                case .name(let name): name
                }
            findings.add(
                "IST0118",
                .info,
                resource,
                "Port name \(port.name) (port: \(port.number), targetPort: \(target)) doesn't follow the naming convention of "
                    + "Istio port."
            )
        }
    }
}

/// IST0107, IST0108, IST0125, IST0135: annotations that do nothing, or not what they seem to.
@Sendable func analyzeAnnotations(_ context: AnalysisContext, _ findings: FindingList) {
    for resource in context.all {
        for (annotation, value) in resource.object.metadata.annotations.sorted(by: { $0.key < $1.key }) {
            analyze(annotation, value, on: resource, resource.object.kind, findings)
        }
        let template = resource.object["spec", "template", "metadata", "annotations"]?.strings ?? [:]
        for (annotation, value) in template.sorted(by: { $0.key < $1.key }) {
            analyze(annotation, value, on: resource, "Pod", findings)
        }
    }
}

private func analyze(
    _ annotation: String,
    _ value: String,
    on resource: Analysis.Resource,
    _ kind: String,
    _ findings: FindingList
) {
    guard isIstioAnnotation(annotation) else { return }
    guard let kinds = knownAnnotations[annotation] else {
        findings.add("IST0108", .warning, resource, "Unknown annotation: \(annotation)")
        return
    }
    let checked: Set = ["Namespace", "Service", "Pod", "Deployment"]
    if checked.contains(kind), !kinds.isEmpty, !kinds.contains(kind) {
        let places = kinds.joined(separator: ", ")
        findings.add(
            "IST0107",
            .warning,
            resource,
            "Misplaced annotation: \(annotation) can only be applied to \(places)"
        )
        return
    }
    if let problem = AnnotationRules.problem(annotation, value) {
        findings.add("IST0125", .warning, resource, "Invalid annotation \(annotation): \"\(value)\" \(problem)")
    }
    if annotation == injectKey {
        findings.add(
            "IST0135",
            .info,
            resource,
            "Annotation \"\(annotation)\" has been deprecated in favor of the \"\(injectKey)\" label and may not work in "
                + "future Istio versions."
        )
    }
}

private func isIstioAnnotation(_ annotation: String) -> Bool {
    guard let domain = annotation.split(separator: "/").first, annotation.contains("/") else { return false }
    return domain == "istio.io" || domain.hasSuffix(".istio.io")
}

/// Istio's annotations, and the kinds that they are for; an empty list means any.
private let knownAnnotations: [String: [String]] = {
    var known: [String: [String]] = [
        "galley.istio.io/analyze-suppress": [], "install.operator.istio.io/chart-owner": [],
        "install.operator.istio.io/owner-generation": [], "install.operator.istio.io/version": [],
        "istio.io/rev": ["Pod"], "istio.io/dry-run": [], "istio.io/reroute-virtual-interfaces": ["Pod"],
        "networking.istio.io/exportTo": ["Service"], "networking.istio.io/traffic-distribution": ["Service"],
        "networking.istio.io/address-type": ["Service"], "networking.istio.io/service-type": [],
        "traffic.istio.io/nodeSelector": ["Service"], "topology.istio.io/controlPlaneClusters": ["Namespace"],
        "ambient.istio.io/redirection": ["Pod"], "ambient.istio.io/bypass-inbound-capture": ["Pod"],
        "prometheus.istio.io/merge-metrics": ["Pod"], "proxy.istio.io/config": ["Pod"],
        "proxy.istio.io/overrides": ["Pod"], "inject.istio.io/templates": ["Pod"],
        "status.sidecar.istio.io/port": ["Pod"], "security.istio.io/autoRegistrationGroup": [],
    ]
    let sidecar = [
        "inject", "status", "interceptionMode", "proxyImage", "proxyImageType", "logLevel", "componentLogLevel",
        "agentLogLevel", "bootstrapOverride", "capNetBindService", "userVolume", "userVolumeMount",
        "statsInclusionPrefixes", "statsInclusionSuffixes", "statsInclusionRegexps", "statsHistogramBuckets",
        "statsCompression", "statsEvictionInterval", "extraStatTags", "rewriteAppHTTPProbers", "proxyCPU",
        "proxyMemory",
        "proxyCPULimit", "proxyMemoryLimit", "nativeSidecar", "discoveryAddress", "controlPlaneAuthPolicy",
        "enableCoreDump",
    ]
    let traffic = [
        "includeOutboundIPRanges", "excludeOutboundIPRanges", "includeInboundPorts", "excludeInboundPorts",
        "includeOutboundPorts", "excludeOutboundPorts", "excludeInterfaces", "kubevirtInterfaces",
    ]
    for name in sidecar { known["sidecar.istio.io/\(name)"] = ["Pod"] }
    for name in traffic { known["traffic.sidecar.istio.io/\(name)"] = ["Pod"] }
    for name in ["initialDelaySeconds", "periodSeconds", "failureThreshold", "applicationPorts"] {
        known["readiness.status.sidecar.istio.io/\(name)"] = ["Pod"]
    }
    return known
}()
