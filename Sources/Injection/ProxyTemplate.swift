/// What a pod's proxy is for (annotation `inject.istio.io/templates`).
enum ProxyTemplate: String, CaseIterable {
    /// Beside an application, whose connections it takes over.
    case sidecar
    /// The pod's purpose itself: connections are addressed to it.
    case gateway

    static let key = "inject.istio.io/templates"

    /// - Parameter annotations: Already checked (``AnnotationRules``).
    init(annotations: [String: String]) {
        let names = AnnotationRules.items(annotations[Self.key] ?? "")
        self = names.first.flatMap(Self.init) ?? .sidecar
    }

    /// What is wrong with a list of templates; nil when nothing is.
    static func problem(_ list: String) -> String? {
        let known = allCases.map(\.rawValue).joined(separator: " and ")
        let names = AnnotationRules.items(list)
        for name in names where Self(rawValue: name) == nil {
            return "names template \"\(name)\"; there are \(known)"
        }
        return Set(names).count > 1 ? "names two templates; a pod's proxy is one of \(known)" : nil
    }
}
