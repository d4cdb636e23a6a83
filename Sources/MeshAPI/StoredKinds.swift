internal import JSON

/// Istio's kinds that are stored as they are written, and change nothing.
enum StoredKinds {
    /// By kind: the API group, and what people who apply one must know.
    private static let consequences: [String: (group: String, text: String)] = [
        "AuthorizationPolicy": ("security.istio.io", "it denies and allows nothing"),
        "RequestAuthentication": ("security.istio.io", "tokens are not verified"),
        "EnvoyFilter": ("networking.istio.io", "the proxies are not Envoy"),
        "ProxyConfig": ("networking.istio.io", "use the annotation proxy.istio.io/config of the pods"),
        "Telemetry": ("telemetry.istio.io", "logs and metrics stay as they are"),
        "WasmPlugin": ("extensions.istio.io", "the proxies run no plugins"),
    ]

    /// The judgement of an object; nil when it is of another kind.
    static func validation(of object: JSON) -> Validation? {
        guard let kind = object["kind"]?.string, let (group, text) = consequences[kind],
            object["apiVersion"]?.string?.hasPrefix(group + "/") ?? false
        else { return nil }
        return Validation(warnings: ["\(kind) is stored and not in force: \(text)"])
    }
}
