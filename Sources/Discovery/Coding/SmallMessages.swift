internal import Protobuf

/// Fields 1 and 2, both texts.
struct TextPair {
    var first = ""
    var second = ""
}

extension TextPair: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.string(1, first)
        writer.string(2, second)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init()
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: first = try field.string()
            case 2: second = try field.string()
            default: break
            }
        }
    }
}

/// Field 1, a text, and field 2, a number.
struct TextAndNumber {
    var text = ""
    var number = 0
}

extension TextAndNumber: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.string(1, text)
        writer.number(2, number)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init()
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: text = try field.string()
            case 2: number = try field.number()
            default: break
            }
        }
    }
}

/// Field 1, a number: a repeated number that may be zero is a repeated message.
struct SingleNumber {
    var number: Int64 = 0

    /// - Throws: When the number does not fit `Number`.
    func narrowed<Number: FixedWidthInteger>(_ field: Int) throws(ProtobufError) -> Number {
        guard let number = Number(exactly: number) else { throw .unknownValue(field: field) }
        return number
    }
}

extension SingleNumber: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) { writer.number(1, number) }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init()
        var reader = reader
        while let field = try reader.nextField() {
            if field.number == 1 { number = try field.signed() }
        }
    }
}
