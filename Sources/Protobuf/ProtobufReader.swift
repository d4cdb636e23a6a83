/// Why bytes are not a Protobuf message, or not the one that was expected.
public enum ProtobufError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The input ends in the middle of a field.
    case truncated
    /// A number of more than 64 bits, or a field number of zero or beyond 2^29-1.
    case malformed
    /// A wire type that nobody sends any more (groups), or never did.
    case unsupportedWireType(Int)
    /// The field is encoded as another type than its message declares.
    case wrongType(field: Int)
    /// The field should be text and is not UTF-8.
    case invalidText(field: Int)
    /// The field's value is none that its message knows, and ignoring it would not be safe.
    case unknownValue(field: Int)

    public var description: String {
        switch self {
        case .truncated: "protobuf: the message ends in the middle of a field"
        case .malformed: "protobuf: a number is malformed"
        case .unsupportedWireType(let type): "protobuf: wire type \(type) is not supported"
        case .wrongType(let field): "protobuf: field \(field) has another type than expected"
        case .invalidText(let field): "protobuf: field \(field) is not UTF-8"
        case .unknownValue(let field): "protobuf: field \(field) has an unknown value"
        }
    }
}

/// One field as it is on the wire; the message that it belongs to knows what it means.
public struct ProtobufField: Sendable {
    enum Value: Sendable {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        case bytes(ArraySlice<UInt8>)
    }

    public let number: Int
    let value: Value

    /// `uint32`, `uint64` and enum fields.
    public func unsigned() throws(ProtobufError) -> UInt64 {
        guard case .varint(let value) = value else { throw .wrongType(field: number) }
        return value
    }

    /// `int32` and `int64` fields.
    public func signed() throws(ProtobufError) -> Int64 { Int64(bitPattern: try unsigned()) }

    public func bool() throws(ProtobufError) -> Bool { try unsigned() != 0 }

    /// An enum field whose values are all known.
    public func value<Value: RawRepresentable>(_: Value.Type = Value.self) throws(ProtobufError) -> Value
    where Value.RawValue == Int {
        guard let raw = Int(exactly: try signed()), let value = Value(rawValue: raw) else {
            throw .unknownValue(field: number)
        }
        return value
    }

    /// A number that fits `Number`, which is narrower than the field's type.
    public func number<Number: FixedWidthInteger>(_: Number.Type = Number.self) throws(ProtobufError) -> Number {
        guard let value = Number(exactly: try signed()) else { throw .unknownValue(field: number) }
        return value
    }

    public func bytes() throws(ProtobufError) -> [UInt8] { Array(try slice()) }

    public func string() throws(ProtobufError) -> String {
        guard let text = String(validating: try slice(), as: UTF8.self) else { throw .invalidText(field: number) }
        return text
    }

    /// A reader of the message that this field holds.
    public func message() throws(ProtobufError) -> ProtobufReader { ProtobufReader(try slice()) }

    /// One entry of a `map<string, string>`.
    public func mapEntry() throws(ProtobufError) -> (key: String, value: String) {
        var (key, value) = ("", "")
        var reader = try message()
        while let field = try reader.nextField() {
            switch field.number {
            case 1: key = try field.string()
            case 2: value = try field.string()
            default: break
            }
        }
        return (key, value)
    }

    private func slice() throws(ProtobufError) -> ArraySlice<UInt8> {
        guard case .bytes(let bytes) = value else { throw .wrongType(field: number) }
        return bytes
    }
}

/// Reads a Protobuf message, field by field; what to do with a field that is not known is up to the caller: nothing.
///
/// ```swift
/// while let field = try reader.nextField() {
///     switch field.number {
///     case 1: name = try field.string()
///     default: break
///     }
/// }
/// ```
public struct ProtobufReader: Sendable {
    private let bytes: ArraySlice<UInt8>
    private var index: Int

    public init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        index = bytes.startIndex
    }

    public init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    /// The next field; nil at the end of the message.
    public mutating func nextField() throws(ProtobufError) -> ProtobufField? {
        guard index < bytes.endIndex else { return nil }
        let tag = try varint()
        guard tag >> 3 > 0, tag >> 3 < 1 << 29 else { throw .malformed }
        let number = Int(tag >> 3)
        switch tag & 7 {
        case 0: return ProtobufField(number: number, value: .varint(try varint()))
        case 1: return ProtobufField(number: number, value: .fixed64(try fixed(8)))
        case 2: return ProtobufField(number: number, value: .bytes(try take(try varint())))
        case 5: return ProtobufField(number: number, value: .fixed32(UInt32(truncatingIfNeeded: try fixed(4))))
        default: throw .unsupportedWireType(Int(tag & 7))
        }
    }

    private mutating func take(_ count: UInt64) throws(ProtobufError) -> ArraySlice<UInt8> {
        guard count <= UInt64(bytes.endIndex - index) else { throw .truncated }
        defer { index += Int(count) }
        return bytes[index..<index + Int(count)]
    }

    private mutating func fixed(_ count: UInt64) throws(ProtobufError) -> UInt64 {
        try take(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private mutating func varint() throws(ProtobufError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 70, by: 7) {
            guard index < bytes.endIndex else { throw .truncated }
            let byte = bytes[index]
            index += 1
            guard shift < 63 || byte <= 1 else { throw .malformed }
            value |= UInt64(byte & 0x7f) << UInt64(shift)
            if byte & 0x80 == 0 { return value }
        }
        throw .malformed
    }
}
