/// Writes a Protobuf message, field by field (protobuf.dev, "Encoding").
///
/// As in proto3 a field that has its default is left out, so that equal values have equal bytes when the fields are
/// written in the same order.
public struct ProtobufWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    /// `uint32`, `uint64`, `bool` and enum fields.
    public mutating func unsigned(_ field: Int, _ value: UInt64) {
        if value != 0 { append(field, value) }
    }

    /// `int32`, `int64` fields: a negative number takes ten octets.
    public mutating func signed(_ field: Int, _ value: Int64) { unsigned(field, UInt64(bitPattern: value)) }

    public mutating func bool(_ field: Int, _ value: Bool) { unsigned(field, value ? 1 : 0) }

    public mutating func string(_ field: Int, _ value: String) {
        if !value.isEmpty { append(field, value.utf8) }
    }

    public mutating func bytes(_ field: Int, _ value: [UInt8]) {
        if !value.isEmpty { append(field, value) }
    }

    /// A message that is there, even if all its fields have their defaults.
    public mutating func message(_ field: Int, _ body: (inout Self) -> Void) {
        var inner = Self()
        body(&inner)
        append(field, inner.bytes)
    }

    /// A `repeated string`.
    public mutating func strings(_ field: Int, _ values: some Sequence<String>) {
        for value in values { append(field, value.utf8) }
    }

    /// A `map<string, string>`, in the order of its keys.
    public mutating func map(_ field: Int, _ values: [String: String]) {
        for (key, value) in values.sorted(by: { $0.key < $1.key }) {
            message(field) { entry in
                entry.string(1, key)
                entry.string(2, value)
            }
        }
    }

    private mutating func append(_ field: Int, _ value: UInt64) {
        varint(UInt64(field) << 3)
        varint(value)
    }

    private mutating func append(_ field: Int, _ value: some Collection<UInt8>) {
        varint(UInt64(field) << 3 | 2)
        varint(UInt64(value.count))
        bytes += value
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
