import Discovery
import Testing

@testable import Proxy

/// The chain that a gateway's connection belongs to; the order is Envoy's.
@Suite struct ChainChooserTests {
    private static func chain(
        _ transport: GatewayListener.Chain.Transport = .passthrough,
        _ serverNames: [String] = [],
        offering protocols: [String] = []
    ) -> GatewayListener.Chain {
        var chain = GatewayListener.Chain(transport, .http(routes: "routes"))
        (chain.serverNames, chain.applicationProtocols) = (serverNames, protocols)
        return chain
    }

    private static func hello(_ name: String?, _ protocols: [String] = []) -> ChainChooser.Opening {
        .hello(serverName: name, applicationProtocols: protocols)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var name: String?
        var chain: Int?
        var testDescription: String { "\(name ?? "no SNI") takes \(chain.map(String.init) ?? "none")" }
    }

    @Test(arguments: [
        Case(name: "a.example.com", chain: 0), Case(name: "b.example.com", chain: 1),
        Case(name: "x.b.example.com", chain: 2), Case(name: "y.x.b.example.com", chain: 2),
        Case(name: "x.a.example.com", chain: 1), Case(name: "example.com", chain: 3), Case(name: nil, chain: 3),
        Case(name: ".example.com", chain: 3), Case(name: "aexample.com", chain: 3), Case(name: "com", chain: 3),
    ])
    func `the exact name wins over the longest suffix, and any name comes last`(_ one: Case) {
        let chooser = ChainChooser([
            Self.chain(.passthrough, ["a.example.com"]), Self.chain(.passthrough, ["*.example.com"]),
            Self.chain(.passthrough, ["*.b.example.com"]), Self.chain(.passthrough, ["*"]),
        ])
        #expect(chooser.choose(Self.hello(one.name)) == one.chain)
    }

    @Test(arguments: ["b.example.com", nil]) func `a name that nobody has, and none, fit no chain`(_ name: String?) {
        let chooser = ChainChooser([Self.chain(.passthrough, ["a.example.com"]), Self.chain(.plaintext)])
        #expect(chooser.choose(Self.hello(name)) == nil)
    }

    @Test func `of equal chains the first wins`() {
        let chooser = ChainChooser([Self.chain(.passthrough, ["a.b"]), Self.chain(.passthrough, ["a.b"])])
        #expect(chooser.choose(Self.hello("a.b")) == 0)
    }

    @Test func `a chain that asks for an offered token wins over one that asks for none`() {
        let chooser = ChainChooser([
            Self.chain(.passthrough, ["a.b"]), Self.chain(.passthrough, ["a.b"], offering: ["istio", "istio-h2"]),
        ])
        #expect(chooser.choose(Self.hello("a.b", ["h2", "istio-h2"])) == 1)
        #expect(chooser.choose(Self.hello("a.b", ["h2"])) == 0)
        #expect(chooser.choose(Self.hello("a.b")) == 0)
    }

    @Test func `a chain of a lower rank does not take what the best rank refuses`() {
        let chooser = ChainChooser([Self.chain(.passthrough, ["a.b"], offering: ["istio"]), Self.chain()])
        #expect(chooser.choose(Self.hello("a.b", ["h2"])) == nil)
        #expect(chooser.choose(Self.hello("c.b", ["h2"])) == 1)
    }

    @Test func `plaintext takes the first chain for plaintext, and none where there is only TLS`() {
        let mixed = ChainChooser([Self.chain(), Self.chain(.plaintext), Self.chain(.plaintext)])
        #expect(mixed.choose(.plaintext) == 1)
        #expect(mixed.looksForTLS)
        #expect(ChainChooser([Self.chain()]).choose(.plaintext) == nil)
        #expect(!ChainChooser([Self.chain(.plaintext)]).looksForTLS)
        #expect(ChainChooser([Self.chain(.plaintext)]).choose(Self.hello("a.b")) == nil)
    }
}
