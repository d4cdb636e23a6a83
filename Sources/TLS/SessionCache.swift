internal import Base
internal import COpenSSL
internal import Synchronization

/// One session that a client may resume.
@safe final class Session: Sendable {
    // Safe: OpenSSL counts references to it atomically, and nothing here changes it after init.
    nonisolated(unsafe) let raw: OpaquePointer

    init(adopting raw: OpaquePointer) { unsafe self.raw = raw }

    deinit { unsafe SSL_SESSION_free(raw) }

    /// A TLS 1.3 ticket is for one connection only (RFC 8446 §C.4); a TLS 1.2 session may be used again and again.
    var isSingleUse: Bool { unsafe SSL_SESSION_get_protocol_version(raw) >= TLS1_3_VERSION }

    /// When it can no longer be resumed.
    var end: Timestamp { Timestamp(seconds: Int64(unsafe SSL_SESSION_get_time(raw) + SSL_SESSION_get_timeout(raw))) }

    /// Whether the ticket's time is not over, and the server's certificate has not expired since it was verified, if it was.
    func isUsable(now: Timestamp, isVerified: Bool = true) -> Bool {
        guard unsafe SSL_SESSION_is_resumable(raw) == 1,
            now < end
        else { return false }
        guard isVerified, let peer = unsafe SSL_SESSION_get0_peer(raw) else { return true }
        return unsafe X509_cmp_current_time(X509_get0_notAfter(peer)) > 0
    }
}

/// The sessions of one client context, a few for each destination; the newest is used first.
///
/// Several, because a TLS 1.3 ticket serves once: with one, only one of many connections opened together would resume.
final class SessionCache: Sendable {
    /// What a session is good for: the place connected to and the name asked for.
    struct Key: Hashable {
        let destination: String
        let serverName: String
    }

    static let sessionsPerDestination = 32
    static let destinations = 1024

    private let stored = Mutex<[Key: [Session]]>([:])
    /// Whether servers' certificates are verified, so that a session must not outlive one.
    private let isVerified: Bool

    init(isVerified: Bool = true) { self.isVerified = isVerified }

    func store(_ session: Session, for key: Key) {
        stored.withLock { stored in
            // Bounded without bookkeeping: when there are too many destinations, any may be forgotten.
            if stored[key] == nil, stored.count >= Self.destinations, let victim = stored.keys.first {
                stored[victim] = nil
            }
            let isSingleUse = session.isSingleUse
            var sessions = isSingleUse ? stored[key] ?? [] : []
            if sessions.count >= Self.sessionsPerDestination { sessions.removeFirst() }
            sessions.append(session)
            stored[key] = sessions
        }
    }

    /// The best session for `key`, taken out when it can serve only once; nil when there is none.
    func take(for key: Key, now: Timestamp = .now) -> Session? {
        stored.withLock { stored in
            while let session = stored[key]?.popLast() {
                guard session.isUsable(now: now, isVerified: isVerified) else { continue }
                if !session.isSingleUse { stored[key]?.append(session) }
                return session
            }
            stored[key] = nil
            return nil
        }
    }
}
