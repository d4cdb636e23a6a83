import JSON
import MeshAPI
import Testing
import YAML

/// Behaviour of Istio's validation, to the word, and where it goes beyond.
@Suite struct GatewayValidationTests {
    private static func server(_ members: String, port: String = "{number: 443, name: https, protocol: HTTPS}")
        -> String
    {
        "servers: [{hosts: [a.com], port: \(port), \(members)}]"
    }
    private static func hosts(_ hosts: String) -> String {
        "servers: [{hosts: \(hosts), port: {number: 80, name: http, protocol: HTTP}}]"
    }
    private static func port(_ port: String, _ rest: String = "") -> String {
        "servers: [{hosts: [a.com], port: \(port)\(rest)}]"
    }
    private static func tls(_ members: String) -> String { server("tls: {\(members)}") }

    static let shapes = [
        ValidationCase(rule: "no server", spec: "selector: {a: b}", errors: ["gateway must have at least one server"]),
        ValidationCase(rule: "a null server", spec: "servers: [null]", errors: ["server may not be nil"]),
        ValidationCase(
            rule: "a port name twice",
            spec: """
                servers:
                - {hosts: [a.com], port: {number: 80, name: web, protocol: HTTP}}
                - {hosts: [b.com], port: {number: 81, name: web, protocol: HTTP}}
                """,
            errors: ["port names in servers must be unique: duplicate name web"]
        ),
        ValidationCase(
            rule: "no host",
            spec: hosts("[]"),
            errors: ["server config must contain at least one host"]
        ),
        ValidationCase(
            rule: "hosts of every form",
            spec: hosts("['*', '*.a.com', './a.com', 'ns/b.com', '*/*', 10.0.0.1]")
        ),
        ValidationCase(
            rule: "an empty namespace",
            spec: hosts("['/a.com']"),
            errors: [
                "config namespace and dnsName in host entry cannot be empty", "invalid namespace value \"\" in gateway",
            ]
        ),
        ValidationCase(
            rule: "a namespace that cannot be",
            spec: hosts("['N_/a.com']"),
            errors: ["invalid namespace value \"N_\" in gateway"]
        ),
        ValidationCase(
            rule: "a short name",
            spec: hosts("[reviews]"),
            errors: ["short names (non FQDN) are not allowed"]
        ),
        ValidationCase(
            rule: "a bad label",
            spec: hosts("[a_b.com]"),
            errors: ["domain name \"a_b.com\" invalid (label \"a_b\" invalid)"]
        ),
        ValidationCase(
            rule: "an unknown field",
            spec: "{selectors: {a: b}, servers: [{hosts: [a.com], port: {number: 80, name: http, protocol: HTTP}}]}",
            errors: ["unknown field \"spec.selectors\""]
        ),
    ]

    static let ports = [
        ValidationCase(rule: "no port", spec: "servers: [{hosts: [a.com]}]", errors: ["port is required"]),
        ValidationCase(
            rule: "an unknown protocol",
            spec: port("{number: 80, name: a, protocol: QUIC}"),
            errors: [
                "invalid protocol \"QUIC\", supported protocols are HTTP, HTTP2, GRPC, GRPC-WEB, MONGO, REDIS, MYSQL, TCP"
            ]
        ),
        ValidationCase(
            rule: "port 0",
            spec: port("{number: 0, name: a, protocol: HTTP}"),
            errors: ["port number 0 must be in the range 1..65535"]
        ),
        ValidationCase(
            rule: "port 65536",
            spec: port("{number: 65536, name: a, protocol: HTTP}"),
            errors: ["port number 65536 must be in the range 1..65535"]
        ),
        ValidationCase(
            rule: "a target port",
            spec: port("{number: 80, name: a, protocol: HTTP, targetPort: 8080}"),
            errors: ["targetPort has no impact on Gateways"]
        ),
        ValidationCase(
            rule: "no port name",
            spec: port("{number: 80, protocol: HTTP}"),
            errors: ["port name must be set: number:80 protocol:\"HTTP\""]
        ),
        ValidationCase(rule: "an address", spec: port("{number: 80, name: a, protocol: HTTP}", ", bind: 10.0.0.1")),
        ValidationCase(
            rule: "an address that is none",
            spec: port("{number: 80, name: a, protocol: HTTP}", ", bind: here"),
            errors: ["here is not a valid IP"]
        ),
        ValidationCase(rule: "a socket", spec: port("{name: a, protocol: HTTP}", ", bind: 'unix:///run/a'")),
        ValidationCase(
            rule: "a socket with a port",
            spec: port("{number: 80, name: a, protocol: HTTP}", ", bind: 'unix:///run/a'"),
            errors: ["port number must be 0 for unix domain socket: number:80 protocol:\"HTTP\" name:\"a\""]
        ),
        ValidationCase(
            rule: "HTTPS without TLS settings",
            spec: port("{number: 443, name: a, protocol: HTTPS}"),
            errors: ["server must have TLS settings for HTTPS/TLS protocols"]
        ),
        ValidationCase(
            rule: "HTTP with TLS settings",
            spec: port("{number: 80, name: a, protocol: HTTP}", ", tls: {mode: SIMPLE, credentialName: c}"),
            errors: ["server cannot have TLS settings for plain text HTTP ports"]
        ),
        ValidationCase(
            rule: "HTTP with a redirect",
            spec: port("{number: 80, name: a, protocol: HTTP}", ", tls: {httpsRedirect: true}")
        ),
        ValidationCase(
            rule: "TCP with TLS settings",
            spec: port("{number: 80, name: a, protocol: TCP}", ", tls: {mode: SIMPLE, credentialName: c}"),
            errors: ["server cannot have TLS settings for non HTTPS/TLS ports"]
        ),
        ValidationCase(
            rule: "a redirect on HTTPS",
            spec: tls("mode: SIMPLE, credentialName: c, httpsRedirect: true"),
            warnings: ["tls.httpsRedirect should only be used with http servers"]
        ),
    ]

