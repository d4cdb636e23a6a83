public import Base
public import TLS

/// A certificate authority for tests; each has its own key.
public struct TestAuthority: Sendable {
    public let authority: CertificateAuthority
    public let trust: TrustStore

    public init(organization: String = "cluster.local") throws {
        let key = try PrivateKey(generating: .p256)
        authority = try .selfSigned(organization: organization, key: key, lifetime: .seconds(3600))
        trust = try TrustStore(roots: [authority.certificate])
    }

    public var rootPEM: String { authority.certificate.pem }

    /// A workload's or server's certificate and key.
    public func identity(
        uri: String? = nil,
        dnsNames: [String] = [],
        addresses: [IPAddress] = [],
        algorithm: KeyAlgorithm = .p256,
        lifetime: Duration = .seconds(3600)
    ) throws -> TLSIdentity {
        let key = try PrivateKey(generating: algorithm)
        let names = AlternativeNames(uris: uri.map { [$0] } ?? [], dnsNames: dnsNames, addresses: addresses)
        let leaf = try authority.sign(key.publicKey, names: names, lifetime: lifetime)
        return try TLSIdentity(chain: [leaf], key: key)
    }

    /// Both ends of mutual TLS between two workloads of this authority's mesh, as sidecars speak it.
    public func workload(_ uri: String) throws -> (server: TLSServerConfiguration, client: TLSClientConfiguration) {
        let identity = try identity(uri: uri)
        let domain = uri.split(separator: "/").dropFirst().first.map(String.init) ?? ""
        var server = TLSServerConfiguration(identity: identity)
        server.clientCertificate = .required(PeerVerification(trust: trust, names: .trustDomains([domain])))
        var client = TLSClientConfiguration(verification: PeerVerification(trust: trust, names: .any))
        client.identity = identity
        return (server, client)
    }
}
