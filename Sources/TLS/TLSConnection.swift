internal import Base
internal import COpenSSL
internal import Glibc

/// One end of a TLS connection over a non-blocking socket; belongs to one thread.
///
/// Never waits: each call does what can be done now and says what it needs next. Decrypted and encrypted bytes are
/// gathered, so that a call makes at most one write, and no read that is bound to find nothing.
@safe public final class TLSConnection {
    private let ssl: OpaquePointer
    private let descriptor: CInt
    let context: TLSContext
    let sessions: SessionCache?
    let sessionKey: SessionCache.Key?
    /// The name that a client asks for; nil for servers.
    let serverName: String?
    /// Encrypted bytes that the kernel has not taken yet.
    private var unsent: [UInt8] = []
    private var unsentStart = 0
    /// What to tell the kernel with the next record, when it is not to be gathered with others: nil within a handshake.
    private var recordFlags: CInt?
    /// Whether the last read showed that the kernel has nothing more for now.
    private var isDrained = false
    private var hasEnded = false
    private var socketError: CInt = 0
    private var isFinished = false
    private var failure: TLSFailure?
    var alertReceived: TLSAlert?
    var alertSent: TLSAlert?
    var verificationProblem: String?
    /// Whether the server wants to see a certificate, of which this client has none.
    var wasAskedForCertificate = false
    /// Which of a server's identities the client gets to see.
    var chosenIdentity = 0

    var verification: PeerVerification? { context.verification }

    /// The server's end of the connection on `descriptor`, which stays the caller's and must outlive this object.
    public convenience init(server: TLSServerContext, descriptor: CInt) {
        self.init(server.context, descriptor, sessions: nil, sessionKey: nil, serverName: nil)
        unsafe SSL_set_accept_state(ssl)
    }