    static let modes = [
        ValidationCase(rule: "SIMPLE with a secret", spec: tls("mode: SIMPLE, credentialName: c")),
        ValidationCase(rule: "SIMPLE with two secrets", spec: tls("mode: SIMPLE, credentialNames: [rsa, ecdsa]")),
        ValidationCase(
            rule: "SIMPLE with three secrets",
            spec: tls("mode: SIMPLE, credentialNames: [a, b, c]"),
            warnings: ["credential_names can support up to 2 server certificates"]
        ),
        ValidationCase(
            rule: "SIMPLE without anything",
            spec: tls("mode: SIMPLE"),
            errors: ["SIMPLE TLS requires a server certificate", "SIMPLE TLS requires a private key"]
        ),
        ValidationCase(
            rule: "SIMPLE with a revocation list",
            spec: tls("mode: SIMPLE, serverCertificate: /c, privateKey: /k, caCrl: /l"),
            errors: ["CRL is not supported with SIMPLE TLS"]
        ),
        ValidationCase(
            rule: "SIMPLE with two pairs of files",
            spec: tls(
                "mode: SIMPLE, tlsCertificates: [{serverCertificate: /a, privateKey: /b}, {serverCertificate: /c, privateKey: /d}]"
            )
        ),
        ValidationCase(
            rule: "OPTIONAL_MUTUAL without roots says MUTUAL",
            spec: tls("mode: OPTIONAL_MUTUAL, serverCertificate: /c, privateKey: /k"),
            errors: ["MUTUAL TLS requires a client CA bundle"]
        ),
        ValidationCase(
            rule: "MUTUAL without anything",
            spec: tls("mode: MUTUAL"),
            errors: [
                "MUTUAL TLS requires a server certificate", "MUTUAL TLS requires a private key",
                "MUTUAL TLS requires a client CA bundle",
            ]
        ),
        ValidationCase(
            rule: "MUTUAL with files and a revocation list",
            spec: tls("mode: MUTUAL, serverCertificate: /c, privateKey: /k, caCertificates: /ca, caCrl: /l")
        ),
        ValidationCase(
            rule: "two sources of certificates",
            spec: tls("mode: SIMPLE, credentialName: c, serverCertificate: /c, privateKey: /k"),
            errors: [
                "only one of credential_name, credential_names, server_certificate/private_key, tls_certificates should be specified"
            ]
        ),
        ValidationCase(
            rule: "a revocation list beside a secret is not ignored",
            spec: tls("mode: MUTUAL, credentialName: c, caCrl: /l"),
            errors: ["CRL is not supported with credentialName. CRL has to be specified in the credential"]
        ),
        ValidationCase(
            rule: "ISTIO_MUTUAL has nothing of its own",
            spec: tls(
                "mode: ISTIO_MUTUAL, serverCertificate: /c, privateKey: /k, caCertificates: /ca, credentialName: c, "
                    + "credentialNames: [d], tlsCertificates: [{serverCertificate: /c, privateKey: /k}]"
            ),
            errors: [
                "ISTIO_MUTUAL TLS cannot have associated server certificate",
                "ISTIO_MUTUAL TLS cannot have associated private key",
                "ISTIO_MUTUAL TLS cannot have associated CA bundle",
                "ISTIO_MUTUAL TLS cannot have associated tlsCertificates",
                "ISTIO_MUTUAL TLS cannot have associated credentialName",
                "ISTIO_MUTUAL TLS cannot have associated credentialNames",
            ]
        ),
        ValidationCase(rule: "ISTIO_MUTUAL alone", spec: tls("mode: ISTIO_MUTUAL")),
        ValidationCase(
            rule: "PASSTHROUGH with a secret",
            spec: tls("mode: PASSTHROUGH, credentialName: c"),
            warnings: ["PASSTHROUGH mode does not use certificates, they will be ignored"]
        ),
        ValidationCase(
            rule: "AUTO_PASSTHROUGH with files",
            spec: tls("mode: AUTO_PASSTHROUGH, serverCertificate: /c, privateKey: /k"),
            warnings: ["AUTO_PASSTHROUGH mode does not use certificates, they will be ignored"]
        ),
        ValidationCase(
            rule: "an unknown mode",
            spec: tls("mode: TLS"),
            errors: [
                "spec.servers[0].tls.mode: Unsupported value: \"TLS\": supported values: \"PASSTHROUGH\", \"SIMPLE\", "
                    + "\"MUTUAL\", \"AUTO_PASSTHROUGH\", \"ISTIO_MUTUAL\", \"OPTIONAL_MUTUAL\""
            ]
        ),
        ValidationCase(
            rule: "every certificate is accepted",
            spec: tls("mode: MUTUAL, credentialName: c, insecureSkipVerify: true"),
            warnings: [
                "tls.insecureSkipVerify: client certificates of any origin are accepted, so that they prove nothing"
            ]
        ),
        ValidationCase(
            rule: "certificates and keys by their hashes",
            spec: tls(
                "mode: MUTUAL, credentialName: c, verifyCertificateHash: ['\(String(repeating: "0A:", count: 31))ff'], "
                    + "verifyCertificateSpki: ['\(String(repeating: "A", count: 43))=']"
            )
        ),
        ValidationCase(
            rule: "hashes that are none",
            spec: tls(
                "mode: OPTIONAL_MUTUAL, credentialName: c, verifyCertificateHash: [zz], verifyCertificateSpki: [AAAA]"
            ),
            warnings: [
                "tls.verifyCertificateSpki \"AAAA\" is not the Base64 of a SHA-256, which has 44 characters: every "
                    + "connection is reset until it is",
                "tls.verifyCertificateHash \"zz\" is not a SHA-256 in hexadecimal, which has 64 digits: every "
                    + "connection is reset until it is",
            ]
        ),
        ValidationCase(
            rule: "conditions on certificates that nobody is asked for",
            spec: tls("mode: SIMPLE, credentialName: c, verifyCertificateHash: ['00']"),
            warnings: [
                "tls.subjectAltNames, verifyCertificateSpki and verifyCertificateHash have no effect in mode SIMPLE, "
                    + "which asks for no client certificate"
            ]
        ),
    ]

