extension JSON: CustomStringConvertible {
    /// The value on one line, keys sorted.
    public var description: String { text() }

    /// The value as text, keys sorted; `isPretty` puts each member on a line of its own, indented by four spaces as kubectl does.
    public func text(isPretty: Bool = false) -> String { String(decoding: bytes(isPretty: isPretty), as: UTF8.self) }

    /// ``text(isPretty:)`` as UTF-8.
    public func bytes(isPretty: Bool = false) -> [UInt8] {
        var writer = Writer(isPretty: isPretty)
        writer.write(self, depth: 0)
        return writer.bytes
    }
}

private struct Writer {
    let isPretty: Bool
    var bytes: [UInt8] = []

    init(isPretty: Bool) { self.isPretty = isPretty }

    mutating func write(_ value: JSON, depth: Int) {
        switch value {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .int(let value): bytes += String(value).utf8
        case .double(let value): write(value)
        case .string(let value): write(value)
        case .array(let elements):
            list("[", "]", elements, depth) { writer, element in writer.write(element, depth: depth + 1) }
        case .object(let members):
            list("{", "}", members.sorted { $0.key < $1.key }, depth) { writer, member in
                writer.write(member.key)
                writer.bytes += (writer.isPretty ? ": " : ":").utf8
                writer.write(member.value, depth: depth + 1)
            }
        }
    }

    private mutating func list<Element>(
        _ open: String,
        _ close: String,
        _ elements: [Element],
        _ depth: Int,
        _ writeElement: (inout Self, Element) -> Void
    ) {
        bytes += open.utf8
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            newLine(depth + 1)
            writeElement(&self, element)
        }
        if !elements.isEmpty { newLine(depth) }
        bytes += close.utf8
    }

    private mutating func newLine(_ depth: Int) {
        guard isPretty else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes += repeatElement(UInt8(ascii: " "), count: 4 * depth)
    }

    private mutating func write(_ value: Double) {
        guard value.isFinite else { return bytes += "null".utf8 }  // JSON has no infinity and no NaN.
        bytes += (value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)").utf8
    }

    private mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes += "\\\"".utf8
            case UInt8(ascii: "\\"): bytes += "\\\\".utf8
            case 0x0a: bytes += "\\n".utf8
            case 0x0d: bytes += "\\r".utf8
            case 0x09: bytes += "\\t".utf8
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes += ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
