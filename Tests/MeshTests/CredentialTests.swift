import Base
import JSON
import Mesh
import Testing

@Suite struct CredentialReferenceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        var kind = CredentialReference.Kind.secret
        var name: String
        var isRoots = false
        var fallback: String?
        var testDescription: String { text }
    }

    static let cases: [Case] = [
        Case(text: "site", name: "site"), Case(text: "kubernetes://site", name: "site"),
        Case(text: "kubernetes://edge/site", name: "site"), Case(text: "kubernetes-gateway://edge/site", name: "site"),
        Case(text: "site-cacert", name: "site-cacert", isRoots: true, fallback: "site"),
        Case(text: "kubernetes://edge/site-cacert", name: "site-cacert", isRoots: true, fallback: "site"),
        Case(text: "configmap://edge/roots", kind: .configMap, name: "roots", isRoots: true),
    ]

    @Test(arguments: cases) func `a reference names an object of the proxy's own namespace`(_ example: Case) throws {
        let reference = try CredentialReference(example.text, namespace: "edge")
        #expect(reference.namespace == "edge")
        #expect(reference.kind == example.kind)
        #expect(reference.name == example.name)
        #expect(reference.isRoots == example.isRoots)
        #expect(reference.fallbackName == example.fallback)
    }

    @Test(arguments: [
        "kubernetes://other/site", "kubernetes-gateway://other/site", "configmap://other/roots", "other/site",
        "kubernetes://other/site-cacert",
    ])
    func `another namespace's is refused, whoever asks`(text: String) {
        let error = #expect(throws: MeshError.self) { try CredentialReference(text, namespace: "edge") }
        #expect(error?.message.contains("a proxy gets credentials only from its own, edge") == true)
    }

    @Test(arguments: [
        "", "/", "kubernetes://", "kubernetes:///", "kubernetes://a/b/c", "kubernetes-gateway://site", "configmap://x",
        "builtin://", "invalid://", "sds://provider", "://", "edge/", "edge/a/b",
    ])
    func `what names nothing is refused`(text: String) {
        #expect(throws: MeshError.self) { try CredentialReference(text, namespace: "edge") }
    }
}

@Suite struct SecretContentTests {
    private func secret(_ data: [String: String]) -> JSON {
        ["data": .object(data.mapValues { .string(Base64.encode(Array($0.utf8))) })]
    }

    private func message(_ body: () throws -> SecretContent) -> String? {
        (#expect(throws: MeshError.self) { try body() })?.message
    }

    @Test func `a generic Secret has cert, key and crl`() throws {
        let content = try SecretContent(certificateOf: secret(["cert": "C", "key": "K", "crl": "R", "cacert": "A"]))
        #expect(content.certificatesPEM == "C" && content.keyPEM == "K" && content.revocationsPEM == "R")
        #expect(content.rootsPEM.isEmpty && content.ocspStaple.isEmpty)
    }

    @Test func `one of type kubernetes.io tls has its own names, and a staple`() throws {
        let content = try SecretContent(
            certificateOf: secret(["tls.crt": "C", "tls.key": "K", "ca.crl": "R", "tls.ocsp-staple": "S", "crl": "X"])
        )
        #expect(content.certificatesPEM == "C" && content.keyPEM == "K" && content.revocationsPEM == "R")
        #expect(content.ocspStaple == Array("S".utf8))
    }

    @Test func `the first complete pair wins`() throws {
        let both = ["cert": "C", "key": "K", "tls.crt": "TC", "tls.key": "TK", "tls.ocsp-staple": "S"]
        let content = try SecretContent(certificateOf: secret(both))
        #expect(content.certificatesPEM == "C" && content.ocspStaple.isEmpty)
        let empty = both.merging(["key": ""]) { $1 }
        #expect(try SecretContent(certificateOf: secret(empty)).certificatesPEM == "TC")
    }

    @Test func `what is missing is told in Istio's words`() {
        #expect(
            message { try SecretContent(certificateOf: secret(["cert": "C", "token": "T"])) }
                == "found secret, but didn't have expected keys (cert and key) or (tls.crt and tls.key); found: cert, token"
        )
        #expect(
            message { try SecretContent(certificateOf: secret(["a": "", "b": "", "c": "", "d": "", "e": ""])) }
                == "found secret, but didn't have expected keys (cert and key) or (tls.crt and tls.key); "
                + "found: a, b, c, and 2 more..."
        )
        #expect(
            message { try SecretContent(certificateOf: secret(["tls.crt": "", "tls.key": ""])) }
                == #"found keys "tls.crt" and "tls.key", but they were empty"#
        )
        #expect(
            message { try SecretContent(rootsOf: secret(["tls.crt": "C"])) }
                == "found secret, but didn't have expected keys cacert or ca.crt; found: tls.crt"
        )
        #expect(
            message { try SecretContent(rootsOf: secret(["cacert": ""])) } == #"found key "cacert", but it was empty"#
        )
        #expect(message { try SecretContent(certificateOf: [:]) }?.hasSuffix("found: ") == true)
    }

    @Test func `roots are in cacert, else in ca crt, each with its own revocations`() throws {
        let both = secret(["cacert": "A", "ca.crt": "B", "crl": "R", "ca.crl": "S", "key": "K"])
        let content = try SecretContent(rootsOf: both)
        #expect(content.rootsPEM == "A" && content.revocationsPEM == "R" && content.keyPEM.isEmpty)
        let tls = try SecretContent(rootsOf: secret(["cacert": "", "ca.crt": "B", "ca.crl": "S"]))
        #expect(tls.rootsPEM == "B" && tls.revocationsPEM == "S")
    }

    @Test func `a ConfigMap is not encoded, and has ca crt first`() throws {
        let map: JSON = ["data": ["ca.crt": "B", "cacert": "A"]]
        #expect(try SecretContent(rootsOf: map, isConfigMap: true).rootsPEM == "B")
        #expect(
            message { try SecretContent(rootsOf: ["data": ["x": "y"]], isConfigMap: true) }
                == "found configmap, but didn't have expected keys cacert or ca.crt; found: x"
        )
    }

    @Test func `what is not Base64 counts as empty`() {
        #expect(
            message { try SecretContent(certificateOf: ["data": ["cert": "?", "key": 7]]) }
                == #"found keys "cert" and "key", but they were empty"#
        )
    }
}
