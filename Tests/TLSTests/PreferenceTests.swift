import COpenSSL
import TestTLS
import Testing

@testable import TLS

/// Envoy's choices, as its gateway makes them without `cipherSuites`.
@Suite struct PreferenceTests {
    private func meet(
        _ versions: ClosedRange<TLSVersion>,
        key: KeyAlgorithm,
        suites: [String] = [],
        groups: [String] = ["X25519", "P-256"],
        serverSuites: [String] = [],
        modernSuites: String? = nil
    ) throws -> TLSInfo {
        let authority = try TestAuthority()
        var server = TLSServerConfiguration(identity: try authority.identity(dnsNames: ["a.example"], algorithm: key))
        server.parameters.cipherSuites = serverSuites
        var client = TLSClientConfiguration(verification: PeerVerification(trust: authority.trust, names: .any))
        client.parameters.versions = versions
        client.parameters.cipherSuites = suites
        client.parameters.groups = groups
        let pair = try TLSPair(TLSServerContext(server), TLSClientContext(client))
        if let modernSuites { #expect(unsafe SSL_set_ciphersuites(pair.client.ssl, modernSuites) == 1) }
        try #require(pair.handshake())
        return try #require(pair.server?.info)
    }

    struct Case: Sendable {
        let offered: [String]
        let chosen: String
    }

    static let cases = [
        Case(offered: ["AES128-GCM-SHA256", "CHACHA20-POLY1305"], chosen: "AES128-GCM-SHA256"),
        Case(offered: ["CHACHA20-POLY1305", "AES128-GCM-SHA256"], chosen: "CHACHA20-POLY1305"),
        Case(
            offered: ["AES256-GCM-SHA384", "AES128-GCM-SHA256", "CHACHA20-POLY1305"],
            chosen: "AES128-GCM-SHA256"
        ),
        Case(
            offered: ["AES256-GCM-SHA384", "CHACHA20-POLY1305", "AES128-GCM-SHA256"],
            chosen: "CHACHA20-POLY1305"
        ),
        Case(offered: ["AES256-GCM-SHA384", "CHACHA20-POLY1305"], chosen: "CHACHA20-POLY1305"),
        Case(offered: ["AES256-GCM-SHA384"], chosen: "AES256-GCM-SHA384"),
    ]

    @Test(arguments: cases) func `with TLS 1.2 the client decides between AES128 and ChaCha20 only`(
        example: Case
    ) throws {
        for (name, key) in [("ECDSA", KeyAlgorithm.p256), ("RSA", .rsa(bits: 2048))] {
            let suites = example.offered.map { "ECDHE-\(name)-\($0)" }
            let info = try meet(.tls12 ... .tls12, key: key, suites: suites)
            #expect(info.cipherSuite == "ECDHE-\(name)-\(example.chosen)")
        }
    }

    @Test func `a list of the server's own is in the server's order`() throws {
        let (aes, chacha) = ("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305")
        let info = try meet(.tls12 ... .tls12, key: .p256, suites: [chacha, aes], serverSuites: [aes, chacha])
        #expect(info.cipherSuite == aes)
    }

    @Test func `with TLS 1.3 the client's order decides, and X25519 is asked for`() throws {
        let info = try meet(.tls12 ... .tls13, key: .p256, groups: ["P-256", "X25519"])
        #expect(info.cipherSuite == "TLS_AES_128_GCM_SHA256")
        #expect(info.group == "x25519")
        for suites in [
            "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256",
        ] {
            let info = try meet(.tls12 ... .tls13, key: .p256, modernSuites: suites)
            #expect(suites.hasPrefix(info.cipherSuite))
        }
        #expect(try meet(.tls12 ... .tls13, key: .p256, groups: ["P-256"]).group == "secp256r1")
        #expect(try meet(.tls12 ... .tls12, key: .p256).group == "x25519")
    }
}
