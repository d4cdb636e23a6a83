@testable import HTTP

/// A whole message read from a connection, as tests compare it.
struct ReadMessage: Equatable {
    var head: [String] = []
    var framing = BodyFraming.none
    var body: [UInt8] = []
    var trailers: [String] = []
    /// Octets after the message.
    var rest: [UInt8] = []
    var isComplete = false
    var error: HTTP1Error?
}

/// Lines of a head: the start line's parts, then `name: value` for each field.
func lines(_ head: HTTP1Head) -> [String] {
    var lines = head.isRequest ? ["\(String(octets: head.method)) \(String(octets: head.target))"] : []
    if head.status > 0 { lines = ["\(head.status) \(String(octets: head.reason))"] }
    for index in head.fieldIndices where !head.isRemoved(at: index) {
        lines.append("\(String(octets: head.name(at: index))): \(String(octets: head.value(at: index)))")
    }
    return lines
}

/// Reads one message from pieces, as a connection does that keeps nothing but what the parsers leave.
func read(
    _ kind: HTTP1HeadParser.Kind,
    _ pieces: [[UInt8]],
    endsInput: Bool = false,
    limits: HTTP1Limits = HTTP1Limits()
) -> ReadMessage {
    var message = ReadMessage()
    var parser = HTTP1HeadParser(kind, limits: limits)
    var head = HTTP1Head()
    var reader: BodyReader?
    for piece in pieces {
        var offset = 0
        if reader == nil {
            switch parser.parse(piece.span, into: &head) {
            case .needsMore: continue
            case .failed(let error):
                message.error = error
                return message
            case .complete(let consumed):
                offset = consumed
                message.head = lines(head)
                message.framing = head.framing
                reader = BodyReader(head.framing, limits: limits)
            }
        }
        reader?.read(piece, &offset, into: &message)
        if message.error != nil { return message }
        message.rest += piece[offset...]
    }
    if endsInput, reader != nil {
        message.isComplete = reader?.inputEnded() ?? false
        if !message.isComplete { message.error = .truncated }
    }
    return message
}

extension BodyReader {
    fileprivate mutating func read(_ piece: [UInt8], _ offset: inout Int, into message: inout ReadMessage) {
        while true {
            switch next(in: piece.span, at: &offset) {
            case .data(let range): message.body += piece[range]
            case .needsMore: return
            case .failed(let error):
                message.error = error
                return
            case .end:
                message.isComplete = true
                if let trailers { message.trailers = lines(trailers) }
                return
            }
        }
    }
}

func read(_ kind: HTTP1HeadParser.Kind, _ text: String, endsInput: Bool = false) -> ReadMessage {
    read(kind, [Array(text.utf8)], endsInput: endsInput)
}

/// The same octets in pieces of at most `limit`, cut where `generator` says.
func pieces(_ bytes: [UInt8], upTo limit: Int, _ generator: inout some RandomNumberGenerator) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var start = 0
    while start < bytes.count {
        let count = min(Int.random(in: 1...limit, using: &generator), bytes.count - start)
        pieces.append(Array(bytes[start..<start + count]))
        start += count
    }
    return pieces
}