    private static let secret = "mode: SIMPLE, credentialName: c, "

    static let limits = [
        ValidationCase(rule: "min alone", spec: tls(secret + "minProtocolVersion: TLSV1_3")),
        ValidationCase(
            rule: "min and max",
            spec: tls(secret + "minProtocolVersion: TLSV1_2, maxProtocolVersion: TLSV1_2")
        ),
        ValidationCase(
            rule: "min above max",
            spec: tls(secret + "minProtocolVersion: TLSV1_3, maxProtocolVersion: TLSV1_2"),
            errors: [
                "tls.minProtocolVersion TLSV1_3 is above tls.maxProtocolVersion TLSV1_2, so that no client could "
                    + "connect: lower the one or raise the other"
            ]
        ),
        ValidationCase(
            rule: "max below the default min",
            spec: tls(secret + "maxProtocolVersion: TLSV1_1"),
            errors: [
                "tls.maxProtocolVersion TLSV1_1 is below the default minimum TLSV1_2, so that no client could connect: "
                    + "set minProtocolVersion too, or raise the maximum"
            ]
        ),
        ValidationCase(
            rule: "old versions without suites for them",
            spec: tls(secret + "minProtocolVersion: TLSV1_0"),
            warnings: [
                "TLS version below TLSV1_2 require setting compatible ciphers as by default they no longer include "
                    + "compatible ciphers."
            ]
        ),
        ValidationCase(
            rule: "old versions with suites for them",
            spec: tls(secret + "minProtocolVersion: TLSV1_1, cipherSuites: [ECDHE-RSA-AES128-SHA]")
        ),
        ValidationCase(
            rule: "SSLv3 is no version",
            spec: tls(secret + "minProtocolVersion: SSLV3"),
            errors: [
                "spec.servers[0].tls.minProtocolVersion: Unsupported value: \"SSLV3\": supported values: "
                    + "\"TLS_AUTO\", \"TLSV1_0\", \"TLSV1_1\", \"TLSV1_2\", \"TLSV1_3\""
            ]
        ),
        ValidationCase(
            rule: "suites unknown and repeated",
            spec: tls(
                secret + "cipherSuites: [RC4-SHA, AES128-SHA, NULL-MD5, AES128-SHA, '-ALL', ECDHE-RSA-AES128-SHA]"
            ),
            warnings: [
                "ignoring invalid cipher suites: [NULL-MD5 RC4-SHA]", "ignoring duplicate cipher suites: [AES128-SHA]",
            ]
        ),
        ValidationCase(
            rule: "suites of TLS 1.2 for TLS 1.3",
            spec: tls(secret + "minProtocolVersion: TLSV1_3, cipherSuites: [AES128-SHA]"),
            warnings: [
                "tls.cipherSuites has no effect with minProtocolVersion TLSV1_3: the suites of TLS 1.3 are not configured"
            ]
        ),
        ValidationCase(
            rule: "an expression that leaves nothing",
            spec: tls(secret + "cipherSuites: ['-ALL']"),
            errors: ["tls.cipherSuites leaves no suite: name at least one, such as ECDHE-RSA-AES128-GCM-SHA256"]
        ),
        ValidationCase(
            rule: "a secret that old gateways ignore",
            spec: tls("mode: SIMPLE, credentialName: istio-ingress-cert"),
            warnings: [
                "tls.credentialName \"istio-ingress-cert\" begins with istio or prometheus: gateways of Istio up to 1.4 "
                    + "(ASM before 1.17) take such secrets for the mesh's own and ignore them, so that the hosts are "
                    + "reset; rename the secret where such gateways may read it"
            ]
        ),
    ]

