import Discovery
import Testing

@testable import Proxy

/// Istio's inbound behaviour matrix (`pilot/pkg/networking/core/sidecar_simulation_test.go` TestInbound).
@Suite struct InboundChainTests {
    /// What a client sends.
    enum Call: String, CaseIterable {
        case plaintextHTTP, plaintextBytes, foreignTLS, meshBytes, meshHTTP

        var transport: InboundChain.Transport {
            switch self {
            case .plaintextHTTP, .plaintextBytes: .raw
            case .foreignTLS: .tls(.none)
            case .meshBytes:
                .tls(InboundChain.MeshOffer(protocols: ["istio-peer-exchange", "istio"]))
            case .meshHTTP:
                .tls(InboundChain.MeshOffer(protocols: ["istio-http/1.1", "istio", "http/1.1"]))
            }
        }
    }

    struct Row: CustomTestStringConvertible {
        var application: ApplicationProtocol
        var call: Call
        var disable: InboundChain
        var permissive: InboundChain
        var strict: InboundChain
        var testDescription: String { "\(application) port, \(call.rawValue)" }

        init(
            _ application: ApplicationProtocol,
            _ call: Call,
            _ disable: InboundChain,
            _ permissive: InboundChain,
            _ strict: InboundChain
        ) {
            self.application = application
            self.call = call
            self.disable = disable
            self.permissive = permissive
            self.strict = strict
        }
    }

    static let rows: [Row] = [
        Row(.tcp, .plaintextBytes, .bytes, .bytes, .refuse(.plaintextUnderStrict)),
        Row(.tcp, .plaintextHTTP, .bytes, .bytes, .refuse(.plaintextUnderStrict)),
        // Under STRICT the handshake then fails for want of a client certificate.
        Row(.tcp, .foreignTLS, .bytes, .bytes, .mutualTLSBytes),
        Row(.tcp, .meshBytes, .bytes, .mutualTLSBytes, .mutualTLSBytes),
        Row(.tcp, .meshHTTP, .bytes, .mutualTLSBytes, .mutualTLSBytes),
        Row(.http, .plaintextHTTP, .plaintextHTTP, .plaintextHTTP, .refuse(.plaintextUnderStrict)),
        // Bytes that are no HTTP end in the parser.
        Row(.http, .plaintextBytes, .plaintextHTTP, .plaintextHTTP, .refuse(.plaintextUnderStrict)),
        Row(.http, .foreignTLS, .plaintextHTTP, .refuse(.foreignTLSOnHTTPPort), .mutualTLSHTTP),
        Row(.http, .meshBytes, .plaintextHTTP, .mutualTLSHTTP, .mutualTLSHTTP),
        Row(.http, .meshHTTP, .plaintextHTTP, .mutualTLSHTTP, .mutualTLSHTTP),
        Row(.auto, .plaintextHTTP, .plaintextHTTP, .plaintextHTTP, .refuse(.plaintextUnderStrict)),
        Row(.auto, .plaintextBytes, .bytes, .bytes, .refuse(.plaintextUnderStrict)),
        Row(.auto, .foreignTLS, .bytes, .bytes, .mutualTLSBytes),
        Row(.auto, .meshBytes, .bytes, .mutualTLSBytes, .mutualTLSBytes),
        Row(.auto, .meshHTTP, .bytes, .mutualTLSHTTP, .mutualTLSHTTP),
    ]

    @Test(arguments: rows) func `chooses the chain of Istio's matrix`(row: Row) {
        for (mode, expected) in [
            (MutualTLSMode.disable, row.disable), (.permissive, row.permissive), (.strict, row.strict),
        ] {
            // On a DISABLE port nobody looks for TLS: every connection is raw.
            let transport = InboundChain.looksForTLS(mode) ? row.call.transport : .raw
            let chain = InboundChain.select(row.application, mode, transport, isHTTP: row.call == .plaintextHTTP)
            #expect(chain == expected, "\(mode)")
        }
    }

    @Test func `looks for TLS unless mutual TLS is disabled`() {
        #expect(!InboundChain.looksForTLS(.disable))
        #expect(InboundChain.looksForTLS(.permissive))
        #expect(InboundChain.looksForTLS(.strict))
    }

    @Test func `looks for HTTP only where it matters`() {
        #expect(InboundChain.looksForHTTP(.auto, .disable))
        #expect(InboundChain.looksForHTTP(.auto, .permissive))
        #expect(!InboundChain.looksForHTTP(.auto, .strict))
        #expect(!InboundChain.looksForHTTP(.tcp, .permissive))
        #expect(!InboundChain.looksForHTTP(.http, .permissive))
    }

    @Test func `tells Istio's ALPN tokens from others`() {
        func offer(_ names: [String]) -> InboundChain.MeshOffer { .init(protocols: names) }
        #expect(offer([]) == .none)
        #expect(offer(["h2", "http/1.1"]) == .none)
        #expect(offer(["Istio"]) == .none)
        #expect(offer(["h2", "istio"]) == .bytes)
        #expect(offer(["istio-peer-exchange"]) == .bytes)
        #expect(offer(["istio", "istio-h2"]) == .http)
        #expect(offer(["istio-http/1.0"]) == .http)
    }
}
