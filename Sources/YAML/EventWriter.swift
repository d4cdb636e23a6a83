internal import CYAML
internal import JSON

/// libyaml's emitter, writing one document to memory.
@safe struct EventWriter: ~Copyable {
    private final class Output { var bytes: [UInt8] = [] }

    private let emitter: UnsafeMutablePointer<yaml_emitter_t>
    private let event: UnsafeMutablePointer<yaml_event_t>
    private let output = Output()

    init() {
        // Safe: freed in deinit only; the handler's data is the output that lives as long as this.
        unsafe emitter = .allocate(capacity: 1)
        unsafe event = .allocate(capacity: 1)
        precondition(unsafe yaml_emitter_initialize(emitter) == 1, "out of memory for a YAML emitter")
        let handler: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<UInt8>?, Int) -> CInt = {
            data,
            buffer,
            size in
            guard let data = unsafe data else { return 0 }
            let output = unsafe Unmanaged<Output>.fromOpaque(data).takeUnretainedValue()
            unsafe output.bytes += UnsafeBufferPointer(start: buffer, count: size)
            return 1
        }
        unsafe yaml_emitter_set_output(emitter, handler, Unmanaged.passUnretained(output).toOpaque())
        unsafe yaml_emitter_set_unicode(emitter, 1)
        _ = unsafe yaml_stream_start_event_initialize(event, YAML_UTF8_ENCODING)
        emit()
        _ = unsafe yaml_document_start_event_initialize(event, nil, nil, nil, 1)
        emit()
    }

    deinit {
        // Safe: nothing else frees these.
        unsafe yaml_emitter_delete(emitter)
        unsafe emitter.deallocate()
        unsafe event.deallocate()
    }

    /// Hands the event to libyaml, which takes it over also when it fails.
    private func emit() {
        // Safe: the caller just initialized the event. The events of a tree are always in order, so only a lack of
        // memory can fail.
        precondition(unsafe yaml_emitter_emit(emitter, event) == 1, "the YAML emitter failed")
    }

    /// Ends the document and returns all of it; nothing may be written after.
    mutating func finish() -> String {
        _ = unsafe yaml_document_end_event_initialize(event, 1)
        emit()
        _ = unsafe yaml_stream_end_event_initialize(event)
        emit()
        // After a block that keeps its line feeds libyaml ends the document with a mark that kubectl does not write; at
        // the start of a line it can be nothing else.
        if output.bytes.suffix(5).elementsEqual("\n...\n".utf8) { output.bytes.removeLast(4) }
        return String(decoding: output.bytes, as: UTF8.self)
    }

    mutating func write(_ value: JSON) {
        switch value {
        case .null: write("null", YAML_PLAIN_SCALAR_STYLE)
        case .bool(let value): write(value ? "true" : "false", YAML_PLAIN_SCALAR_STYLE)
        case .int, .double: write(value.text(), YAML_PLAIN_SCALAR_STYLE)
        case .string(let text): write(text, style(of: text))
        case .array(let elements):
            _ = unsafe yaml_sequence_start_event_initialize(event, nil, nil, 1, YAML_BLOCK_SEQUENCE_STYLE)
            emit()
            for element in elements { write(element) }
            _ = unsafe yaml_sequence_end_event_initialize(event)
            emit()
        case .object(let members):
            _ = unsafe yaml_mapping_start_event_initialize(event, nil, nil, 1, YAML_BLOCK_MAPPING_STYLE)
            emit()
            for key in members.keys.sorted(by: isOrderedBefore) {
                write(.string(key))
                write(members[key] ?? .null)
            }
            _ = unsafe yaml_mapping_end_event_initialize(event)
            emit()
        }
    }

    /// The style to ask for; libyaml quotes where the text does not allow it.
    private func style(of text: String) -> yaml_scalar_style_t {
        if text.utf8.contains(0x0a) { return YAML_LITERAL_SCALAR_STYLE }
        return PlainScalar.readsAsString(text) ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE
    }

    private func write(_ text: String, _ style: yaml_scalar_style_t) {
        var text = text
        // Safe: libyaml copies the text while the pointer holds.
        let created = text.withUTF8 { bytes in
            unsafe yaml_scalar_event_initialize(event, nil, nil, bytes.baseAddress, CInt(bytes.count), 1, 1, style)
        }
        precondition(created == 1, "out of memory for a YAML scalar")
        emit()
    }
}

/// The order of keys that kubectl prints: letters after everything else, numbers inside names by their value.
private func isOrderedBefore(_ left: String, _ right: String) -> Bool {
    let left = Array(left.unicodeScalars)
    let right = Array(right.unicodeScalars)
    guard let start = zip(left, right).enumerated().first(where: { $1.0 != $1.1 })?.offset else {
        return left.count < right.count
    }
    let leftIsLetter = left[start].properties.isAlphabetic
    let rightIsLetter = right[start].properties.isAlphabetic
    if leftIsLetter && rightIsLetter { return left[start].value < right[start].value }
    if leftIsLetter || rightIsLetter { return rightIsLetter }
    // Inside a number that has begun before, a zero counts.
    let isInsideNumber = left[..<start].reversed().prefix(while: isDigit).contains { $0 != "0" }
    let leftNumber = number(left[start...], keepsZeros: isInsideNumber)
    let rightNumber = number(right[start...], keepsZeros: isInsideNumber)
    if leftNumber.digits != rightNumber.digits {
        return leftNumber.digits.count != rightNumber.digits.count
            ? leftNumber.digits.count < rightNumber.digits.count
            : leftNumber.digits.lexicographicallyPrecedes(rightNumber.digits)
    }
    if leftNumber.length != rightNumber.length { return leftNumber.length < rightNumber.length }
    return left[start].value < right[start].value
}

/// The digits that `text` begins with, without zeros in front unless they count, and how many there are with them.
private func number(_ text: ArraySlice<Unicode.Scalar>, keepsZeros: Bool) -> (digits: [UInt32], length: Int) {
    let digits = text.prefix(while: isDigit).map(\.value)
    return (keepsZeros ? digits : Array(digits.drop { $0 == 0x30 }), digits.count)
}

private func isDigit(_ scalar: Unicode.Scalar) -> Bool { (0x30...0x39).contains(scalar.value) }
