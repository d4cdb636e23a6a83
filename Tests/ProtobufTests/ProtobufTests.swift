import Protobuf
import Testing

@Suite struct ProtobufTests {
    @Test func `writes the examples of the specification`() {
        var writer = ProtobufWriter()
        writer.unsigned(1, 150)
        writer.string(2, "testing")
        #expect(writer.bytes == [0x08, 0x96, 0x01, 0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67])
    }

    @Test func `leaves defaults out, but not elements`() {
        var writer = ProtobufWriter()
        writer.unsigned(1, 0)
        writer.string(2, "")
        writer.bytes(3, [])
        #expect(writer.bytes.isEmpty)
        writer.strings(4, [""])
        writer.message(5) { _ in }
        #expect(writer.bytes == [0x22, 0, 0x2a, 0])
    }

    @Test(arguments: [0, 1, 127, 128, 1 << 31, 1 << 63, .max] as [UInt64])
    func `numbers come back`(_ number: UInt64) throws {
        var writer = ProtobufWriter()
        writer.message(1) { $0.unsigned(7, number) }
        var outer = ProtobufReader(writer.bytes)
        var reader = try #require(try outer.nextField()).message()
        let field = try reader.nextField()
        #expect(try field?.unsigned() ?? 0 == number)
        #expect(try outer.nextField() == nil)
    }

    @Test func `negative numbers come back`() throws {
        var writer = ProtobufWriter()
        writer.signed(1, -5)
        var reader = ProtobufReader(writer.bytes)
        #expect(try reader.nextField()?.signed() == -5)
    }

    @Test func `maps come back`() throws {
        var writer = ProtobufWriter()
        writer.map(1, ["b": "2", "a": "1"])
        var reader = ProtobufReader(writer.bytes)
        let first = try #require(try reader.nextField()).mapEntry()
        #expect(first.key == "a" && first.value == "1")
    }

    @Test func `reads the fixed types past`() throws {
        var reader = ProtobufReader([0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x15, 1, 2, 3, 4, 0x18, 1])
        #expect(try reader.nextField()?.number == 1)
        #expect(try reader.nextField()?.number == 2)
        #expect(try reader.nextField()?.unsigned() == 1)
    }

    struct Bad: Sendable {
        let bytes: [UInt8]
        let error: ProtobufError
    }

    @Test(arguments: [
        Bad(bytes: [0x08], error: .truncated), Bad(bytes: [0x08, 0x80], error: .truncated),
        Bad(bytes: [0x12, 0x05, 1], error: .truncated), Bad(bytes: [0x09, 1, 2], error: .truncated),
        Bad(bytes: [0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], error: .truncated),
        Bad(bytes: [0x08] + [UInt8](repeating: 0xff, count: 10), error: .malformed),
        Bad(bytes: [0x00, 0x01], error: .malformed), Bad(bytes: [0x0b], error: .unsupportedWireType(3)),
        Bad(bytes: [0x0f], error: .unsupportedWireType(7)),
    ])
    func `refuses what is no message`(_ bad: Bad) {
        #expect(throws: bad.error) {
            var reader = ProtobufReader(bad.bytes)
            while try reader.nextField() != nil {}
        }
    }

    @Test func `refuses a field of another type`() throws {
        var reader = ProtobufReader([0x08, 0x01, 0x12, 0x01, 0xff])
        let number = try #require(try reader.nextField())
        let text = try #require(try reader.nextField())
        #expect(throws: ProtobufError.wrongType(field: 1)) { try number.string() }
        #expect(throws: ProtobufError.wrongType(field: 2)) { try text.unsigned() }
        #expect(throws: ProtobufError.invalidText(field: 2)) { try text.string() }
    }
}
