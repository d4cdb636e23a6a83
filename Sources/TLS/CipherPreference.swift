internal import Base

/// The TLS 1.2 suites of a server in its order, where some may be equals among which the client's order decides.
///
/// OpenSSL has only the plain order; the equals are put into the client's order when its hello is there. That is how
/// BoringSSL, and so Envoy, reads `[A|B]` in a list.
struct CipherPreference: Hashable, Sendable {
    /// One suite that may be named in a list.
    struct Suite: Hashable, Sendable {
        /// OpenSSL's name.
        let name: String
        /// The IANA number.
        let number: UInt16
    }

    /// From the most preferred on; the suites of one element are equals.
    let ranks: [[Suite]]

    /// Envoy's default: forward secrecy and authenticated encryption only, AES128-GCM and ChaCha20 as equals.
    static let standard = CipherPreference([
        "[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]",
        "[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]",
        "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384",
    ])

    /// Reads names and `[A|B]`; nil where anything else occurs, such as `ALL` or `-ALL`, which OpenSSL itself must read.
    init?(_ list: [String]) {
        var ranks: [[Suite]] = []
        for entry in list {
            let isGroup = entry.hasPrefix("[") && entry.hasSuffix("]")
            let names = isGroup ? entry.dropFirst().dropLast().split(separator: "|").map(String.init) : [entry]
            let rank = names.compactMap { name in Self.numbers[name].map { Suite(name: name, number: $0) } }
            guard !rank.isEmpty, rank.count == names.count else { return nil }
            ranks.append(rank)
        }
        self.ranks = ranks
    }

    /// The list for OpenSSL in the server's own order.
    var text: String { ranks.joined().map(\.name).joined(separator: ":") }

    /// The list for OpenSSL with equals in the client's order; nil when that is the server's own order.
    func text(for offered: [UInt16]) -> String? {
        var isChanged = false
        let ordered = ranks.map { rank -> [Suite] in
            if rank.count < 2 { return rank }
            let places = rank.map { offered.firstIndex(of: $0.number) ?? .max }
            let order = rank.indices.sorted { (places[$0], $0) < (places[$1], $1) }
            if order != Array(rank.indices) { isChanged = true }
            return order.map { rank[$0] }
        }
        return isChanged ? ordered.joined().map(\.name).joined(separator: ":") : nil
    }

    /// The numbers of those that need an ECDSA certificate.
    var ecdsaSuites: Set<UInt16> { Set(ranks.joined().filter { $0.name.hasPrefix("ECDHE-ECDSA-") }.map(\.number)) }

    static let allECDSASuites = Set(numbers.filter { $0.key.hasPrefix("ECDHE-ECDSA-") }.values)

    /// The suites that Istio's `cipherSuites` accepts (`pkg/config/security/security.go`), by OpenSSL's names.
    private static let numbers: [String: UInt16] = [
        "ECDHE-ECDSA-AES128-GCM-SHA256": 0xC02B, "ECDHE-RSA-AES128-GCM-SHA256": 0xC02F,
        "ECDHE-ECDSA-AES256-GCM-SHA384": 0xC02C, "ECDHE-RSA-AES256-GCM-SHA384": 0xC030,
        "ECDHE-ECDSA-CHACHA20-POLY1305": 0xCCA9, "ECDHE-RSA-CHACHA20-POLY1305": 0xCCA8,
        "ECDHE-ECDSA-AES128-SHA": 0xC009, "ECDHE-RSA-AES128-SHA": 0xC013, "ECDHE-ECDSA-AES256-SHA": 0xC00A,
        "ECDHE-RSA-AES256-SHA": 0xC014, "AES128-GCM-SHA256": 0x009C, "AES256-GCM-SHA384": 0x009D,
        "AES128-SHA": 0x002F, "AES256-SHA": 0x0035, "DES-CBC3-SHA": 0x000A,
    ]
}
