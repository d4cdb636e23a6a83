internal import Discovery

/// Finds the chain that a connection to a gateway's listener belongs to, as Envoy does.
///
/// The exact server name wins over the longest suffix, and chains for any name come last. Only chains of the best rank
/// count: when the client offers none of their ALPN tokens, no chain of a lower rank takes its connection.
struct ChainChooser: Sendable {
    /// What a connection begins with.
    enum Opening: Hashable, Sendable {
        case plaintext
        /// The server name in lower case, if there is one, and the ALPN tokens of a ClientHello.
        case hello(serverName: String?, applicationProtocols: [String])
    }

    /// Whether there is any chain for TLS, so that the first bytes must be looked at.
    let looksForTLS: Bool
    /// The first of the chains for plaintext; nil when there is none.
    let plaintext: Int?
    private var exact: [String: [Int]] = [:]
    /// By the suffix after `*.`.
    private var suffixes: [String: [Int]] = [:]
    private var any: [Int] = []
    private let conditions: [[String]]

    init(_ chains: [GatewayListener.Chain]) {
        plaintext = chains.firstIndex { $0.transport == .plaintext }
        looksForTLS = chains.contains { $0.transport != .plaintext }
        conditions = chains.map(\.applicationProtocols)
        for (index, chain) in chains.enumerated() where chain.transport != .plaintext {
            if chain.serverNames.isEmpty || chain.serverNames.contains("*") { any.append(index) }
            for name in chain.serverNames where name != "*" {
                if name.hasPrefix("*.") {
                    suffixes[String(name.dropFirst(2)), default: []].append(index)
                } else {
                    exact[name, default: []].append(index)
                }
            }
        }
    }

    /// The chain's place among those given to `init`; nil when none fits.
    func choose(_ opening: Opening) -> Int? {
        switch opening {
        case .plaintext: plaintext
        case .hello(let name, let offered): first(of: candidates(name), offered)
        }
    }

    private func candidates(_ name: String?) -> [Int] {
        guard let name else { return any }
        if let found = exact[name] { return found }
        var rest = name[...]
        while let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            // At least one octet stands for the asterisk.
            if dot > name.startIndex, let found = suffixes[String(rest)] { return found }
        }
        return any
    }

    /// A chain that asks for one of the offered tokens wins over one that asks for none.
    private func first(of candidates: [Int], _ offered: [String]) -> Int? {
        candidates.first { conditions[$0].contains(where: offered.contains) }
            ?? candidates.first { conditions[$0].isEmpty }
    }
}
