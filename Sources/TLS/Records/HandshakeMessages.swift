/// What may still come of handshake messages when the handshake is over (RFC 8446 §4.6): new keys, and tickets for clients.
struct HandshakeMessages {
    enum Outcome: Hashable {
        case nothing
        /// The peer has a new key from its next record on, and wants the same from this side where it says so.
        case keyUpdate(wantsAnswer: Bool)
        case violation(TLSAlert)
    }

    private enum Kind {
        static let newSessionTicket: UInt8 = 4
        static let keyUpdate: UInt8 = 24
    }

    /// Octets of a ticket's message at most: all its fields as long as they can be.
    private static let longest = 4 + 4 + 256 + 2 + 65_535 + 2 + 65_535

    let isClient: Bool
    /// Type and length of a message that has only begun.
    private var head = InlineArray<4, UInt8>(repeating: 0)
    private var headCount = 0
    /// Octets of a ticket that are still to come; tickets are not looked at.
    private var rest = 0

    init(isClient: Bool) { self.isClient = isClient }

    /// Whether a message has begun that has not ended, so that nothing else may come (§5.1).
    var isWithin: Bool { headCount > 0 || rest > 0 }

    /// Takes what a record has.
    mutating func take(_ octets: Span<UInt8>) -> Outcome {
        if octets.isEmpty { return .violation(.unexpectedMessage) }
        var position = 0
        while position < octets.count {
            let skipped = min(rest, octets.count - position)
            (position, rest) = (position + skipped, rest - skipped)
            while headCount < 4, rest == 0, position < octets.count {
                head[headCount] = octets[position]
                (headCount, position) = (headCount + 1, position + 1)
            }
            guard headCount == 4 else { continue }
            let length = Int(head[1]) << 16 | Int(head[2]) << 8 | Int(head[3])
            switch head[0] {
            case Kind.newSessionTicket where isClient:
                guard (1...Self.longest).contains(length) else { return .violation(.decodeError) }
                (rest, headCount) = (length, 0)
            case Kind.keyUpdate:
                guard length == 1 else { return .violation(.decodeError) }
                if position == octets.count { return .nothing }
                headCount = 0
                // What follows it would be protected with the next key.
                guard position == octets.count - 1 else { return .violation(.unexpectedMessage) }
                guard octets[position] <= 1 else { return .violation(.illegalParameter) }
                return .keyUpdate(wantsAnswer: octets[position] == 1)
            default: return .violation(.unexpectedMessage)
            }
        }
        return .nothing
    }

    /// The message that announces a new key, without wanting one from the peer.
    static let keyUpdate: InlineArray<5, UInt8> = [Kind.keyUpdate, 0, 0, 1, 0]
}
