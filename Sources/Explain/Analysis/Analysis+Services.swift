internal import JSON
internal import Kubernetes
internal import Mesh
internal import MeshAPI

/// IST0150: ports of names for other names that proxies cannot route.
@Sendable func analyzeAliases(_ context: AnalysisContext, _ findings: FindingList) {
    for resource in context.resources("Service") where resource.object["spec", "type"] == "ExternalName" {
        let key = resource.object.metadata.key
        let service = context.model.services[context.model.host(ofService: key.name, in: key.namespace)]
        guard service?.ports.contains(where: { $0.spoken == .auto || $0.spoken == .tcp }) ?? false else { continue }
        findings.add(
            "IST0150",
            .warning,
            resource,
            "Port name for ExternalName service is invalid. Proxy may prevent tcp named ports and unmatched traffic for ports "
                + "serving TCP protocol from being forwarded correctly"
        )
    }
}

/// IST0134: entries that take all traffic of a port, because nothing but an address could tell theirs apart.
@Sendable func analyzeEntries(_ context: AnalysisContext, _ findings: FindingList) {
    for resource in context.resources("ServiceEntry") {
        guard let entry = try? ServiceEntry(resource.object), entry.addresses.isEmpty else { continue }
        for port in entry.ports where port.protocolName.isEmpty || PortProtocol(named: port.protocolName) == .tcp {
            findings.add("IST0134", .warning, resource, "ServiceEntry addresses are required for this protocol.")
        }
    }
}

/// IST0144: applications with the user whose traffic is not intercepted: they would bypass their proxy.
@Sendable func analyzeUsers(_ context: AnalysisContext, _ findings: FindingList) {
    for resource in context.resources("Pod") + context.resources("Deployment") {
        let object = resource.object
        guard !context.isSystem(object.metadata.namespace) else { continue }
        let pod = object.kind == "Pod" ? object["spec"] : object["spec", "template", "spec"]
        let containers = (pod?["containers"]?.array ?? []).filter { $0["name"] != "istio-proxy" }
        guard ([pod ?? .null] + containers).contains(where: { $0["securityContext", "runAsUser"] == 1337 }) else {
            continue
        }
        findings.add("IST0144", .warning, resource, "User ID (UID) 1337 is reserved for the sidecar proxy.")
    }
}

/// IST0123: namespaces whose labels say two things about injection.
@Sendable func analyzeInjectionLabels(_ context: AnalysisContext, _ findings: FindingList) {
    for resource in context.resources("Namespace") {
        let labels = resource.object.metadata.labels
        let present = ["istio-injection", "istio.io/rev", "istio.io/dataplane-mode"].filter { labels[$0] != nil }
        guard labels["istio-injection"] != nil, present.count > 1 else { continue }
        findings.add(
            "IST0123",
            .warning,
            resource,
            "The namespace has more than one type of injection labels [\(present.joined(separator: " "))], which may lead to "
                + "undefined behavior. Make sure only one injection label exists."
        )
    }
}
