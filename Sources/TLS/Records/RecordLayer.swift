/// A connection of TLS 1.3 after its handshake: both keys, and what may come in records (RFC 8446 §4.6, §5, §6).
///
/// Does no I/O. It takes over from OpenSSL, whose connection objects keep some 15 KiB until they end and can be asked to
/// give nothing of it back; the cryptography stays OpenSSL's.
final class RecordLayer {
    /// What was in a record.
    enum Content {
        /// So many octets for the application.
        case data(Int)
        /// Nothing for anybody.
        case nothing
        /// The peer has finished sending.
        case ended
        /// The peer has given up.
        case alert(TLSAlert)
        /// What the peer may not send, and how it is to be told.
        case violation(TLSAlert)
    }

    /// Records in a row that bring the application nothing, at most.
    private static let idleLimit = 32

    private var reading: TrafficKey
    private var writing: TrafficKey
    private var messages: HandshakeMessages
    private var idleRecords = 0
    /// Whether the peer wants this side to change its key before it sends anything more for the application (§4.6.3).
    ///
    /// Once for any number of wishes, so that a peer which reads nothing cannot make answers pile up.
    private var owesKeyUpdate = false

    init(reading: consuming TrafficKey, writing: consuming TrafficKey, isClient: Bool) {
        self.reading = reading
        self.writing = writing
        messages = HandshakeMessages(isClient: isClient)
    }

    // Reading

    /// Opens the whole record at `record`, which may be overwritten.
    ///
    /// - Parameter out: Where content goes, of at most the body's length less 17: the body's own place, or one that does
    ///   not overlap with it.
    func open(
        _ record: UnsafeMutablePointer<UInt8>,
        _ header: RecordHeader,
        into out: UnsafeMutablePointer<UInt8>
    ) -> Content {
        guard header.type == .applicationData else { return .violation(.unexpectedMessage) }
        guard header.isPossible else {
            return .violation(header.length > RecordSuite.tag ? .recordOverflow : .badRecordMAC)
        }
        guard let last = unsafe reading.open(record, header.length, into: out) else {
            return .violation(.badRecordMAC)
        }
        var count = header.length - RecordSuite.tag - 1
        var type = last
        // Zeros at the end are padding; the last octet that is none is the type.
        while type == 0, count > 0 {
            count -= 1
            type = unsafe out[count]
        }
        if count > RecordHeader.content { return .violation(.recordOverflow) }
        // Safe: so many octets have been written there.
        return unsafe judge(ContentType(rawValue: type), Span(_unsafeStart: out, count: count))
    }

    private func judge(_ type: ContentType, _ content: Span<UInt8>) -> Content {
        if messages.isWithin, type != .handshake { return .violation(.unexpectedMessage) }
        if type == .applicationData, !content.isEmpty {
            idleRecords = 0
            return .data(content.count)
        }
        idleRecords += 1
        if idleRecords > Self.idleLimit { return .violation(.unexpectedMessage) }
        switch type {
        case .applicationData: return .nothing
        case .alert:
            guard content.count == 2 else { return .violation(.decodeError) }
            let alert = TLSAlert(rawValue: content[1])
            // Whoever cancels closes next (§6.1); every other alert is an end, whatever its level says.
            return alert == .closeNotify ? .ended : alert == .userCanceled ? .nothing : .alert(alert)
        case .handshake:
            switch messages.take(content) {
            case .nothing: return .nothing
            case .violation(let alert): return .violation(alert)
            case .keyUpdate(let wantsAnswer):
                guard reading.advance() else { return .violation(.internalError) }
                if wantsAnswer { owesKeyUpdate = true }
                return .nothing
            }
        default: return .violation(.unexpectedMessage)
        }
    }

    // Writing

    /// Octets that ``seal(_:into:)`` may put before the record itself.
    static let overhead = RecordHeader.sealed(HandshakeMessages.keyUpdate.count)

    /// Protects at most ``RecordHeader/content`` octets for the application.
    ///
    /// - Parameter out: Room for ``RecordHeader/sealed(_:)`` of them and ``overhead``.
    /// - Returns: How many octets there are to send; nil when OpenSSL cannot.
    func seal(_ octets: UnsafeBufferPointer<UInt8>, into out: UnsafeMutablePointer<UInt8>) -> Int? {
        guard let start = octets.baseAddress else { return 0 }
        var used = 0
        if writing.isWorn || owesKeyUpdate {
            guard let count = unsafe sealKeyUpdate(into: out) else { return nil }
            (used, owesKeyUpdate) = (count, false)
        }
        guard unsafe writing.seal(.applicationData, start, octets.count, into: out + used) else { return nil }
        return used + RecordHeader.sealed(octets.count)
    }

    /// Announces a new key, and goes over to it; room and result as in ``seal(_:into:)``.
    func sealKeyUpdate(into out: UnsafeMutablePointer<UInt8>) -> Int? {
        guard unsafe seal(.handshake, HandshakeMessages.keyUpdate.span, into: out), writing.advance() else {
            return nil
        }
        return RecordHeader.sealed(HandshakeMessages.keyUpdate.count)
    }

    /// Tells the peer that nothing more comes, or why; room and result as in ``seal(_:into:)``.
    func sealAlert(_ alert: TLSAlert, into out: UnsafeMutablePointer<UInt8>) -> Int? {
        // A warning only where it is a regular end; the receiver does not care (§6).
        let content: InlineArray<2, UInt8> = [alert == .closeNotify ? 1 : 2, alert.rawValue]
        guard unsafe seal(.alert, content.span, into: out) else { return nil }
        return RecordHeader.sealed(content.count)
    }

    private func seal(_ type: ContentType, _ content: Span<UInt8>, into out: UnsafeMutablePointer<UInt8>) -> Bool {
        // Safe: there are as many octets as the span says.
        unsafe content.withUnsafeBufferPointer {
            guard let start = $0.baseAddress else { return false }
            return unsafe writing.seal(type, start, $0.count, into: out)
        }
    }
}
