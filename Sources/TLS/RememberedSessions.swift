internal import Base
internal import COpenSSL
internal import Synchronization

/// Sessions that a server keeps for clients that come back, whose tickets are mere references; may be shared as
/// ``TicketKeys`` may, by contexts and threads.
///
/// Cheaper than sealing them into tickets: nothing is encrypted, and no certificate is written down and read again. In
/// return it is bounded: when there are too many, the oldest goes and its client shakes hands in full. Only clients that
/// the server has accepted get in. A session ends when the client's certificate does, or the revocation list it was found
/// good by.
public final class RememberedSessions: Sendable {
    /// Sessions at most, of some 600 octets each, and the certificate where no other session of the client has it.
    static let limit = 1024

    /// What a client shows to resume: at most 32 octets (RFC 8446 §4.1.2), with zeros behind.
    private struct ID: Hashable {
        var words: SIMD4<UInt64> = .zero

        init(_ octets: UnsafeBufferPointer<UInt8>) {
            for index in octets.indices.prefix(32) {
                words[index / 8] |= UInt64(unsafe octets[index]) << (index % 8 * 8)
            }
        }
    }

    private struct State {
        var sessions: [ID: Session] = [:]
        /// In the order of their coming, as a ring.
        var order: [ID] = []
        var oldest = 0
    }

    private let state: Mutex<State>

    public init() { state = Mutex(State()) }

    /// How many there are.
    var count: Int { state.withLock { $0.sessions.count } }

    /// When the last of them ends; nil when there is none.
    var latestEnd: Timestamp? { state.withLock { $0.sessions.values.map(\.end).max() } }

    /// Keeps a session that can be resumed under `id`.
    fileprivate func insert(_ session: Session, id octets: UnsafeBufferPointer<UInt8>) {
        let id = unsafe ID(octets)
        state.withLock { state in
            guard state.sessions.updateValue(session, forKey: id) == nil else { return }
            if state.order.count < Self.limit { return state.order.append(id) }
            state.sessions[state.order[state.oldest]] = nil
            state.order[state.oldest] = id
            state.oldest = (state.oldest + 1) % Self.limit
        }
    }

    /// The session of that id; nil when it is not known, or its time is over.
    fileprivate func session(id octets: UnsafeBufferPointer<UInt8>, now: Timestamp = .now) -> Session? {
        let id = unsafe ID(octets)
        guard let session = state.withLock({ $0.sessions[id] }), session.isUsable(now: now) else { return nil }
        return session
    }
}

/// OpenSSL has made a session: keeps it for no longer than its client's certificate counts.
func rememberSession(_ ssl: OpaquePointer?, _ raw: OpaquePointer?) -> CInt {
    guard let connection = unsafe TLSConnection.owner(of: ssl), let raw = unsafe raw,
        let sessions = connection.context.server?.remembered
    else { return 0 }
    let now = Timestamp.now.seconds
    var end = Int64.max
    if let peer = unsafe SSL_SESSION_get0_peer(raw) { end = unsafe COpenSSL_seconds(X509_get0_notAfter(peer)) }
    if let listed = connection.verification?.trust.revocationExpiry { end = min(end, listed.seconds) }
    let limit = Int(clamping: end) - Int(now)
    if limit <= 0 { return 0 }
    if unsafe SSL_SESSION_get_timeout(raw) > limit { _ = unsafe SSL_SESSION_set_timeout(raw, limit) }
    var count: CUnsignedInt = 0
    let id = unsafe SSL_SESSION_get_id(raw, &count)
    // A copy: OpenSSL does not resume the session itself once its connection ends without close_notify, as many do.
    guard let copy = unsafe SSL_SESSION_dup(raw) else { return 0 }
    // Safe: the session keeps `count` octets there; the 0 says that it is still OpenSSL's.
    unsafe sessions.insert(Session(adopting: copy), id: UnsafeBufferPointer(start: id, count: Int(count)))
    return 0
}

/// A client has shown the id of a session: gives OpenSSL a copy of its own.
func findSession(
    _ ssl: OpaquePointer?,
    _ id: UnsafePointer<UInt8>?,
    _ count: CInt,
    _ isShared: UnsafeMutablePointer<CInt>?
) -> OpaquePointer? {
    // Safe: OpenSSL vouches for `count` octets. The copy is for it alone, which the 0 says.
    unsafe isShared?.pointee = 0
    guard let connection = unsafe TLSConnection.owner(of: ssl), let sessions = connection.context.server?.remembered,
        let session = unsafe sessions.session(id: UnsafeBufferPointer(start: id, count: Int(count)))
    else { return nil }
    return unsafe SSL_SESSION_dup(session.raw)
}