    /// The client's end of the connection on `descriptor`, which stays the caller's and must outlive this object.
    ///
    /// - Parameters:
    ///   - serverName: What to ask for, and to verify by ``PeerVerification/Names/host``; an IP address is not sent.
    ///   - destination: What sessions are remembered by, such as the address; nil remembers and resumes none.
    ///   - applicationProtocols: What to offer instead of the context's own.
    public convenience init(
        client: TLSClientContext,
        descriptor: CInt,
        serverName: String?,
        destination: String? = nil,
        applicationProtocols: ApplicationProtocols? = nil
    ) {
        // The dot that ends an absolute name is no part of the name (RFC 6066 §3).
        let serverName = serverName.map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 }
        let key = destination.map { SessionCache.Key(destination: $0, serverName: serverName ?? "") }
        self.init(client.context, descriptor, sessions: client.sessions, sessionKey: key, serverName: serverName)
        unsafe SSL_set_connect_state(ssl)
        if let serverName, !serverName.isEmpty, IPAddress(serverName) == nil {
            unsafe COpenSSL_set_server_name(ssl, serverName)
        }
        if let offer = applicationProtocols?.wire {
            unsafe SSL_set_alpn_protos(ssl, offer, CUnsignedInt(offer.count))
        }
        if client.asksForStaple { unsafe _ = COpenSSL_request_status(ssl) }
        if let key, let session = client.sessions.take(for: key) { unsafe SSL_set_session(ssl, session.raw) }
    }

    /// For those who look closer at what the peer has shown.
    var handle: OpaquePointer { unsafe ssl }

    private init(
        _ context: TLSContext,
        _ descriptor: CInt,
        sessions: SessionCache?,
        sessionKey: SessionCache.Key?,
        serverName: String?
    ) {
        guard let ssl = unsafe SSL_new(context.raw), let bio = unsafe BIO_new(SocketBIO.method) else {
            preconditionFailure("out of memory")
        }
        unsafe self.ssl = ssl
        (self.context, self.descriptor, self.sessions) = (context, descriptor, sessions)
        (self.sessionKey, self.serverName) = (sessionKey, serverName)
        // Safe: both pointers to self are used only inside calls on `ssl`, which self makes and frees.
        let owner = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe COpenSSL_set_owner(ssl, owner)
        unsafe BIO_set_data(bio, owner)
        unsafe SSL_set_bio(ssl, bio, bio)
    }

    deinit {
        // Otherwise OpenSSL holds a missing close_notify against the session, and never resumes it.
        if failure == nil { unsafe SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN) }
        unsafe SSL_free(ssl)
    }

    /// The connection that `ssl` belongs to, for callbacks.
    static func owner(of ssl: OpaquePointer?) -> TLSConnection? {
        // Safe: set in init to an object that frees `ssl` when it goes.
        unsafe COpenSSL_owner(ssl).map { unsafe Unmanaged<TLSConnection>.fromOpaque($0).takeUnretainedValue() }
    }

    // Handshake

    /// How far the handshake has come.
    public enum Handshake: Sendable {
        case done
        /// Call again when the socket is readable.
        case wantsRead
        /// Call again when the socket is writable.
        case wantsWrite
        case failed(TLSFailure)
    }

    /// Goes on with the handshake as far as possible; after ``Handshake/done``, does nothing.
    public func handshake() -> Handshake {
        if let failure { return .failed(failure) }
        if !flush() { return failure.map { .failed($0) } ?? .wantsWrite }
        if isFinished { return .done }
        prepare()
        let result = unsafe SSL_do_handshake(ssl)
        if result == 1 {
            isFinished = true
            mayHaveMore = unsafe SSL_has_pending(ssl) == 1
        } else if case let verdict = unsafe SSL_get_error(ssl, result), verdict != SSL_ERROR_WANT_READ {
            return .failed(fail(verdict))
        }
        if !flush() { return failure.map { .failed($0) } ?? .wantsWrite }
        return isFinished ? .done : .wantsRead
    }

    /// What was agreed on; nil before the handshake is done.
    public var info: TLSInfo? {
        guard isFinished else { return nil }
        var (name, count) = (unsafe UnsafePointer<UInt8>?.none, CUnsignedInt(0))
        unsafe SSL_get0_alpn_selected(ssl, &name, &count)
        // Safe: the connection keeps `count` octets there.
        let chosen = unsafe String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
        let peer = unsafe SSL_get1_peer_certificate(ssl)
        let version = TLSVersion(wireNumber: UInt16(truncatingIfNeeded: unsafe SSL_version(ssl)))
        let asked = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)
        return TLSInfo(
            version: version ?? .tls12,
            cipherSuite: unsafe String(cString: SSL_CIPHER_get_name(SSL_get_current_cipher(ssl))),
            group: unsafe COpenSSL_group_name(ssl).map { unsafe String(cString: $0) },
            applicationProtocol: count > 0 ? chosen : nil,
            serverName: unsafe asked.map { unsafe String(cString: $0) },
            isResumed: unsafe SSL_session_reused(ssl) == 1,
            peerCertificate: unsafe peer.map { unsafe Certificate(adopting: $0) }
        )
    }

    // Data

    /// What came of reading or writing.
    public enum Transfer: Sendable {
        /// So many octets of plain text.
        case moved(Int)
        /// Nothing now; call again when the socket is readable.
        case wantsRead
        /// Nothing now; call again when the socket is writable.
        case wantsWrite
        /// Reading only: the peer has finished sending, and said so.
        case ended
        case failed(TLSFailure)
    }

    /// Whether reading now can bring something even if the socket does not become readable anew.
    ///
    /// Read until it is false, also right after the handshake: the loop cannot know of bytes that are in here already.
    public private(set) var mayHaveMore = false

    /// Reads as much as has arrived and fits into the beginning of `buffer`.
    public func read(into buffer: inout MutableSpan<UInt8>) -> Transfer {
        if hasEnded { return .ended }
        if let failure { return .failed(failure) }
        prepare()
        var total = 0
        // Safe: OpenSSL writes no more than the count of the room it is given.
        let verdict = unsafe buffer.withUnsafeMutableBufferPointer { room -> CInt in
            while total < room.count {
                var count = 0
                guard let base = room.baseAddress else { break }
                let result = unsafe SSL_read_ex(ssl, base + total, room.count - total, &count)
                if result != 1 { return unsafe SSL_get_error(ssl, result) }
                total += count
                // Another call would make OpenSSL allocate its read buffer only to find nothing.
                if isDrained, unsafe SSL_has_pending(ssl) == 0 { return SSL_ERROR_WANT_READ }
            }
            return SSL_ERROR_NONE
        }
        mayHaveMore = verdict == SSL_ERROR_NONE || (total > 0 && verdict != SSL_ERROR_WANT_READ)
        switch verdict {
        case SSL_ERROR_NONE, SSL_ERROR_WANT_READ: break
        case SSL_ERROR_ZERO_RETURN: hasEnded = true
        default: _ = fail(verdict)
        }
        _ = flush()  // An answer to a key update, or an alert.
        if total > 0 { return .moved(total) }
        if hasEnded { return .ended }
        return failure.map { .failed($0) } ?? (verdict == SSL_ERROR_NONE ? .moved(0) : .wantsRead)
    }

    /// Encrypts up to 64 KiB of `bytes` and hands them to the kernel.
    ///
    /// Bytes count as moved when they are encrypted; those that the kernel did not take stay in here (``hasUnsent``)
    /// until ``flush()`` or the next write, and no more are taken before they are gone.
    public func write(_ bytes: Span<UInt8>) -> Transfer {
        if let failure { return .failed(failure) }
        if !flush() { return failure.map { .failed($0) } ?? .wantsWrite }
        prepare()
        let limit = min(bytes.count, 65_536)
        var total = 0
        // Safe: OpenSSL reads no more than the count it is given.
        let verdict = unsafe bytes.withUnsafeBufferPointer { source -> CInt in
            while total < limit {
                var count = 0
                guard let base = source.baseAddress else { break }
                recordFlags = limit - total > Self.recordLimit ? CInt(MSG_MORE) : 0
                let result = unsafe SSL_write_ex(ssl, base + total, limit - total, &count)
                if result != 1 { return unsafe SSL_get_error(ssl, result) }
                total += count
            }
            return SSL_ERROR_NONE
        }
        recordFlags = nil
        if verdict != SSL_ERROR_NONE, verdict != SSL_ERROR_WANT_READ { return .failed(fail(verdict)) }
        if let failure { return .failed(failure) }
        return total > 0 || limit == 0 ? .moved(total) : .wantsRead
    }

    /// Whether encrypted bytes wait for the socket to become writable.
    public var hasUnsent: Bool { unsentStart < unsent.count }

    /// Octets of plain text in one record (RFC 8446 §5.1); OpenSSL is asked to return after each.
    private static let recordLimit = 16_384

    /// Writes what waits; false when some of it still does (or the connection is lost, which the next call tells).
    @discardableResult
    public func flush() -> Bool {
        while hasUnsent {
            let start = unsentStart
            // Safe: both lie within the array.
            let count = unsafe unsent.withUnsafeBytes {
                unsafe transmit(UnsafeRawBufferPointer(rebasing: $0[start...]), flags: 0)
            }
            guard let count else { return false }
            if count == 0 { return false }
            unsentStart += count
        }
        unsent = []  // Its memory too: an idle connection holds none.
        unsentStart = 0
        return true
    }

    /// Hands octets to the kernel.
    ///
    /// - Returns: How many it took; nil when the connection is lost.
    private func transmit(_ bytes: UnsafeRawBufferPointer, flags: CInt) -> Int? {
        while true {
            // Safe: the kernel reads no more than the count it is given.
            let count = unsafe send(descriptor, bytes.baseAddress, bytes.count, flags | CInt(MSG_NOSIGNAL))
            if count >= 0 { return count }
            let code = errno
            if code == EINTR { continue }
            if code == EAGAIN { return 0 }
            unsent = []
            unsentStart = 0
            socketError = code
            if failure == nil { _ = fail(SSL_ERROR_SYSCALL) }
            return nil
        }
    }

    /// Tells the peer that nothing more will be sent (close_notify); reading goes on.
    ///
    /// The socket itself stays open and is the caller's to close, after ``flush()`` where ``hasUnsent``.
    public func finishSending() {
        guard isFinished, failure == nil else { return }
        prepare()
        _ = unsafe SSL_shutdown(ssl)
        OpenSSLErrors.clear()
        flush()
    }

    private func prepare() {
        OpenSSLErrors.clear()
        isDrained = false
        socketError = 0
    }

    private func fail(_ verdict: CInt) -> TLSFailure {
        let reason = TLSFailure(
            verdict: verdict,
            errno: socketError,
            verification: verificationProblem,
            alertReceived: alertReceived,
            alertSent: alertSent,
            isHandshaking: !isFinished
        )
        failure = reason
        flush()  // The alert that tells the peer.
        return reason
    }

    // For SocketBIO

    /// Reads from the socket; nil when there is nothing now.
    func receive(_ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int) -> Int? {
        if isDrained { return nil }
        while true {
            let count = unsafe recv(descriptor, buffer, capacity, 0)
            if count < 0 {
                let code = errno
                if code == EINTR { continue }
                isDrained = true
                if code == EAGAIN { return nil }
                socketError = code
                return -1
            }
            // Less than asked for: asking again now would find nothing, or the end, of which the loop tells.
            isDrained = count < capacity && count > 0
            return count
        }
    }

    /// Takes a record from OpenSSL: to the kernel at once, unless others wait or are to be gathered with it.
    func take(_ record: UnsafeBufferPointer<CChar>) {
        // Safe: OpenSSL vouches for the count of octets until this returns.
        var rest = UnsafeRawBufferPointer(record)
        if let recordFlags, !hasUnsent {
            guard let count = unsafe transmit(rest, flags: recordFlags) else { return }
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            if unsafe rest.isEmpty { return }
        }
        unsafe unsent.append(contentsOf: rest)
    }
}
