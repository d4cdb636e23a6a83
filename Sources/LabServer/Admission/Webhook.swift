import Base
import JSON
import Kubernetes

/// One webhook of a configuration.
struct Webhook: Sendable {
    let json: JSON

    var name: String { json["name"]?.string ?? "" }
    var ignoresFailures: Bool { json["failurePolicy"]?.string == "Ignore" }
    var mayBeAskedAgain: Bool { json["reinvocationPolicy"]?.string == "IfNeeded" }
    var patience: Duration { .seconds(json["timeoutSeconds"]?.int ?? 10) }

    /// All webhooks of the configurations, in the order in which they are asked.
    static func all(of configurations: String, in index: StoreIndex) -> [Webhook] {
        index.objects(of: "admissionregistration.k8s.io/\(configurations)").sorted { $0.key < $1.key }
            .flatMap { ($0.value.value["webhooks"]?.array ?? []).map(Webhook.init) }
    }

    /// In which version of its resource the webhook wants to see the request; nil when it does not want to.
    ///
    /// - Parameter versions: All versions of the resource.
    func version(for request: AdmissionRequest, among versions: [ResourceDefinition]) -> ResourceDefinition? {
        // Nobody can be locked out of the webhook configurations themselves.
        if request.definition.type.group == "admissionregistration.k8s.io" { return nil }
        let isEquivalent = json["matchPolicy"]?.string != "Exact"
        let candidates = [request.definition] + (isEquivalent ? versions : [])
        let matched = candidates.first { version in
            (json["rules"]?.array ?? []).contains { Self.matches($0, request, version.type) }
        }
        guard let matched, selects(request) else { return nil }
        return matched
    }

    private static func matches(_ rule: JSON, _ request: AdmissionRequest, _ type: ResourceType) -> Bool {
        func lists(_ field: String, _ value: String) -> Bool {
            (rule[field]?.array ?? []).contains { $0.string == "*" || $0.string == value }
        }
        switch rule["scope"]?.string {
        case "Namespaced": if request.namespace.isEmpty { return false }
        case "Cluster": if !request.namespace.isEmpty { return false }
        default: break
        }
        guard lists("operations", request.operation.rawValue), lists("apiGroups", type.group),
            lists("apiVersions", type.version)
        else { return false }
        return (rule["resources"]?.array ?? []).compactMap(\.string).contains { pattern in
            let parts = pattern.split(separator: "/", maxSplits: 1).map(String.init)
            guard let resource = parts.first, resource == "*" || resource == type.plural else { return false }
            let subresource = parts.count > 1 ? parts[1] : ""
            return subresource == request.subresource || (subresource == "*" && parts.count > 1)
        }
    }

    private func selects(_ request: AdmissionRequest) -> Bool {
        let labels = [request.object, request.old].compactMap { $0?.metadata.labels }
        if let selector = selector("objectSelector"), !labels.contains(where: selector.matches) { return false }
        guard let selector = selector("namespaceSelector") else { return true }
        if request.definition.storage == "/namespaces" { return labels.contains(where: selector.matches) }
        if request.namespace.isEmpty { return true }
        let key = StorageKey(resource: "/namespaces", namespace: "", name: request.namespace)
        return selector.matches(request.index[key]?.value.metadata.labels ?? [:])
    }

    /// nil when it selects everything.
    private func selector(_ field: String) -> LabelSelector? {
        guard let json = json[field], json != [:] else { return nil }
        return try? LabelSelector(json)
    }
}
