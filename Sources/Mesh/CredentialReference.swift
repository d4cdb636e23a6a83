public import Base

/// What a `credentialName` means to the proxy that is to use it (Istio's `pilot/pkg/model/credentials`).
public struct CredentialReference: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case secret
        case configMap
    }

    /// What a name that asks for roots ends with.
    public static let rootsSuffix = "-cacert"

    public let kind: Kind
    public let namespace: String
    /// The Secret's own name, with ``rootsSuffix`` where the reference has it.
    public let name: String

    /// The reference with its scheme, as proxies ask for it (Istio's `credentials.ToResourceName`).
    public static func fullName(_ text: String) -> String { text.contains("://") ? text : "kubernetes://\(text)" }

    /// Where the roots are that belong to a credential; a ConfigMap has nothing else.
    public static func rootsName(for text: String) -> String {
        text.hasPrefix("configmap://") ? text : fullName(text) + rootsSuffix
    }

    /// Whether whom to believe is asked for, and not a certificate with its key.
    public var isRoots: Bool { kind == .configMap || name.hasSuffix(Self.rootsSuffix) }

    /// The name of the Secret that has the roots when there is none for them alone; nil for other references.
    public var fallbackName: String? {
        kind == .secret && isRoots ? String(name.dropLast(Self.rootsSuffix.count)) : nil
    }

    /// - Parameters:
    ///   - text: `name`, `kubernetes://name`, `kubernetes://namespace/name`, `kubernetes-gateway://namespace/name` or
    ///     `configmap://namespace/name`.
    ///   - namespace: The proxy's own, which is the only one that a proxy gets credentials from.
    /// - Throws: `invalidConfiguration` saying what is wrong with the reference.
    public init(_ text: String, namespace own: String) throws(MeshError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let scheme = text.contains("://") ? parts[0] : "kubernetes:"
        let names = text.contains("://") ? Array(parts.dropFirst(2)) : parts
        switch scheme {
        case "kubernetes:", "kubernetes-gateway:": kind = .secret
        case "configmap:": kind = .configMap
        default: throw Self.error("credential \"\(text)\": nothing is known by the scheme \(scheme)//; name a Secret")
        }
        let hasNamespace = names.count == 2
        guard hasNamespace || (names.count == 1 && scheme == "kubernetes:"), !names.contains("") else {
            throw Self.error("credential \"\(text)\": expected the name of a Secret, or \(scheme)//<namespace>/<name>")
        }
        namespace = hasNamespace ? names[0] : own
        name = names[names.count - 1]
        guard namespace == own else {
            throw Self.error(
                "credential \"\(text)\" is in namespace \(namespace): a proxy gets credentials only from its own, \(own)"
            )
        }
    }

    private static func error(_ text: String) -> MeshError { MeshError(.invalidConfiguration, text) }
}
