import Base
import TLS
import TestTLS
import Testing

/// Which clients a gateway lets in.
@Suite struct ClientPolicyTests {
    private static let name = "client.example"
    private let authority: TestAuthority
    private let server: TLSServerConfiguration
    private let client: TLSClientConfiguration
    private let certificate: Certificate

    init() throws {
        authority = try TestAuthority()
        server = TLSServerConfiguration(identity: try authority.identity(dnsNames: ["a.example"]))
        var client = TLSClientConfiguration(verification: PeerVerification(trust: authority.trust, names: .any))
        let identity = try authority.identity(
            uri: "spiffe://td/ns/a/sa/b",
            dnsNames: [Self.name],
            addresses: [try #require(IPAddress("192.0.2.7"))]
        )
        client.identity = identity
        self.client = client
        certificate = identity.leaf
    }

    private func meet(
        _ verification: PeerVerification,
        isOptional: Bool = false,
        identity: TLSIdentity?? = nil
    ) throws -> TLSPair {
        var (server, client) = (server, client)
        server.clientCertificate = isOptional ? .optional(verification) : .required(verification)
        if let identity { client.identity = identity }
        let pair = try TLSPair(TLSServerContext(server), TLSClientContext(client))
        pair.handshake()
        return pair
    }

    @Test(arguments: [
        ("spiffe://td/ns/a/sa/b", true), ("client.example", true), ("192.0.2.7", true), ("example", false),
    ])
    func `a name of any kind counts, to the letter`(name: String, isAccepted: Bool) throws {
        let pair = try meet(PeerVerification(trust: authority.trust, names: .exactly([name, "nobody"])))
        #expect((pair.serverFailure == nil) == isAccepted)
        if !isAccepted { #expect(pair.clientFailure?.alertReceived == .certificateUnknown) }
    }

    @Test func `an empty set of names is refused`() {
        var server = server
        server.clientCertificate = .required(PeerVerification(trust: authority.trust, names: .exactly([])))
        #expect(throws: MeshError.self) { try TLSServerContext(server) }
    }

    @Test func `one pin of either kind is enough, and another is not`() throws {
        let key = Base64.encode(SHA256.hash(certificate.publicKey.der))
        let hash = certificate.fingerprint
        let colons = stride(from: 0, to: 64, by: 2).map { at in
            String(hash.dropFirst(at).prefix(2)).uppercased()
        }.joined(separator: ":")
        let (wrongKey, wrongHash) = (Base64.encode(SHA256.hash([1])), Hex.encode(SHA256.hash([1])))
        for (keys, hashes, isAccepted) in [
            ([key], [], true), ([wrongKey, key], [], true), ([], [hash], true), ([], [colons], true),
            ([wrongKey], [hash], true), ([key], [wrongHash], true), ([wrongKey], [], false), ([], [wrongHash], false),
            ([wrongKey], [wrongHash], false),
        ] {
            var verification = PeerVerification(trust: authority.trust, names: .any)
            verification.pins = try CertificatePins(keys: keys, certificates: hashes)
            let pair = try meet(verification)
            #expect((pair.serverFailure == nil) == isAccepted, "\(keys) \(hashes)")
            if !isAccepted { #expect(pair.clientFailure?.alertReceived == .certificateUnknown) }
        }
    }

    @Test func `pins are read strictly`() {
        let hash = Hex.encode(SHA256.hash([1]))
        for (keys, hashes) in [(["no"], []), ([hash], []), ([], ["no"]), ([], [String(hash.dropLast(2))])] {
            #expect(throws: MeshError(.invalidConfiguration, "")) {
                try CertificatePins(keys: keys, certificates: hashes)
            }
        }
    }

    @Test func `skipping verification still wants a certificate, and pins and names still count`() throws {
        var verification = PeerVerification(trust: .none, names: .any)
        verification.acceptsAnyChain = true
        let stranger = try TestAuthority().identity(dnsNames: ["stranger.example"])
        #expect(try meet(verification, identity: stranger).serverFailure == nil)
        #expect(try meet(verification, identity: .some(nil)).serverFailure?.reason == "peer sent no certificate")
        #expect(try meet(verification, isOptional: true, identity: .some(nil)).serverFailure == nil)
        verification.names = .exactly(["client.example"])
        #expect(try meet(verification, identity: stranger).serverFailure != nil)
        verification.names = .any
        verification.pins = try CertificatePins(keys: [], certificates: [certificate.fingerprint])
        #expect(try meet(verification, identity: stranger).serverFailure != nil)
        #expect(try meet(verification).serverFailure == nil)
    }

    // Revocation

    private func trust(_ lists: [RevocationList]) throws -> PeerVerification {
        let roots = [authority.authority.certificate]
        return PeerVerification(trust: try TrustStore(roots: roots, revocationLists: lists), names: .any)
    }

    @Test func `what no list vouches for is refused`() throws {
        let good = try authority.authority.revocationList(revoking: [], lifetime: .seconds(60))
        #expect(try meet(trust([good])).serverFailure == nil)
        let revoking = try authority.authority.revocationList(revoking: [certificate], lifetime: .seconds(60))
        #expect(try meet(trust([revoking])).clientFailure?.alertReceived == .certificateRevoked)
        let foreign = try TestAuthority(organization: "other").authority.revocationList(
            revoking: [],
            lifetime: .seconds(60)
        )
        #expect(try meet(trust([foreign])).serverFailure?.kind == .peerNotVerified)
        // Of the same name, but signed with another key.
        let forged = try TestAuthority().authority.revocationList(revoking: [], lifetime: .seconds(60))
        #expect(try meet(trust([forged])).serverFailure?.kind == .peerNotVerified)
        let old = try authority.authority.revocationList(
            revoking: [],
            lifetime: .seconds(60),
            now: .now + .seconds(-600)
        )
        let pair = try meet(trust([old]))
        #expect(pair.serverFailure?.reason == "CRL has expired")
        #expect(pair.clientFailure?.alertReceived?.description == "certificate_expired")
    }

    @Test func `a list for the leaf's authority alone does not vouch for the one above`() throws {
        let key = try PrivateKey(generating: .p256)
        let lower = try authority.authority.intermediate(organization: "lower", key: key, lifetime: .seconds(600))
        let leafKey = try PrivateKey(generating: .p256)
        let names = AlternativeNames(dnsNames: [Self.name])
        let leaf = try lower.sign(leafKey.publicKey, names: names, lifetime: .seconds(60))
        let identity = try TLSIdentity(chain: [leaf, lower.certificate], key: leafKey)
        let below = try lower.revocationList(revoking: [], lifetime: .seconds(60))
        let above = try authority.authority.revocationList(revoking: [], lifetime: .seconds(60))
        #expect(try meet(trust([below]), identity: identity).serverFailure != nil)
        #expect(try meet(trust([below, above]), identity: identity).serverFailure == nil)
    }
}
