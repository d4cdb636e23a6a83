/// How clients speak TLS to a host (DestinationRule `trafficPolicy.tls`).
///
/// `tls: {}` is mode ``Mode-swift.enum/disable``, which is something else than no `tls` at all.
public struct ClientTLSSettings: Hashable, Sendable {
    public enum Mode: String, CaseIterable, Sendable {
        /// Plaintext.
        case disable = "DISABLE"
        /// TLS without a certificate of the client.
        case simple = "SIMPLE"
        /// TLS with the certificate that the rule names.
        case mutual = "MUTUAL"
        /// TLS with the workload's own certificate.
        case istioMutual = "ISTIO_MUTUAL"
    }

    public var mode: Mode = .disable
    /// Paths in the proxy's file system, PEM; empty when not given.
    public var clientCertificate = ""
    public var privateKey = ""
    /// Path of the roots; empty means the system's.
    public var caCertificates = ""
    /// Path of a certificate revocation list.
    public var caCrl = ""
    /// A secret's name, or `configmap://namespace/name`; replaces the paths.
    public var credentialName = ""
    /// Exact names of which the server's certificate must carry one.
    public var subjectAltNames: [String] = []
    /// The server name to send.
    public var sni = ""
    /// No check of the server at all.
    public var insecureSkipVerify = false

    public init(mode: Mode) { self.mode = mode }

    init(_ reader: inout FieldReader) {
        mode = reader.choice("mode", Mode.self) ?? .disable
        clientCertificate = reader.string("clientCertificate") ?? ""
        privateKey = reader.string("privateKey") ?? ""
        caCertificates = reader.string("caCertificates") ?? ""
        caCrl = reader.string("caCrl") ?? ""
        credentialName = reader.string("credentialName") ?? ""
        subjectAltNames = reader.strings("subjectAltNames") ?? []
        sni = reader.string("sni") ?? ""
        insecureSkipVerify = reader.bool("insecureSkipVerify") ?? false
    }

    func validate(namespace: String) -> Validation {
        var result = Validation()
        if mode == .simple || mode == .mutual {
            let files = [clientCertificate, caCertificates, privateKey, caCrl]
            if !credentialName.isEmpty, files.contains(where: { !$0.isEmpty }) {
                result.error("cannot specify client certificates or CA certificate or CA CRL If credentialName is set")
            } else if mode == .mutual, credentialName.isEmpty {
                result.error(if: clientCertificate.isEmpty, "client certificate required for mutual tls")
                result.error(if: privateKey.isEmpty, "private key required for mutual tls")
            }
            if credentialName.hasPrefix(Self.configMapPrefix) {
                result = result + validateConfigMap(namespace: namespace)
            }
        }
        guard insecureSkipVerify else { return result }
        switch mode {
        case .simple:
            result.error(
                if: !caCertificates.isEmpty || !credentialName.isEmpty || !subjectAltNames.isEmpty,
                "cannot specify CaCertificates or CredentialName or SubjectAltNames when InsecureSkipVerify is set true"
            )
        case .mutual:
            result.error(
                if: !caCertificates.isEmpty || !subjectAltNames.isEmpty,
                "cannot specify CaCertificates or SubjectAltNames when InsecureSkipVerify is set true"
            )
        case .disable, .istioMutual: break
        }
        return result
    }

    /// What a `credentialName` begins with that names a ConfigMap with roots.
    public static let configMapPrefix = "configmap://"

    private func validateConfigMap(namespace: String) -> Validation {
        let parts = credentialName.dropFirst(Self.configMapPrefix.count).split(
            separator: "/",
            omittingEmptySubsequences: false
        )
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            return Validation(errors: [
                "invalid configmap:// credentialName: expected configmap://<namespace>/<name>, found \(goQuoted(credentialName))"
            ])
        }
        guard parts[0] == namespace else {
            return Validation(errors: [
                "invalid configmap:// credentialName: namespace must match the configuration namespace \(goQuoted(namespace))"
            ])
        }
        return Validation()
    }
}
