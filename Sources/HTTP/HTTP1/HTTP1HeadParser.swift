internal import Glibc

/// Reads message heads and trailer sections from octets that come in pieces of any size (RFC 9112).
///
/// Whatever the pieces, the result is the same, and no octet is looked at twice but for a constant. What it accepts it
/// accepts like Envoy or stricter: where two readers might disagree on where a message ends, it refuses.
public struct HTTP1HeadParser: Sendable {
    /// What the head is the head of.
    public enum Kind: Hashable, Sendable {
        case request
        /// The answer to a request made with that method.
        case response(to: HTTPMethod)
        case trailers
    }

    /// What became of a piece of input.
    public enum Progress: Hashable, Sendable {
        /// All of it was taken, and more is needed.
        case needsMore
        /// The head is complete; so many octets of this piece were part of it.
        case complete(consumed: Int)
        case failed(HTTP1Error)
    }

    public let limits: HTTP1Limits
    private var kind: Kind
    /// Where in the head's buffer the line begins that is not complete yet.
    private var lineStart = 0
    /// No line feed lies between `lineStart` and here.
    private var scanned = 0
    private var hasStartLine: Bool
    private var hasSkippedEmptyLine = false

    public init(_ kind: Kind, limits: HTTP1Limits = HTTP1Limits()) {
        self.kind = kind
        self.limits = limits
        hasStartLine = kind == .trailers
    }

    /// Gets ready for the next head.
    public mutating func reset(_ kind: Kind) {
        self.kind = kind
        (lineStart, scanned) = (0, 0)
        hasStartLine = kind == .trailers
        hasSkippedEmptyLine = false
    }

    /// Whether some octets of a head have come, but not all.
    public var isWithinHead: Bool { scanned > 0 }

    /// Takes the next octets of the connection.
    ///
    /// - Parameter head: Must be empty (``HTTP1Head/removeAll()``) at the first piece, and is nobody else's until the
    ///   head is complete.
    public mutating func parse(_ input: Span<UInt8>, into head: inout HTTP1Head) -> Progress {
        // In small steps, so that a body that follows the head in the same piece is not copied along.
        var taken = 0
        while taken < input.count {
            let step = min(input.count - taken, 2048, limits.headOctets - head.bytes.count)
            if step <= 0 { return .failed(.headTooLarge) }
            head.append(input.extracting(taken..<taken + step))
            taken += step
            do throws(HTTP1Error) {
                if try parseLines(&head) {
                    let surplus = head.bytes.count - lineStart
                    head.bytes.removeLast(surplus)
                    return .complete(consumed: taken - surplus)
                }
            } catch {
                return .failed(error)
            }
        }
        return .needsMore
    }

    /// Parses the complete lines; true when the empty line was among them.
    private mutating func parseLines(_ head: inout HTTP1Head) throws(HTTP1Error) -> Bool {
        while true {
            if !hasStartLine { try checkBeginning(head) }
            guard let end = head.indexOfLineFeed(from: scanned) else {
                scanned = head.bytes.count
                return false
            }
            guard end > lineStart, head.bytes[end - 1] == ASCII.carriageReturn else { throw .bareLineFeed }
            let line = lineStart..<end - 1
            (lineStart, scanned) = (end + 1, end + 1)
            if !hasStartLine {
                try parseStartLine(&head, line)
            } else if line.isEmpty {
                try finish(&head)
                return true
            } else {
                try head.parseField(line, limit: limits.fields)
            }
        }
    }

    private mutating func parseStartLine(_ head: inout HTTP1Head, _ line: Range<Int>) throws(HTTP1Error) {
        if kind == .request {
            // One empty line before a request is forgiven (RFC 9112 §2.2).
            if line.isEmpty, !hasSkippedEmptyLine {
                hasSkippedEmptyLine = true
                return
            }
            try head.parseRequestLine(line)
        } else {
            try head.parseStatusLine(line)
        }
        hasStartLine = true
    }

    /// Refuses early what can never become a start line, such as a TLS record, instead of waiting for its end.
    private func checkBeginning(_ head: HTTP1Head) throws(HTTP1Error) {
        guard lineStart < head.bytes.count else { return }
        let first = head.bytes[lineStart]
        if kind == .request {
            let mayBeEmptyLine = !hasSkippedEmptyLine && first == ASCII.carriageReturn
            if !ASCII.isToken(first) && !mayBeEmptyLine { throw .invalidMethod }
        } else if first != UInt8(ascii: "H") {
            throw .invalidStatusLine
        }
    }

    private func finish(_ head: inout HTTP1Head) throws(HTTP1Error) {
        switch kind {
        case .trailers: return
        case .request:
            head.readConnectionOptions()
            try head.checkHost()
            try head.decideRequestFraming()
        case .response(let method):
            head.readConnectionOptions()
            try head.decideResponseFraming(to: method)
        }
    }
}

extension HTTP1Head {
    mutating func append(_ input: Span<UInt8>) {
        unsafe input.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    fileprivate func indexOfLineFeed(from start: Int) -> Int? {
        if start >= bytes.count { return nil }
        return unsafe bytes.withUnsafeBytes { buffer -> Int? in
            // Safe: start is less than the count, so that base address and count of the rest are within the buffer.
            guard let base = buffer.baseAddress,
                let found = unsafe memchr(base + start, CInt(ASCII.lineFeed), buffer.count - start)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - base
        }
    }
}