    @Test(arguments: shapes + ports + modes + limits)
    func `says exactly what is wrong`(rule: ValidationCase) throws {
        let result = try rule.validation(.gateway, version: "v1beta1")
        #expect(result == Validation(errors: rule.errors, warnings: rule.warnings))
    }

    @Test func `a name is a DNS label`() throws {
        let rule = ValidationCase(rule: "", spec: Self.hosts("['*']"))
        #expect(try rule.validation(.gateway, version: "v1", name: "a.b").errors == ["invalid gateway name: \"a.b\""])
    }

    @Test(arguments: [
        ([], []), (["RC4-SHA"], []), (["AES128-SHA", "RC4-SHA", "AES128-SHA"], ["AES128-SHA"]),
        (["[AES256-SHA|AES128-SHA]", "DES-CBC3-SHA"], ["AES256-SHA", "AES128-SHA", "DES-CBC3-SHA"]),
        (["ALL", "-AES128-SHA"], CipherSuites.known.filter { $0 != "AES128-SHA" }),
        (["!AES128-SHA", "AES128-SHA", "AES256-SHA"], ["AES256-SHA"]), (["", "@STRENGTH", "+AES"], []),
    ])
    func `the suites that are used are the known ones in order`(list: [String], usable: [String]) {
        #expect(CipherSuites.usable(list) == usable)
    }

    @Test func `defaults of the mesh need a suite that can be used`() throws {
        #expect(throws: (any Error).self) { try MeshConfig(["tlsDefaults": ["cipherSuites": ["RC4-SHA"]]]) }
        let config = try MeshConfig(["tlsDefaults": ["cipherSuites": ["RC4-SHA", "AES128-SHA"]]])
        #expect(
            config.validate().warnings == ["tlsDefaults.cipherSuites: left out because unknown: [RC4-SHA]"]
        )
    }
}
