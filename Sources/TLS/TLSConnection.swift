internal import Base
internal import COpenSSL
internal import Glibc

/// One end of a TLS connection over a non-blocking socket; belongs to one thread.
///
/// Never waits: each call does what can be done now and says what it needs next. Decrypted and encrypted bytes are
/// gathered, so that a call makes at most one write, and no read that is bound to find nothing.
@safe public final class TLSConnection {
    /// OpenSSL's end of it; null once the handshake is forgotten.
    var ssl: OpaquePointer?
    /// What goes on without OpenSSL's end; nil before.
    var records: RecordLayer?
    /// What it takes to do without OpenSSL's end.
    var legacy = HandshakeLegacy()
    /// What has been decrypted and did not fit where it was to be read to.
    var opened: [UInt8] = []
    var wire: Wire
    let context: TLSContext
    let sessions: SessionCache?
    let sessionKey: SessionCache.Key?
    /// What a client expects the server's certificate to be for, where that counts; nil for servers.
    let expectedHost: String?
    /// Whether the record that OpenSSL hands over next goes to the kernel at once, and whether others follow it; nil within a
    /// handshake, whose records are gathered.
    var areMoreRecordsDue: Bool?
    var hasEnded = false
    /// Whether the peer knows that nothing more comes; of use without OpenSSL's end, which knows by itself.
    var hasFinishedSending = false
    private(set) var isFinished = false
    private(set) var failure: TLSFailure?
    var alertReceived: TLSAlert?
    var alertSent: TLSAlert?
    var verificationProblem: String?
    /// Whether the server wants to see a certificate, of which this client has none.
    var wasAskedForCertificate = false
    /// Which of a server's identities the client gets to see.
    var chosenIdentity = 0

    var verification: PeerVerification? { context.verification }
    var isServer: Bool { context.server != nil }

    /// The server's end of the connection on `descriptor`, which stays the caller's and must outlive this object.
    public convenience init(server: TLSServerContext, descriptor: CInt) {
        self.init(server.context, descriptor, sessions: nil, sessionKey: nil, expectedHost: nil)
        unsafe SSL_set_accept_state(ssl)
    }

    /// The client's end of the connection on `descriptor`, which stays the caller's and must outlive this object.
    ///
    /// - Parameters:
    ///   - serverName: What to ask for; an IP address is not sent.
    ///   - expectedHost: What to verify by ``PeerVerification/Names/host``, as a rule `serverName`; any name below the rest of
    ///     one that begins with a dot.
    ///   - destination: What sessions are remembered by, such as the address; nil remembers and resumes none.
    ///   - applicationProtocols: What to offer instead of the context's own.
    public convenience init(
        client: TLSClientContext,
        descriptor: CInt,
        serverName: String?,
        expectedHost: String? = nil,
        destination: String? = nil,
        applicationProtocols: ApplicationProtocols? = nil
    ) {
        // The dot that ends an absolute name is no part of the name (RFC 6066 §3).
        let serverName = serverName.map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 }
        let key = destination.map { SessionCache.Key(destination: $0, serverName: serverName ?? "") }
        let expected = expectedHost ?? serverName
        self.init(client.context, descriptor, sessions: client.sessions, sessionKey: key, expectedHost: expected)
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

    private init(
        _ context: TLSContext,
        _ descriptor: CInt,
        sessions: SessionCache?,
        sessionKey: SessionCache.Key?,
        expectedHost: String?
    ) {
        guard let ssl = unsafe SSL_new(context.raw), let bio = unsafe BIO_new(SocketBIO.method) else {
            preconditionFailure("out of memory")
        }
        unsafe self.ssl = ssl
        wire = Wire(descriptor)
        (self.context, self.sessions) = (context, sessions)
        (self.sessionKey, self.expectedHost) = (sessionKey, expectedHost)
        // Safe: both pointers to self are used only inside calls on `ssl`, which self makes and frees.
        let owner = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe COpenSSL_set_owner(ssl, owner)
        unsafe BIO_set_data(bio, owner)
        unsafe SSL_set_bio(ssl, bio, bio)
    }

    deinit { freeOpenSSL() }

