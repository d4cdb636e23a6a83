public import MeshAPI

/// How a gateway's server ends TLS: its own settings over the mesh's (`tlsDefaults`) over the proxy's.
public struct GatewayTLS: Hashable, Sendable {
    public enum Certificates: Hashable, Sendable {
        /// The workload's own.
        case workload
        /// Secrets, by Istio's name such as `kubernetes://web-cert`.
        case credentials([String])
        case files([ServerTLSSettings.FilePair])
    }

    public enum Roots: Hashable, Sendable {
        case workload
        /// A Secret, by Istio's name such as `kubernetes://web-cert-cacert`.
        case credential(String)
        /// Paths of the roots and, unless empty, of revocation lists.
        case file(String, revocations: String)
    }

    public var mode: ServerTLSSettings.Mode
    public var certificates: Certificates
    /// Whom client certificates must be from; nil when none is asked for.
    public var roots: Roots?
    public var subjectAltNames: [String] = []
    public var publicKeyHashes: [String] = []
    public var certificateHashes: [String] = []
    public var minimumVersion = ServerTLSSettings.Version.tls12
    public var maximumVersion = ServerTLSSettings.Version.tls13
    /// Empty for the proxy's own list.
    public var cipherSuites: [String] = []
    /// Empty for the proxy's own list.
    public var curves: [String] = []
    public var skipsVerification = false
    public var applicationProtocols: [String]
    /// Who says the least version, the greatest, the suites: `Gateway foo/web`, `meshConfig.tlsDefaults` or `default`.
    public var minimumReason = "default"
    public var maximumReason = "default"
    public var cipherSuitesReason = "default"

    static let httpProtocols = ["h2", "http/1.1"]
    /// Clients of the mesh say with the first that no HTTP follows.
    static let meshProtocols = ["istio-peer-exchange", "h2", "http/1.1"]

    /// - Returns: nil when the server does not end TLS.
    init?(_ server: GatewayServer, defaults: TLSConfig?) {
        guard let settings = server.server.tls, server.isTLS, !settings.passesTLS else { return nil }
        mode = settings.mode
        skipsVerification = settings.insecureSkipVerify
        applicationProtocols = Self.httpProtocols
        guard settings.mode != .istioMutual else {
            certificates = .workload
            roots = .workload
            skipsVerification = false
            subjectAltNames = settings.subjectAltNames
            if !server.answersRequests { applicationProtocols = Self.meshProtocols }
            return
        }
        certificates = Self.certificates(settings)
        if settings.mode != .simple {
            roots = Self.roots(settings)
            subjectAltNames = settings.subjectAltNames
            publicKeyHashes = settings.verifyCertificateSpki
            certificateHashes = settings.verifyCertificateHash
        }
        if let defaults { apply(defaults) }
        apply(settings, "Gateway \(server.gateway)")
    }

    private mutating func apply(_ defaults: TLSConfig) {
        let reason = "meshConfig.tlsDefaults"
        switch defaults.minProtocolVersion {
        case .auto: break
        case .tls12: (minimumVersion, minimumReason) = (.tls12, reason)
        case .tls13: (minimumVersion, minimumReason) = (.tls13, reason)
        }
        let suites = CipherSuites.usable(defaults.cipherSuites)
        if !suites.isEmpty { (cipherSuites, cipherSuitesReason) = (suites, reason) }
        curves = defaults.ecdhCurves
    }

    private mutating func apply(_ settings: ServerTLSSettings, _ reason: String) {
        if settings.minProtocolVersion != .auto {
            (minimumVersion, minimumReason) = (settings.minProtocolVersion, reason)
        }
        if settings.maxProtocolVersion != .auto {
            (maximumVersion, maximumReason) = (settings.maxProtocolVersion, reason)
        }
        let suites = CipherSuites.usable(settings.cipherSuites)
        if !suites.isEmpty { (cipherSuites, cipherSuitesReason) = (suites, reason) }
        if !settings.ecdhCurves.isEmpty { curves = settings.ecdhCurves }
    }

    /// Why no client could connect; nil when some could.
    var contradiction: String? {
        guard minimumVersion > maximumVersion else { return nil }
        return
            "no TLS version is left: at least \(minimumVersion.rawValue) by \(minimumReason), at most "
            + "\(maximumVersion.rawValue) by \(maximumReason); set tls.minProtocolVersion of the server"
    }

    private static func certificates(_ settings: ServerTLSSettings) -> Certificates {
        let credentials = settings.credentials.prefix(2)
        if !credentials.isEmpty { return .credentials(credentials.map(CredentialReference.fullName)) }
        if !settings.tlsCertificates.isEmpty { return .files(Array(settings.tlsCertificates.prefix(2))) }
        return .files([
            ServerTLSSettings.FilePair(
                serverCertificate: settings.serverCertificate,
                privateKey: settings.privateKey
            )
        ])
    }

    private static func roots(_ settings: ServerTLSSettings) -> Roots {
        let name = settings.caCertCredentialName.isEmpty ? settings.credentials.first : settings.caCertCredentialName
        if let name { return .credential(CredentialReference.rootsName(for: name)) }
        return .file(settings.caCertificates, revocations: settings.caCrl)
    }
}
