/// How a gateway ends TLS, or does not (Gateway `servers[].tls`).
public struct ServerTLSSettings: Hashable, Sendable {
    public enum Mode: String, CaseIterable, Sendable {
        /// Goes on as it is, to where the server name says; what holds when no mode is named.
        case passthrough = "PASSTHROUGH"
        /// TLS ends here, and clients need no certificate.
        case simple = "SIMPLE"
        /// As ``simple``, and clients must have a certificate.
        case mutual = "MUTUAL"
        /// Goes on as it is, to the service of the mesh that the server name says.
        case autoPassthrough = "AUTO_PASSTHROUGH"
        /// As ``mutual``, with the mesh's certificates.
        case istioMutual = "ISTIO_MUTUAL"
        /// As ``mutual`` for clients that have a certificate.
        case optionalMutual = "OPTIONAL_MUTUAL"
    }

    public enum Version: String, CaseIterable, Sendable, Comparable {
        /// Not said here.
        case auto = "TLS_AUTO"
        case tls10 = "TLSV1_0"
        case tls11 = "TLSV1_1"
        case tls12 = "TLSV1_2"
        case tls13 = "TLSV1_3"

        public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// A certificate's and its key's paths in the proxy's file system, PEM.
    public struct FilePair: Hashable, Sendable {
        public var serverCertificate: String
        public var privateKey: String

        public init(serverCertificate: String, privateKey: String) {
            self.serverCertificate = serverCertificate
            self.privateKey = privateKey
        }
    }

    /// Requests without TLS get 301 to `https`; for HTTP servers.
    public var httpsRedirect = false
    public var mode = Mode.passthrough
    /// Paths in the proxy's file system, PEM; empty when not given.
    public var serverCertificate = ""
    public var privateKey = ""
    public var caCertificates = ""
    public var caCrl = ""
    /// A Secret next to the proxy's pod; empty when not given.
    public var credentialName = ""
    /// Up to two, one with an RSA and one with an ECDSA key.
    public var credentialNames: [String] = []
    /// Up to two, as ``credentialNames``.
    public var tlsCertificates: [FilePair] = []
    /// The Secret with the roots, in place of the credential's own.
    public var caCertCredentialName = ""
    /// Exact names of which a client certificate must carry one; empty for any.
    public var subjectAltNames: [String] = []
    /// Base64 of SHA-256 over the public keys of client certificates that are accepted.
    public var verifyCertificateSpki: [String] = []
    /// SHA-256 of client certificates that are accepted, hexadecimal.
    public var verifyCertificateHash: [String] = []
    public var minProtocolVersion = Version.auto
    public var maxProtocolVersion = Version.auto
    /// As written; ``CipherSuites/usable(_:)`` tells what of it holds.
    public var cipherSuites: [String] = []
    public var ecdhCurves: [String] = []
    /// Client certificates of any origin are accepted, though one must come.
    public var insecureSkipVerify = false

    init(_ reader: inout FieldReader) {
        httpsRedirect = reader.bool("httpsRedirect") ?? false
        mode = reader.choice("mode", Mode.self) ?? .passthrough
        serverCertificate = reader.string("serverCertificate") ?? ""
        privateKey = reader.string("privateKey") ?? ""
        caCertificates = reader.string("caCertificates") ?? ""
        caCrl = reader.string("caCrl") ?? ""
        credentialName = reader.string("credentialName") ?? ""
        credentialNames = reader.strings("credentialNames") ?? []
        tlsCertificates = reader.list("tlsCertificates") { pair in
            pair.ignore("caCertificates")  // The parent's counts.
            return FilePair(
                serverCertificate: pair.string("serverCertificate") ?? "",
                privateKey: pair.string("privateKey") ?? ""
            )
        }
        caCertCredentialName = reader.string("caCertCredentialName") ?? ""
        subjectAltNames = reader.strings("subjectAltNames") ?? []
        verifyCertificateSpki = reader.strings("verifyCertificateSpki") ?? []
        verifyCertificateHash = reader.strings("verifyCertificateHash") ?? []
        minProtocolVersion = reader.choice("minProtocolVersion", Version.self) ?? .auto
        maxProtocolVersion = reader.choice("maxProtocolVersion", Version.self) ?? .auto
        cipherSuites = reader.strings("cipherSuites") ?? []
        ecdhCurves = reader.strings("ecdhCurves") ?? []
        insecureSkipVerify = reader.bool("insecureSkipVerify") ?? false
    }

    public var passesTLS: Bool { mode == .passthrough || mode == .autoPassthrough }
    /// Whether TLS ends here with certificates that the resource names.
    public var endsTLS: Bool { mode == .simple || mode == .mutual || mode == .optionalMutual }
    /// The Secrets with its own certificates, in their order; empty when they are from elsewhere.
    public var credentials: [String] { credentialName.isEmpty ? credentialNames : [credentialName] }
}
