internal import Synchronization

/// What certificates that were verified say of their owners, so that a client that comes back is not read anew.
final class KnownCallers: Sendable {
    struct Caller: Sendable {
        /// Its SPIFFE id.
        var principal: String
        /// The element of X-Forwarded-Client-Cert.
        var element: [UInt8]
    }

    static let limit = 1024

    private let known = Mutex<[String: Caller]>([:])

    /// The owner of the certificate of that fingerprint; `read` finds it out the first time.
    func caller(_ fingerprint: String, _ read: () -> Caller) -> Caller {
        if let caller = known.withLock({ $0[fingerprint] }) { return caller }
        let caller = read()
        known.withLock { known in
            // Bounded without bookkeeping: any may be forgotten, and is read again.
            if known.count >= Self.limit, let victim = known.keys.first { known[victim] = nil }
            known[fingerprint] = caller
        }
        return caller
    }
}
