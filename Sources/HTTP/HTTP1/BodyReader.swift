/// Finds the end of one message's body, and what in the input is its data; copies and keeps nothing but trailers.
///
/// Offer it the input again and again until it needs more or has found the end. What it has not looked at belongs to
/// the next message.
public struct BodyReader: Sendable {
    /// What comes next in the input.
    public enum Event: Hashable, Sendable {
        /// These octets of the input are data.
        case data(Range<Int>)
        /// The body is complete; the octets from the offset on are not part of it.
        case end
        /// All of the input was taken, and more is needed.
        case needsMore
        case failed(HTTP1Error)
    }

    /// What must come next.
    private enum State: Hashable, Sendable {
        case chunkSize(ChunkSize)
        /// So many octets of data, then nothing or the end of the chunk.
        case data(remaining: Int, isChunk: Bool)
        case chunkEnd, chunkEndLineFeed
        /// The first octet after the last chunk's line: a trailer, or the end.
        case trailersOrEnd
        case trailers
        case endLineFeed
        case untilClose
        case end
        case failed(HTTP1Error)
    }

    private let limits: HTTP1Limits
    private var state: State
    private var trailerParser: HTTP1HeadParser?
    private var trailerHead: HTTP1Head?

    public init(_ framing: BodyFraming, limits: HTTP1Limits = HTTP1Limits()) {
        self.limits = limits
        state =
            switch framing {
            case .none: .end
            case .length(let count): count == 0 ? .end : .data(remaining: count, isChunk: false)
            case .chunked: .chunkSize(ChunkSize())
            case .untilClose, .tunnel: .untilClose
            }
    }

    /// Whether nothing of the body is to come.
    public var isComplete: Bool { state == .end }

    /// The trailer section, when there was one that was not empty.
    public var trailers: HTTP1Head? { isComplete ? trailerHead : nil }

    /// Looks at `input` from `offset` on, and moves `offset` behind what the returned event covers.
    public mutating func next(in input: Span<UInt8>, at offset: inout Int) -> Event {
        while true {
            switch state {
            case .end: return .end
            case .failed(let error): return .failed(error)
            case _ where offset == input.count: return .needsMore
            case .data(let remaining, let isChunk):
                return takeData(min(remaining, input.count - offset), of: remaining, isChunk, &offset)
            case .untilClose:
                defer { offset = input.count }
                return .data(offset..<input.count)
            case .trailers: readTrailers(input, &offset)
            case .trailersOrEnd where input[offset] != ASCII.carriageReturn: state = .trailers
            case .chunkSize, .chunkEnd, .chunkEndLineFeed, .trailersOrEnd, .endLineFeed:
                readChunkFraming(input[offset])
                offset += 1
            }
        }
    }

    /// The peer will send no more; true when that ends the body as it should.
    public mutating func inputEnded() -> Bool {
        if state == .untilClose { state = .end }
        if state == .end { return true }
        if case .failed = state { return false }
        state = .failed(.truncated)
        return false
    }

    private mutating func takeData(_ count: Int, of remaining: Int, _ isChunk: Bool, _ offset: inout Int) -> Event {
        let range = offset..<offset + count
        offset += count
        if count < remaining {
            state = .data(remaining: remaining - count, isChunk: isChunk)
        } else {
            state = isChunk ? .chunkEnd : .end
        }
        return .data(range)
    }

    private mutating func readChunkFraming(_ byte: UInt8) {
        switch state {
        case .chunkEnd: state = byte == ASCII.carriageReturn ? .chunkEndLineFeed : .failed(.invalidChunkEnd)
        case .chunkEndLineFeed: state = byte == ASCII.lineFeed ? .chunkSize(ChunkSize()) : .failed(.invalidChunkEnd)
        case .trailersOrEnd: state = .endLineFeed
        case .endLineFeed: state = byte == ASCII.lineFeed ? .end : .failed(.bareLineFeed)
        case .chunkSize(var size):
            do throws(HTTP1Error) {
                let isComplete = try size.read(byte, extensionLimit: limits.chunkExtensionOctets)
                if !isComplete {
                    state = .chunkSize(size)
                } else {
                    state = size.value == 0 ? .trailersOrEnd : .data(remaining: size.value, isChunk: true)
                }
            } catch {
                state = .failed(error)
            }
        default: preconditionFailure("not within the framing of chunks")
        }
    }

    private mutating func readTrailers(_ input: Span<UInt8>, _ offset: inout Int) {
        var parser = trailerParser ?? HTTP1HeadParser(.trailers, limits: limits)
        var head = trailerHead.take() ?? HTTP1Head()
        switch parser.parse(input.extracting(offset..<input.count), into: &head) {
        case .needsMore: offset = input.count
        case .complete(let consumed):
            offset += consumed
            state = .end
        case .failed(let error): state = .failed(error)
        }
        trailerParser = parser
        trailerHead = head
    }
}

/// The line before each chunk's data, octet by octet: hexadecimal digits, then perhaps an extension, which is ignored.
private struct ChunkSize: Hashable, Sendable {
    private enum Part: Hashable { case digits, padding, extensions, lineFeed }

    private var part = Part.digits
    private var digits: UInt8 = 0
    private var extensionOctets = 0
    private(set) var value = 0

    /// Takes the next octet; true when it was the last of the line.
    mutating func read(_ byte: UInt8, extensionLimit: Int) throws(HTTP1Error) -> Bool {
        if part == .lineFeed {
            guard byte == ASCII.lineFeed else { throw .bareLineFeed }
            return true
        }
        if part == .digits, let digit = ASCII.hexDigit(byte) {
            // 15 digits always fit 63 bits.
            guard digits < 15 else { throw .invalidChunkSize }
            digits += 1
            value = value << 4 | Int(digit)
            return false
        }
        guard digits > 0 else { throw .invalidChunkSize }
        switch byte {
        case ASCII.carriageReturn where part != .padding:
            part = .lineFeed
            return false
        case ASCII.lineFeed: throw .bareLineFeed
        case UInt8(ascii: ";"): part = .extensions
        // Spaces may only come before a semicolon (RFC 9112 §7.1.1).
        case ASCII.space, ASCII.tab: if part == .digits { part = .padding }
        case _ where part == .extensions && ASCII.isFieldContent(byte): break
        default: throw .invalidChunkSize
        }
        extensionOctets += 1
        if extensionOctets > extensionLimit { throw .chunkExtensionTooLong }
        return false
    }
}
