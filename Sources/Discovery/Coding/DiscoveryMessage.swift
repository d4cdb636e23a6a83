internal import Protobuf

/// A value that travels as a Protobuf message; fields that a reader does not know are skipped.
protocol DiscoveryMessage {
    func write(into writer: inout ProtobufWriter)
    init(_ reader: ProtobufReader) throws(ProtobufError)
}

extension ProtobufWriter {
    mutating func message(_ field: Int, _ value: some DiscoveryMessage) {
        message(field) { value.write(into: &$0) }
    }

    mutating func number(_ field: Int, _ value: some FixedWidthInteger) { signed(field, Int64(value)) }

    mutating func value<Value: RawRepresentable>(_ field: Int, _ value: Value) where Value.RawValue == Int {
        number(field, value.rawValue)
    }

    /// A duration, as whole nanoseconds.
    mutating func duration(_ field: Int, _ value: Duration) {
        let (seconds, attoseconds) = value.components
        signed(field, seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}

extension ProtobufField {
    func message<Value: DiscoveryMessage>(_: Value.Type = Value.self) throws(ProtobufError) -> Value {
        try Value(try message())
    }

    func duration() throws(ProtobufError) -> Duration { .nanoseconds(try signed()) }
}
