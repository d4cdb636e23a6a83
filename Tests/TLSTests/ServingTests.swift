import Base
import TLS
import TestTLS
import Testing

/// Chains and keys as people put them into Secrets.
@Suite struct ServingTests {
    private let root: CertificateAuthority
    private let upper: CertificateAuthority
    private let lower: CertificateAuthority
    private let key: PrivateKey
    private let leaf: Certificate

    init() throws {
        func key() throws -> PrivateKey { try PrivateKey(generating: .p256) }
        root = try .selfSigned(organization: "root", key: key(), lifetime: .seconds(3600))
        upper = try root.intermediate(organization: "upper", key: key(), lifetime: .seconds(3600))
        lower = try upper.intermediate(organization: "lower", key: key(), lifetime: .seconds(3600))
        self.key = try key()
        let names = AlternativeNames(dnsNames: ["a.example.com"])
        leaf = try lower.sign(self.key.publicKey, names: names, lifetime: .seconds(1800))
    }

    private func serve(_ chain: [Certificate], key: PrivateKey? = nil, staple: [UInt8]? = nil) throws
        -> TLSIdentity.Served
    {
        let pem = chain.map(\.pem).joined()
        return try TLSIdentity.serving(certificatePEM: pem, keyPEM: (key ?? self.key).pem(), staple: staple)
    }

    private func refusal(_ chain: [Certificate], key: PrivateKey? = nil, staple: [UInt8]? = nil) -> String {
        let error = #expect(throws: MeshError.self) { try serve(chain, key: key, staple: staple) }
        return error?.description ?? ""
    }

    @Test func `a chain in order is sent as it is, without its root`() throws {
        let served = try serve([leaf, lower.certificate, upper.certificate])
        #expect(served.identity.chain == [leaf, lower.certificate, upper.certificate])
        #expect(served.remarks.isEmpty)
        let rooted = try serve([leaf, lower.certificate, upper.certificate, root.certificate])
        #expect(rooted.identity.chain == served.identity.chain && rooted.remarks.isEmpty)
        #expect(try serve([leaf]).identity.chain == [leaf])
        #expect(try serve([leaf]).remarks.isEmpty)
    }

    @Test func `a chain out of order is put in order, and said to have been`() throws {
        for chain in [
            [upper.certificate, lower.certificate, leaf], [leaf, upper.certificate, lower.certificate],
            [root.certificate, upper.certificate, leaf, lower.certificate],
        ] {
            let served = try serve(chain)
            #expect(served.identity.chain == [leaf, lower.certificate, upper.certificate])
            #expect(served.remarks.count == 1 && served.remarks[0].contains("out of order"))
        }
    }

    @Test func `strangers and doubles are not sent`() throws {
        let other = try TestAuthority().identity(dnsNames: ["other.example"]).leaf
        let served = try serve([leaf, other, lower.certificate, lower.certificate, upper.certificate, leaf])
        #expect(served.identity.chain == [leaf, lower.certificate, upper.certificate])
        #expect(served.remarks.count == 1 && served.remarks[0].contains("other.example"))
        let foreign = try TestAuthority(organization: "Foreign").authority.certificate
        let rooted = try serve([leaf, lower.certificate, upper.certificate, root.certificate, foreign])
        #expect(rooted.identity.chain == served.identity.chain)
        #expect(rooted.remarks.count == 1 && rooted.remarks[0].contains("Foreign"))
    }

    @Test func `a key of another certificate, or of another kind, is named with both`() throws {
        let text = refusal([leaf, lower.certificate], key: try PrivateKey(generating: .rsa(bits: 2048)))
        #expect(text.contains("RSA 2048 bits") && text.contains("ECDSA P-256") && text.contains("a.example.com"))
        #expect(refusal([leaf], key: try PrivateKey(generating: .p256)).contains("belongs to none"))
    }

