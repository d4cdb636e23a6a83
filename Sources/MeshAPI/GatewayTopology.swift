public import JSON
internal import YAML

/// What a gateway may believe of the proxies before it (`proxyConfig.gatewayTopology`).
public struct GatewayTopology: Hashable, Sendable {
    /// What becomes of `x-forwarded-client-cert`.
    public enum ClientCertDetails: String, CaseIterable, Sendable {
        /// What the mesh or Istio says: ``sanitizeSet``.
        case undefined = "UNDEFINED"
        /// Removed, and nothing is told.
        case sanitize = "SANITIZE"
        /// Kept on connections with a client certificate, and nothing added.
        case forwardOnly = "FORWARD_ONLY"
        case appendForward = "APPEND_FORWARD"
        /// Replaced by what this gateway knows itself.
        case sanitizeSet = "SANITIZE_SET"
        /// Kept on all connections.
        case alwaysForwardOnly = "ALWAYS_FORWARD_ONLY"
    }

    /// How many proxies before the gateway write `x-forwarded-for` truthfully; 0 believes nobody.
    public var numTrustedProxies = 0
    public var forwardClientCertDetails = ClientCertDetails.undefined
    /// Whether every connection begins with the PROXY protocol (`proxyProtocol: {}`), which says who the client is.
    public var expectsProxyProtocol = false

    /// Believes nobody.
    public init() {}

    /// The name of the annotation with which a pod overrides the mesh's `defaultConfig`.
    public static let annotation = "proxy.istio.io/config"

    init(_ reader: inout FieldReader) {
        numTrustedProxies = reader.int("numTrustedProxies", in: 0...1024) ?? 0
        forwardClientCertDetails = reader.choice("forwardClientCertDetails", ClientCertDetails.self) ?? .undefined
        expectsProxyProtocol = reader.object("proxyProtocol") { _ in true } ?? false
    }

    /// This as a pod's annotation changes it.
    ///
    /// What cannot be read changes nothing: the mesh's word stays.
    public func overridden(by annotation: String?) -> GatewayTopology {
        guard let annotation, let own = (try? YAML.value(annotation))?["gatewayTopology"] else { return self }
        let problems = FieldProblems()
        var document: JSON = [
            "numTrustedProxies": .int(Int64(numTrustedProxies)),
            "forwardClientCertDetails": .string(forwardClientCertDetails.rawValue),
        ]
        if expectsProxyProtocol { document["proxyProtocol"] = [:] }
        document = MeshConfig.deepMerge(document, own)
        var reader = FieldReader(document, path: "gatewayTopology", problems: problems)
        let result = GatewayTopology(&reader)
        reader.finish()
        return problems.texts.isEmpty ? result : self
    }

    /// Why an annotation's `gatewayTopology` cannot be used; nil when it can, or is not there.
    public static func problem(_ annotation: JSON) -> String? {
        guard let own = annotation["gatewayTopology"] else { return nil }
        let problems = FieldProblems()
        var reader = FieldReader(own, path: "gatewayTopology", problems: problems)
        _ = GatewayTopology(&reader)
        reader.finish()
        return problems.texts.first
    }
}
