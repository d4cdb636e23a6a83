internal import JSON

/// Why a pod is left as it is.
public enum SkipReason: Hashable, Sendable, CustomStringConvertible {
    case hostNetwork
    case ignoredNamespace(String)
    /// The pod's label or annotation `sidecar.istio.io/inject` says no.
    case refused
    /// A selector of `neverInjectSelector` matches.
    case neverSelected
    /// The pod says nothing, and the policy is `disabled`.
    case policy

    public var description: String {
        switch self {
        case .hostNetwork: "has host networking enabled"
        case .ignoredNamespace(let name): "is in namespace \(name), which is never injected"
        case .refused: "has sidecar injection disabled"
        case .neverSelected: "is matched by neverInjectSelector"
        case .policy: "does not ask for injection and the policy is disabled"
        }
    }
}

/// Whether a pod gets a sidecar (Istio's `injectRequired`); nil for ``skip`` means that it does.
struct InjectionDecision {
    var skip: SkipReason?
    var warnings: [String] = []

    static let ignoredNamespaces: Set = ["kube-system", "kube-public", "kube-node-lease", "local-path-storage"]
    static let injectKey = "sidecar.istio.io/inject"

    init(pod: JSON, namespace: String?, settings: InjectionSettings) {
        if pod["spec", "hostNetwork"]?.bool == true {
            skip = .hostNetwork
            return
        }
        if let namespace, Self.ignoredNamespaces.contains(namespace) {
            skip = .ignoredNamespace(namespace)
            return
        }
        let labels = pod["metadata", "labels"]?.strings ?? [:]
        let wish = labels[Self.injectKey] ?? pod["metadata", "annotations", Self.injectKey]?.string ?? ""
        switch wish {
        case "true": return
        case "false": skip = .refused
        default:
            if !wish.isEmpty {
                warnings.append("\(Self.injectKey) is \"\(wish)\": only \"true\" and \"false\" mean something, ignored")
            }
            skip = Self.byDefault(labels: labels, settings: settings)
        }
    }

    private static func byDefault(labels: [String: String], settings: InjectionSettings) -> SkipReason? {
        if settings.neverInjectSelector.contains(where: { matches($0, labels) }) { return .neverSelected }
        if settings.alwaysInjectSelector.contains(where: { matches($0, labels) }) { return nil }
        return settings.policy == .enabled ? nil : .policy
    }

    /// Whether a label selector (`meta/v1.LabelSelector`) selects something with `labels`; an empty one selects nothing here.
    static func matches(_ selector: JSON, _ labels: [String: String]) -> Bool {
        let exact = selector["matchLabels"]?.strings ?? [:]
        let expressions = selector.elements("matchExpressions")
        guard !exact.isEmpty || !expressions.isEmpty else { return false }
        return exact.allSatisfy { labels[$0.key] == $0.value } && expressions.allSatisfy { holds($0, labels) }
    }

    private static func holds(_ expression: JSON, _ labels: [String: String]) -> Bool {
        let value = labels[expression["key"]?.string ?? ""]
        let values = expression.elements("values").compactMap(\.string)
        return switch expression["operator"]?.string {
        case "In": value.map(values.contains) ?? false
        case "NotIn": !(value.map(values.contains) ?? false)
        case "Exists": value != nil
        case "DoesNotExist": value == nil
        default: false
        }
    }
}
