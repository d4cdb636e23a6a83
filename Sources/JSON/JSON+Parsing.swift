/// Why bytes are not JSON.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Octets from the start of the input to the problem.
    public let offset: Int
    public let reason: String

    public var description: String { "\(reason) at offset \(offset)" }
}

extension JSON {
    /// Nesting beyond this is refused, so that no input can exhaust the stack.
    public static let depthLimit = 200

    /// Parses one JSON text (RFC 8259); of two members with one name the last wins.
    ///
    /// - Throws: ``JSONError``, also for anything but white space after the value.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        var parser = Parser(bytes: bytes)
        self = try parser.wholeText()
    }

    public init(parsing text: String) throws(JSONError) { try self.init(parsing: Array(text.utf8)) }
}

private struct Parser {
    let bytes: [UInt8]
    var index = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func wholeText() throws(JSONError) -> JSON {
        let value = try value(depth: 0)
        skipSpace()
        guard index == bytes.count else { throw error("unexpected text after the value") }
        return value
    }

    private func error(_ reason: String) -> JSONError { JSONError(offset: index, reason: reason) }
    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { index += 1 }
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSON {
        guard depth <= JSON.depthLimit else { throw error("nested more than \(JSON.depthLimit) levels deep") }
        skipSpace()
        switch next {
        case nil: throw error("unexpected end of JSON input")
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return try number()
        }
    }

    private mutating func literal(_ name: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        let expected = Array("\(name)".utf8)
        guard bytes.count - index >= expected.count, bytes[index..<index + expected.count].elementsEqual(expected)
        else { throw error("expected \(name)") }
        index += expected.count
        return value
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSON {
        index += 1
        var elements: [JSON] = []
        skipSpace()
        if next == UInt8(ascii: "]") {
            index += 1
            return .array([])
        }
        while true {
            elements.append(try value(depth: depth + 1))
            if try isLast(UInt8(ascii: "]")) { return .array(elements) }
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSON {
        index += 1
        var members: [String: JSON] = [:]
        skipSpace()
        if next == UInt8(ascii: "}") {
            index += 1
            return .object([:])
        }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw error("expected a member name in double quotes") }
            let key = try string()
            skipSpace()
            guard next == UInt8(ascii: ":") else { throw error("expected ':' after a member name") }
            index += 1
            members[key] = try value(depth: depth + 1)
            if try isLast(UInt8(ascii: "}")) { return .object(members) }
        }
    }

    /// Reads the `,` between two elements or the `close` after the last.
    private mutating func isLast(_ close: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        guard let byte = next, byte == close || byte == UInt8(ascii: ",") else {
            throw error("expected ',' or '\(Character(Unicode.Scalar(close)))'")
        }
        index += 1
        return byte == close
    }

    private mutating func number() throws(JSONError) -> JSON {
        let start = index
        if next == UInt8(ascii: "-") { index += 1 }
        let isZero = next == UInt8(ascii: "0")
        let whole = skipDigits()
        guard whole > 0, !(isZero && whole > 1) else {
            index = start
            throw error("invalid character looking for beginning of value")
        }
        var isWhole = true
        if next == UInt8(ascii: ".") {
            isWhole = false
            index += 1
            guard skipDigits() > 0 else { throw error("expected a digit after the decimal point") }
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            isWhole = false
            index += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { index += 1 }
            guard skipDigits() > 0 else { throw error("expected a digit in the exponent") }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isWhole, let value = Int64(text) { return .int(value) }
        guard let value = Double(text), value.isFinite else { throw error("number out of range") }
        return .double(value)
    }

    private mutating func skipDigits() -> Int {
        let start = index
        while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { index += 1 }
        return index - start
    }

    private mutating func string() throws(JSONError) -> String {
        index += 1
        let start = index
        while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { index += 1 }
        if next == UInt8(ascii: "\"") {  // No escapes: the usual case, one copy.
            defer { index += 1 }
            return try text(bytes[start..<index])
        }
        var unescaped = Array(bytes[start..<index])
        while true {
            guard let byte = next else { throw error("unexpected end of JSON input in a string") }
            guard byte >= 0x20 else { throw error("control character in a string") }
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return try text(unescaped[...])
            case UInt8(ascii: "\\"): try escape(into: &unescaped)
            default: unescaped.append(byte)
            }
        }
    }

    private func text(_ bytes: ArraySlice<UInt8>) throws(JSONError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw error("string is not UTF-8") }
        return text
    }

    private mutating func escape(into output: inout [UInt8]) throws(JSONError) {
        guard let byte = next else { throw error("unexpected end of JSON input in a string") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(byte)
        case UInt8(ascii: "b"): output.append(0x08)
        case UInt8(ascii: "f"): output.append(0x0c)
        case UInt8(ascii: "n"): output.append(0x0a)
        case UInt8(ascii: "r"): output.append(0x0d)
        case UInt8(ascii: "t"): output.append(0x09)
        case UInt8(ascii: "u"): output += try unicodeEscape().utf8
        default: throw error("unknown escape in a string")
        }
    }

    private mutating func unicodeEscape() throws(JSONError) -> String {
        let first = try codeUnit()
        if let scalar = Unicode.Scalar(first) { return String(Character(scalar)) }
        // A high surrogate makes one character with the low surrogate that must follow.
        guard first < 0xdc00, next == UInt8(ascii: "\\"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "u")
        else { return "\u{fffd}" }
        index += 2
        let second = try codeUnit()
        guard (0xdc00...0xdfff).contains(second) else { return "\u{fffd}" }
        let value = 0x10000 + (UInt32(first) - 0xd800) << 10 + (UInt32(second) - 0xdc00)
        return Unicode.Scalar(value).map { String(Character($0)) } ?? "\u{fffd}"
    }

    private mutating func codeUnit() throws(JSONError) -> UInt16 {
        guard bytes.count - index >= 4 else { throw error("unexpected end of JSON input in a string") }
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue else {
                throw error("expected a hexadecimal digit")
            }
            value = value << 4 | UInt16(digit)
            index += 1
        }
        return value
    }
}
