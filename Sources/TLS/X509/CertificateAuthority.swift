public import Base

/// Signs workload certificates, by the rules of Istio's CA (`security/pkg/pki/util/generate_cert.go`).
public struct CertificateAuthority: Sendable {
    /// The certificate whose key signs.
    public let certificate: Certificate
    /// What peers need besides the leaf to reach the root: ``certificate`` unless it is the root, and those above it.
    public let intermediates: [Certificate]
    let key: PrivateKey

    /// Clocks may differ by this much: certificates are valid from a little before they are made.
    public static let clockSkew: Duration = .seconds(120)

    /// - Throws: ``MeshError`` when the key is not the certificate's, or the certificate may not sign others.
    public init(certificate: Certificate, key: PrivateKey, intermediates: [Certificate] = []) throws(MeshError) {
        guard certificate.isAuthority else {
            throw MeshError(.invalidConfiguration, "\(certificate) is not a CA's: it lacks basic constraints CA:TRUE")
        }
        guard key.matches(certificate) else {
            throw MeshError(.invalidConfiguration, "the CA's private key does not belong to its \(certificate)")
        }
        (self.certificate, self.key, self.intermediates) = (certificate, key, intermediates)
    }

    /// Makes a root: subject `O=<organization>`, CA:TRUE, keyCertSign and cRLSign.
    public static func selfSigned(
        organization: String,
        key: PrivateKey,
        lifetime: Duration,
        now: Timestamp = .now
    ) throws(MeshError) -> CertificateAuthority {
        var template = CertificateTemplate(publicKey: key.publicKey, notBefore: now, notAfter: now + lifetime)
        template.organization = organization
        template.role = .authority
        return try CertificateAuthority(certificate: try template.signed(by: key, issuer: nil), key: key)
    }

    /// Makes a certificate for an intermediate authority that may sign leaves only.
    public func intermediate(
        organization: String,
        key: PrivateKey,
        lifetime: Duration,
        now: Timestamp = .now
    ) throws(MeshError) -> CertificateAuthority {
        var template = CertificateTemplate(publicKey: key.publicKey, notBefore: now, notAfter: capped(now + lifetime))
        template.organization = organization
        template.role = .authority
        let signed = try template.signed(by: self.key, issuer: certificate)
        return try CertificateAuthority(certificate: signed, key: key, intermediates: [signed] + intermediates)
    }

    /// Makes a certificate for `names`, which must come from authentication and never from a request.
    ///
    /// - Parameters:
    ///   - lifetime: From now; cut where the CA's own ends.
    ///   - commonName: In the subject; nil leaves it out, as for workloads.
    ///   - organization: In the subject; a Kubernetes API reads it as a group.
    /// - Throws: ``MeshError`` `unavailable` when the CA's own certificate is not valid now.
    public func sign(
        _ publicKey: PublicKey,
        names: AlternativeNames,
        lifetime: Duration,
        commonName: String? = nil,
        organization: String? = nil,
        now: Timestamp = .now
    ) throws(MeshError) -> Certificate {
        guard now < certificate.notAfter else {
            throw MeshError(.unavailable, "signing certificate has expired at \(certificate.notAfter)")
        }
        guard !names.isEmpty || commonName != nil else {
            throw MeshError(.invalidConfiguration, "a certificate needs at least one name")
        }
        let notBefore = Timestamp(nanoseconds: (now + .zero - Self.clockSkew).nanoseconds)
        var template = CertificateTemplate(publicKey: publicKey, notBefore: notBefore, notAfter: capped(now + lifetime))
        template.names = names
        template.commonName = commonName
        template.organization = organization
        return try template.signed(by: key, issuer: certificate)
    }

    private func capped(_ time: Timestamp) -> Timestamp { min(time, certificate.notAfter) }
}

extension Timestamp {
    fileprivate static func - (left: Self, right: Duration) -> Self { left + (.zero - right) }
}
