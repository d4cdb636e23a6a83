import Base
import TLS

/// The keys of a cluster, in the directory `pki`: its certificate authority, and the key that signs tokens.
struct ClusterKeys: Sendable {
    let authority: CertificateAuthority
    /// Signs service-account tokens.
    let tokenKey: PrivateKey

    private static let lifetime = Duration.seconds(10 * 365 * 86_400)

    /// Reads the keys, or makes them at the first start.
    init(directory: String) throws {
        try Files.makeDirectory(directory, mode: 0o700)
        let (certificatePath, keyPath) = ("\(directory)/ca.crt", "\(directory)/ca.key")
        if Files.exists(certificatePath), Files.exists(keyPath) {
            authority = try CertificateAuthority(
                certificate: Certificate(pem: Files.readText(certificatePath)),
                key: PrivateKey(pem: Files.readText(keyPath))
            )
        } else {
            let key = try PrivateKey(generating: .p256)
            authority = try .selfSigned(organization: "apus-lab", key: key, lifetime: Self.lifetime)
            try Files.replace(keyPath, with: Array(key.pem(.pkcs8).utf8))
            try Files.replace(certificatePath, with: Array(authority.certificate.pem.utf8), mode: 0o644)
        }
        tokenKey = try Self.key("\(directory)/sa.key")
    }

    private static func key(_ path: String) throws -> PrivateKey {
        if Files.exists(path) { return try PrivateKey(pem: Files.readText(path)) }
        let key = try PrivateKey(generating: .p256)
        try Files.replace(path, with: Array(key.pem(.pkcs8).utf8))
        return key
    }

    /// What the API server shows its clients; made anew at each start.
    func serverIdentity(names: [String], addresses: [IPAddress]) throws -> TLSIdentity {
        let key = try PrivateKey(generating: .p256)
        let certificate = try authority.sign(
            key.publicKey,
            names: AlternativeNames(dnsNames: names, addresses: addresses),
            lifetime: .seconds(365 * 86_400),
            commonName: "kube-apiserver"
        )
        return try TLSIdentity(chain: [certificate], key: key)
    }

    /// A certificate by which the API knows its bearer as `user`, a member of `group`.
    func clientIdentity(user: String, group: String) throws -> (certificatePEM: String, keyPEM: String) {
        let key = try PrivateKey(generating: .p256)
        let certificate = try authority.sign(
            key.publicKey,
            names: AlternativeNames(),
            lifetime: .seconds(365 * 86_400),
            commonName: user,
            organization: group
        )
        return (certificate.pem, key.pem(.pkcs8))
    }
}