    /// Gives back all that OpenSSL has of the connection.
    func freeOpenSSL() {
        guard let ssl = unsafe ssl else { return }
        // Otherwise OpenSSL holds a missing close_notify against the session, and never resumes it.
        if failure == nil { unsafe SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN) }
        unsafe SSL_free(ssl)
        unsafe self.ssl = nil
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
        legacy.collect(isServer: isServer)
        if result == 1 {
            isFinished = true
            mayHaveMore = unsafe SSL_has_pending(ssl) == 1 || wire.hasEarly
        } else if case let verdict = unsafe SSL_get_error(ssl, result), verdict != SSL_ERROR_WANT_READ {
            return .failed(fail(verdict))
        }
        if !flush() { return failure.map { .failed($0) } ?? .wantsWrite }
        return isFinished ? .done : .wantsRead
    }

    /// What was agreed on; nil before the handshake is done, and when it is forgotten (``forgetHandshake()``).
    public var info: TLSInfo? {
        guard isFinished, let ssl = unsafe ssl else { return nil }
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
    public internal(set) var mayHaveMore = false

    /// Reads as much as has arrived and fits into the beginning of `buffer`.
    public func read(into buffer: inout MutableSpan<UInt8>) -> Transfer {
        if hasEnded { return .ended }
        if let failure { return .failed(failure) }
        prepare()
        // Safe: no more is written than there is room for.
        let total = unsafe buffer.withUnsafeMutableBufferPointer {
            records == nil ? unsafe readThroughOpenSSL(into: $0) : unsafe readRecords(into: $0)
        }
        flush()  // An answer to a key update, or an alert.
        if let total, total > 0 { return .moved(total) }
        if hasEnded { return .ended }
        return failure.map { .failed($0) } ?? (total == nil ? .wantsRead : .moved(0))
    }

    /// Encrypts up to 256 KiB of `bytes` and hands them to the kernel.
    ///
    /// Bytes count as moved when they are encrypted; those that the kernel did not take stay in here (``hasUnsent``)
    /// until ``flush()`` or the next write, and no more are taken before they are gone.
    public func write(_ bytes: Span<UInt8>) -> Transfer {
        if let failure { return .failed(failure) }
        if !flush() { return failure.map { .failed($0) } ?? .wantsWrite }
        prepare()
        let most = Scratch.records * RecordHeader.content
        // Safe: no more is read than there is.
        let total = unsafe bytes.extracting(0..<min(bytes.count, most)).withUnsafeBufferPointer {
            records == nil ? unsafe writeThroughOpenSSL($0) : unsafe writeRecords($0)
        }
        if let failure { return .failed(failure) }
        return total > 0 || bytes.isEmpty ? .moved(total) : .wantsRead
    }

    /// Whether encrypted bytes wait for the socket to become writable.
    public var hasUnsent: Bool { wire.hasUnsent }

    /// Writes what waits; false when some of it still does (or the connection is lost, which the next call tells).
    @discardableResult
    public func flush() -> Bool {
        if wire.flush() { return true }
        if wire.error != 0, failure == nil { fail(SSL_ERROR_SYSCALL) }
        return false
    }

    /// Tells the peer that nothing more will be sent (close_notify); reading goes on.
    ///
    /// The socket itself stays open and is the caller's to close, after ``flush()`` where ``hasUnsent``.
    public func finishSending() {
        guard isFinished, failure == nil else { return }
        prepare()
        if records == nil {
            _ = unsafe SSL_shutdown(ssl)
            OpenSSLErrors.clear()
        } else {
            sendAlert(.closeNotify)
        }
        flush()
    }

    private func prepare() {
        OpenSSLErrors.clear()
        wire.isDrained = false
    }

    // Failing

    /// Gives the connection up for what OpenSSL says (`SSL_get_error`), or the socket (`SSL_ERROR_SYSCALL`).
    @discardableResult
    func fail(_ verdict: CInt) -> TLSFailure {
        fail(
            TLSFailure(
                verdict: verdict,
                errno: wire.error,
                verification: verificationProblem,
                alertReceived: alertReceived,
                alertSent: alertSent,
                isHandshaking: !isFinished
            )
        )
    }

    @discardableResult
    func fail(_ reason: TLSFailure) -> TLSFailure {
        failure = reason
        _ = wire.flush()  // The alert that tells the peer.
        return reason
    }
}
