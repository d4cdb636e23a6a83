/// Who a workload is: `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`.
public struct SPIFFEID: Hashable, Sendable, CustomStringConvertible {
    public let trustDomain: String
    public let namespace: String
    public let serviceAccount: String

    /// - Parameter trustDomain: An `@` in it becomes a `.`, as Istio does.
    public init(trustDomain: String, namespace: String, serviceAccount: String) {
        self.trustDomain = String(trustDomain.map { $0 == "@" ? "." : $0 })
        self.namespace = namespace
        self.serviceAccount = serviceAccount
    }

    /// Reads an identity; nil for a URI of any other form.
    public init?(_ uri: String) {
        guard uri.hasPrefix("spiffe://") else { return nil }
        let parts = uri.dropFirst(9).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[1] == "ns", parts[3] == "sa", !parts[0].isEmpty, !parts[2].isEmpty,
            !parts[4].isEmpty
        else { return nil }
        trustDomain = String(parts[0])
        namespace = String(parts[2])
        serviceAccount = String(parts[4])
    }

    public var description: String { "spiffe://\(trustDomain)/ns/\(namespace)/sa/\(serviceAccount)" }
}
