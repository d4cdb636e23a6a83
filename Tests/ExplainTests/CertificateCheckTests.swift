import Base
import Explain
import JSON
import Mesh
import TLS
import TestTLS
import Testing

@Suite struct CertificateCheckTests {
    private static func content(_ certificate: String, _ key: String, crl: String = "") throws -> SecretContent {
        let data = ["cert": certificate, "key": key, "crl": crl].mapValues { Base64.encode(Array($0.utf8)) }
        return try SecretContent(certificateOf: ["data": .strings(data)])
    }

    private static func pair(_ names: [String] = ["site.example"]) throws -> (certificate: String, key: String) {
        let key = try PrivateKey(generating: .p256)
        let leaf = try TestAuthority().authority.sign(
            key.publicKey,
            names: AlternativeNames(uris: [], dnsNames: names, addresses: []),
            lifetime: .seconds(3600)
        )
        return (leaf.pem, key.pem())
    }

    private func check(_ content: SecretContent, at time: Timestamp = .now) -> CertificateCheck {
        CertificateCheck(content, now: time)
    }

    @Test func `a good pair has no errors, and its end is told in time`() throws {
        let pair = try Self.pair()
        let check = check(try Self.content(pair.certificate, pair.key))
        #expect(check.errors.isEmpty)
        #expect(check.warnings.count == 1 && check.warnings[0].hasPrefix("its certificate (site.example) expires at "))
    }

    @Test func `a certificate that is not valid now is an error`() throws {
        let pair = try Self.pair()
        let content = try Self.content(pair.certificate, pair.key)
        let late = check(content, at: .now + .seconds(7200))
        #expect(late.errors.count == 1 && late.errors[0].hasPrefix("its certificate (site.example) expired at "))
        let early = check(content, at: .now + .seconds(-7200))
        #expect(early.errors.count == 1 && early.errors[0].contains("is not valid before "))
    }

    @Test func `a key of another certificate is an error, and nothing of it is told`() throws {
        let (one, other) = (try Self.pair(), try Self.pair())
        let check = check(try Self.content(one.certificate, other.key))
        #expect(check.errors == ["its key is not that of its certificate (site.example)"])
    }

    @Test func `what cannot be read is an error`() throws {
        let pair = try Self.pair()
        for (certificate, key) in [("x", pair.key), (pair.certificate, "x"), (pair.key, pair.key)] {
            let check = check(try Self.content(certificate, key))
            #expect(check.errors.count == 1 && check.errors[0].contains("cannot be read"))
            #expect(!check.errors[0].contains("BEGIN"))
        }
    }

    @Test func `what a gateway puts right is a warning`() throws {
        let (one, other) = (try Self.pair(), try Self.pair(["other.example"]))
        for certificates in [one.certificate + other.certificate, other.certificate + one.certificate] {
            let check = check(try Self.content(certificates, one.key))
            #expect(check.errors.isEmpty)
            #expect(check.warnings.contains { $0.hasPrefix("not sent, as not part of the chain") })
        }
    }

    @Test func `a key of a kind that browsers do not take is an error`() throws {
        let leaf = try #require(try Certificate.chain(pem: Self.modernCertificate).first)
        let check = check(try Self.content(Self.modernCertificate, Self.modernKey), at: leaf.notBefore + .seconds(60))
        #expect(check.errors.count == 1 && check.errors[0].contains("has Ed25519 as its key"))
    }

    @Test func `an answer says when it may be another one`() throws {
        let pair = try Self.pair()
        let content = try Self.content(pair.certificate, pair.key)
        let leaf = try #require(try Certificate.chain(pem: pair.certificate).first)
        #expect(check(content).end == leaf.notAfter)
        #expect(check(content, at: leaf.notBefore + .seconds(-1)).end == leaf.notBefore)
        #expect(check(content, at: leaf.notAfter).end == nil)
    }

    @Test func `roots whose certificates every revocation list leaves in doubt are an error`() throws {
        let (own, foreign) = (try Self.authority("own"), try Self.authority("foreign"))
        func check(_ roots: [CertificateAuthority], _ list: String, at time: Timestamp = .now) throws
            -> CertificateCheck
        {
            let data = ["cacert": roots.map(\.certificate.pem).joined(), "crl": list]
            let content = try SecretContent(
                rootsOf: ["data": .strings(data.mapValues { Base64.encode(Array($0.utf8)) })]
            )
            return CertificateCheck(content, now: time)
        }
        let list = try own.revocationList(revoking: [], lifetime: .seconds(60)).pem
        #expect(try check([own], list).errors.isEmpty)
        #expect(
            try check([own], list, at: .now + .seconds(90)).errors.first?
                .hasPrefix("its revocation list of O=own ran out at ") == true
        )
        #expect(
            try check([foreign], list).errors == [
                "its revocation list of O=own is not that of O=foreign: client certificates of O=foreign are refused"
            ]
        )
        let both = try check([own, foreign], list)
        #expect(both.errors.isEmpty && both.warnings.count == 1)
        #expect(try check([own], "x").errors.first?.hasPrefix("its revocation list cannot be read") == true)
    }

    private static func authority(_ name: String) throws -> CertificateAuthority {
        try .selfSigned(organization: name, key: try PrivateKey(generating: .p256), lifetime: .seconds(3600))
    }

    @Test func `roots that have ended are an error only when no other is left`() throws {
        func roots(_ pem: String) throws -> SecretContent {
            try SecretContent(rootsOf: ["data": ["cacert": .string(Base64.encode(Array(pem.utf8)))]])
        }
        let root = try TestAuthority().rootPEM
        #expect(check(try roots(root)).errors.isEmpty)
        let late = check(try roots(root), at: .now + .seconds(7200))
        #expect(late.errors.count == 1 && late.errors[0].hasPrefix("its root certificate"))
        #expect(check(try roots("x")).errors.count == 1)
    }

    private static let modernKey = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIC4PpRWdGpc+v2ZMMvaXt1g9hSeHlBlCTfLvei0ZdN/X
        -----END PRIVATE KEY-----
        """
    private static let modernCertificate = """
        -----BEGIN CERTIFICATE-----
        MIIBODCB66ADAgECAhQ529VQuQnEe4+/NObACktutwAYSTAFBgMrZXAwETEPMA0G
        A1UEAwwGbW9kZXJuMCAXDTI2MTEyMTE3MDkwNFoYDzIxMjYxMDI4MTcwOTA0WjAR
        MQ8wDQYDVQQDDAZtb2Rlcm4wKjAFBgMrZXADIQD/ElZSfnpDj7nCWt/sqSCGDVar
        vR4lULt1/zTFWlb1TaNTMFEwHQYDVR0OBBYEFMAouXmqOJXrchu2oAQhOJ5RsD9H
        MB8GA1UdIwQYMBaAFMAouXmqOJXrchu2oAQhOJ5RsD9HMA8GA1UdEwEB/wQFMAMB
        Af8wBQYDK2VwA0EAKE36dSuhEqpzfqC2siqiOO//L58rFXjme3YB7bqVZthgbTAD
        JLNOLwfLpfmUyARavkMf2JNJoSj5w/PRx2uoBg==
        -----END CERTIFICATE-----
        """
}
