public import Base
public import JSON

/// What a Secret or ConfigMap holds for TLS, under whichever of its keys (Istio's `pilot/pkg/credentials/kube`).
public struct SecretContent: Hashable, Sendable {
    /// The own certificate and its intermediates, PEM; empty when roots were asked for.
    public var certificatesPEM = ""
    public var keyPEM = ""
    /// Whom to believe, PEM; empty when a certificate was asked for.
    public var rootsPEM = ""
    /// Certificate revocation lists, PEM.
    public var revocationsPEM = ""
    /// A DER OCSP response.
    public var ocspStaple: [UInt8] = []

    private init() {}

    /// The names of the keys of one form of Secret.
    private struct Keys {
        let certificate: String
        let key: String
        let roots: String
        let revocations: String

        static let generic = Self(certificate: "cert", key: "key", roots: "cacert", revocations: "crl")
        static let tls = Self(certificate: "tls.crt", key: "tls.key", roots: "ca.crt", revocations: "ca.crl")
    }

    /// Reads a certificate with its key.
    ///
    /// - Throws: `invalidConfiguration` in Istio's words when there is no complete pair.
    public init(certificateOf secret: JSON) throws(MeshError) {
        let data = Self.data(secret)
        for keys in [Keys.generic, .tls] {
            guard let certificate = data[keys.certificate], let key = data[keys.key], !certificate.isEmpty, !key.isEmpty
            else { continue }
            certificatesPEM = Self.text(certificate)
            keyPEM = Self.text(key)
            revocationsPEM = Self.text(data[keys.revocations] ?? [])
            if keys.certificate == Keys.tls.certificate { ocspStaple = data["tls.ocsp-staple"] ?? [] }
            return
        }
        for keys in [Keys.generic, .tls] where data[keys.certificate] != nil && data[keys.key] != nil {
            throw Self.error("found keys \"\(keys.certificate)\" and \"\(keys.key)\", but they were empty")
        }
        throw Self.error(
            "found secret, but didn't have expected keys (cert and key) or (tls.crt and tls.key); found: "
                + Self.names(of: data)
        )
    }

    /// Reads whom to believe, of a Secret or a ConfigMap.
    ///
    /// - Throws: `invalidConfiguration` in Istio's words when there is nothing.
    public init(rootsOf object: JSON, isConfigMap: Bool = false) throws(MeshError) {
        let data = isConfigMap ? Self.plainData(object) : Self.data(object)
        // Of a ConfigMap the key that Kubernetes itself uses comes first.
        let order: [Keys] = isConfigMap ? [.tls, .generic] : [.generic, .tls]
        for keys in order {
            guard let roots = data[keys.roots], !roots.isEmpty else { continue }
            rootsPEM = Self.text(roots)
            revocationsPEM = Self.text(data[keys.revocations] ?? [])
            return
        }
        for keys in order where data[keys.roots] != nil {
            throw Self.error("found key \"\(keys.roots)\", but it was empty")
        }
        let what = isConfigMap ? "configmap" : "secret"
        throw Self.error(
            "found \(what), but didn't have expected keys cacert or ca.crt; found: \(Self.names(of: data))"
        )
    }

    private static func error(_ text: String) -> MeshError { MeshError(.invalidConfiguration, text) }

    private static func data(_ secret: JSON) -> [String: [UInt8]] {
        (secret["data"]?.object ?? [:]).mapValues { value in value.string.flatMap { Base64.decode($0) } ?? [] }
    }

    private static func plainData(_ map: JSON) -> [String: [UInt8]] {
        (map["data"]?.object ?? [:]).mapValues { Array(($0.string ?? "").utf8) }
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// The names of the keys, never what they hold.
    private static func names(of data: [String: [UInt8]]) -> String {
        let names = data.keys.sorted()
        guard names.count > 3 else { return names.joined(separator: ", ") }
        return "\(names.prefix(3).joined(separator: ", ")), and \(names.count - 3) more..."
    }
}