    @Test func `text that is no PEM is refused`() throws {
        let (certificate, key) = (leaf.pem, key.pem())
        for (chain, key) in [("", key), (certificate, ""), ("junk", key), (certificate, certificate), (key, key)] {
            #expect(throws: MeshError(.invalidConfiguration, "")) {
                try TLSIdentity.serving(certificatePEM: chain, keyPEM: key)
            }
        }
        let half = String(certificate.prefix(certificate.count / 2))
        #expect(throws: MeshError.self) { try TLSIdentity.serving(certificatePEM: certificate + half, keyPEM: key) }
    }

    @Test func `an expired certificate is refused, one that will be valid is not`() throws {
        let pem = leaf.pem
        let late = Timestamp.now + .seconds(2000)
        let error = #expect(throws: MeshError.self) {
            try TLSIdentity.serving(certificatePEM: pem, keyPEM: key.pem(), now: late)
        }
        #expect(error?.description.contains("has expired at") == true)
        let early = Timestamp.now + .seconds(-2000)
        let served = try TLSIdentity.serving(certificatePEM: pem, keyPEM: key.pem(), now: early)
        #expect(served.remarks.count == 1 && served.remarks[0].contains("is not valid before"))
    }

    @Test func `a certificate without an end is served`() throws {
        // RFC 5280 §4.1.2.5: 99991231235959Z says that there is none.
        let served = try TLSIdentity.serving(certificatePEM: Self.endlessCertificate, keyPEM: Self.endlessKey)
        #expect(served.identity.leaf.notAfter > .now + .seconds(86_400 * 365 * 200))
    }

    @Test func `an Ed25519 key is refused, as browsers would`() throws {
        let text = #expect(throws: MeshError.self) {
            try TLSIdentity.serving(certificatePEM: Self.ed25519Certificate, keyPEM: Self.ed25519Key)
        }
        #expect(text?.description.contains("Ed25519 as its key") == true)
    }

    @Test func `a staple must be an OCSP response about the certificate`() throws {
        #expect(refusal([leaf], staple: [1, 2, 3]).contains("not DER"))
        #expect(try serve([leaf], staple: []).identity.staple == nil)
    }

    @Test func `two certificates of one kind are refused`() throws {
        let authority = try TestAuthority()
        var server = TLSServerConfiguration(identity: try authority.identity(dnsNames: ["a.example"]))
        server.identities.append(try authority.identity(dnsNames: ["b.example"]))
        let error = #expect(throws: MeshError.self) { try TLSServerContext(server) }
        #expect(error?.description.contains("a.example") == true && error?.description.contains("b.example") == true)
        server.identities[1] = try authority.identity(dnsNames: ["b.example"], algorithm: .rsa(bits: 2048))
        #expect(throws: Never.self) { try TLSServerContext(server) }
    }

    // Made by openssl for this test; valid for a hundred years.
    private static let ed25519Certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBQDCB86ADAgECAhQdTaelW2w6m39zqrf8HEnmW4kFWjAFBgMrZXAwFTETMBEG
        A1UEAwwKZWQuZXhhbXBsZTAgFw0yNjExMjExNDEwNDVaGA8yMTI2MTAyODE0MTA0
        NVowFTETMBEGA1UEAwwKZWQuZXhhbXBsZTAqMAUGAytlcAMhAC1hiZLygGvmtPL6
        GoDsczqZkVTczJUTEQSWa3wCaLEao1MwUTAdBgNVHQ4EFgQUXrLXQEKp/inGjci+
        N/m5kdUzOjcwHwYDVR0jBBgwFoAUXrLXQEKp/inGjci+N/m5kdUzOjcwDwYDVR0T
        AQH/BAUwAwEB/zAFBgMrZXADQQBYjnNvJ5rITX8r9BklEkPfv/8BPeN7w0C5BoRO
        iG7Eb6Qf9gwSL0AWLucXaTBJWKgV/d6I8aCmXG9zYN66Z2sG
        -----END CERTIFICATE-----

        """
    private static let ed25519Key = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIPmCXc3FcUAarzjTrK5kRbzfkVwCG5vLbtAfqit2lLZt
        -----END PRIVATE KEY-----

        """
    private static let endlessCertificate = """
        -----BEGIN CERTIFICATE-----
        MIIBgDCCASWgAwIBAgIBATAKBggqhkjOPQQDAjAaMRgwFgYDVQQDDA9lbmRsZXNz
        LmV4YW1wbGUwIBcNMjAwMTAxMDAwMDAwWhgPOTk5OTEyMzEyMzU5NTlaMBoxGDAW
        BgNVBAMMD2VuZGxlc3MuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
        BMDQFD5h7/8V+JU6VQr6kM5R6MkrNCByPbOt7Ap6UaD0kDmK0EL+jh25AIYlW6Ch
        027AtJY7X2SGkE1NzbrHYl+jWjBYMAkGA1UdEwQCMAAwHQYDVR0OBBYEFKIqOZWB
        QY1oazaURzFEtBc7tWELMCwGA1UdIwQlMCOhHqQcMBoxGDAWBgNVBAMMD2VuZGxl
        c3MuZXhhbXBsZYIBATAKBggqhkjOPQQDAgNJADBGAiEAyXSDmueWLh+/G8uKkP3s
        ZIQnyk3avXPS3OmVFbZRWpgCIQDfDOtD7R6CrIzrueMGhYC0zT/48fuswEIYU50z
        j46yMg==
        -----END CERTIFICATE-----

        """
    private static let endlessKey = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEILZNPzaupwxCtMukrYQBsY2uej4do4AhFgZyCt1DBI7JoAoGCCqGSM49
        AwEHoUQDQgAEwNAUPmHv/xX4lTpVCvqQzlHoySs0IHI9s63sCnpRoPSQOYrQQv6O
        HbkAhiVboKHTbsC0ljtfZIaQTU3NusdiXw==
        -----END EC PRIVATE KEY-----

        """
}
