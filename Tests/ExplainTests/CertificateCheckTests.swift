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
        let check = check(try Self.content(pair.certificate, pair.key, crl: "x"))
        #expect(check.errors.count == 1 && check.errors[0].hasPrefix("its revocation list cannot be read"))
    }

    @Test func `certificates out of order are a warning`() throws {
        let (one, other) = (try Self.pair(), try Self.pair(["other.example"]))
        let check = check(try Self.content(one.certificate + other.certificate, one.key))
        #expect(check.errors.isEmpty)
        #expect(check.warnings.contains { $0.hasPrefix("its certificates are not in order: site.example") })
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
}
