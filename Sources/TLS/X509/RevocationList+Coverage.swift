public import Base

extension RevocationList {
    /// What revocation lists do to the certificates that roots vouch for.
    public struct Coverage: Sendable {
        /// One sentence for each root whose certificates are refused, as no list that counts says that they are good.
        public let refusals: [String]
        /// Whether no certificate of any root is believed.
        public let refusesAll: Bool
        /// When the first of the lists that count runs out; nil when there is none.
        public let nextUpdate: Timestamp?
    }

    /// Once there is any list, each authority needs one that is still valid (RFC 5280 §6.3.3); without lists nobody does.
    public static func coverage(of roots: [Certificate], by lists: [RevocationList], now: Timestamp) -> Coverage {
        let current = lists.filter { $0.nextUpdate > now }
        var refusals: [String] = []
        for root in roots where !lists.isEmpty && !current.contains(where: { $0.issuer == root.subject }) {
            let refused = "client certificates of \(root.subject) are refused"
            if let old = lists.first(where: { $0.issuer == root.subject }) {
                refusals.append("revocation list of \(old.issuer) ran out at \(old.nextUpdate): \(refused)")
            } else {
                let issuers = Set(lists.map(\.issuer)).sorted().joined(separator: ", ")
                refusals.append("revocation list of \(issuers) is not that of \(root.subject): \(refused)")
            }
        }
        return Coverage(
            refusals: refusals,
            refusesAll: !roots.isEmpty && refusals.count == roots.count,
            nextUpdate: current.map(\.nextUpdate).min()
        )
    }
}
