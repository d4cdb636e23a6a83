internal import CYAML

/// One step of libyaml's walk through a text.
enum Event {
    case documentStart
    case documentEnd
    case streamEnd
    case alias(String)
    case scalar(Scalar)
    case sequenceStart(anchor: String?)
    case sequenceEnd
    case mappingStart(anchor: String?)
    case mappingEnd
    case other
}

/// A scalar as written.
struct Scalar {
    var text: String
    var anchor: String?
    /// The tag's full name, such as `tag:yaml.org,2002:str`; nil when there is none.
    var tag: String?
    /// Whether it stands without quotes, so that its text decides its type.
    var isPlain: Bool
}

/// libyaml's parser over a copy of one text.
@safe struct EventReader: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let event: UnsafeMutablePointer<yaml_event_t>
    private let input: UnsafeMutableBufferPointer<UInt8>
    /// Where the event last returned begins, counted from 1.
    private(set) var line = 1

    init(_ text: [UInt8]) {
        // Safe: all three are freed in deinit only, and the parser reads only within the buffer's count.
        unsafe parser = .allocate(capacity: 1)
        unsafe event = .allocate(capacity: 1)
        unsafe input = .allocate(capacity: max(1, text.count))
        _ = unsafe input.initialize(from: text)
        precondition(unsafe yaml_parser_initialize(parser) == 1, "out of memory for a YAML parser")
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, text.count)
    }

    deinit {
        // Safe: nothing else frees these.
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe event.deallocate()
        unsafe input.deallocate()
    }

    mutating func next() throws(YAMLError) -> Event {
        // Safe: a successful parse initializes the event, which is deleted before the next one.
        guard unsafe yaml_parser_parse(parser, event) == 1 else { throw unsafe problem(parser.pointee) }
        defer { unsafe yaml_event_delete(event) }
        unsafe line = event.pointee.start_mark.line + 1
        return unsafe read(event.pointee)
    }

    private func read(_ event: yaml_event_t) -> Event {
        // Safe: each union member is read only under its own event type; libyaml's strings end in NUL.
        switch unsafe event.type {
        case YAML_STREAM_END_EVENT: return .streamEnd
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        case YAML_ALIAS_EVENT: return .alias(unsafe string(event.data.alias.anchor) ?? "")
        case YAML_SEQUENCE_START_EVENT:
            return .sequenceStart(anchor: unsafe string(event.data.sequence_start.anchor))
        case YAML_MAPPING_START_EVENT: return .mappingStart(anchor: unsafe string(event.data.mapping_start.anchor))
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return .scalar(
                unsafe Scalar(
                    text: String(decoding: bytes, as: UTF8.self),
                    anchor: string(scalar.anchor),
                    tag: string(scalar.tag),
                    isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE
                )
            )
        default: return .other
        }
    }

    private func string(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        guard let text = unsafe text else { return nil }
        return unsafe String(cString: text)
    }

    private func problem(_ parser: yaml_parser_t) -> YAMLError {
        // Safe: libyaml's problem is a static string.
        let reason = unsafe parser.problem.map { unsafe String(cString: $0) } ?? "out of memory"
        // A reader's problem (bad UTF-8, control characters) has an offset and no mark.
        guard unsafe parser.error != YAML_READER_ERROR else {
            let before = unsafe input[..<min(parser.problem_offset, input.count)]
            let line = unsafe before.reduce(1) { $0 + ($1 == 0x0a ? 1 : 0) }
            return YAMLError(line: line, reason: reason)
        }
        return unsafe YAMLError(line: Int(parser.problem_mark.line) + 1, reason: reason)
    }
}
