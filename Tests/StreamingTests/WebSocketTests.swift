import Testing

@testable import Streaming

@Suite struct WebSocketTests {
    private func events(_ bytes: [UInt8], limit: Int = 1000) throws -> [WebSocketDecoder.Event] {
        var decoder = WebSocketDecoder(limit: limit)
        decoder.append(bytes)
        var events: [WebSocketDecoder.Event] = []
        while let event = try decoder.next() { events.append(event) }
        return events
    }

    /// A frame as clients send it.
    private static func masked(_ first: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
        var frame = WebSocketFrame.encode(.binary, payload)
        frame[0] = first
        frame[1] |= 0x80
        let start = frame.count - payload.count
        return frame[..<start] + mask + payload.enumerated().map { $1 ^ mask[$0 & 3] }
    }

    @Test func `reads the example of the RFC`() throws {
        // RFC 6455 §5.7: a masked "Hello".
        let bytes: [UInt8] = [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]
        #expect(try events(bytes) == [.message(Array("Hello".utf8), isText: true)])
        for count in 0..<bytes.count { #expect(try events(Array(bytes[..<count])).isEmpty) }
    }

    @Test func `writes the examples of the RFC`() {
        #expect(WebSocketFrame.encode(.text, Array("Hello".utf8)) == [0x81, 5, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
        #expect(
            Array(WebSocketFrame.encode(.binary, [UInt8](repeating: 0, count: 256)).prefix(4)) == [0x82, 126, 1, 0]
        )
        let large = WebSocketFrame.encode(.binary, [UInt8](repeating: 0, count: 65_536))
        #expect(Array(large.prefix(10)) == [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0])
        #expect(WebSocketFrame.close(1000) == [0x88, 2, 3, 0xE8])
    }

    @Test func `joins fragments, with control frames in between`() throws {
        let bytes =
            Self.masked(0x02, [1]) + Self.masked(0x89, [9]) + Self.masked(0x00, [2]) + Self.masked(0x80, [3])
            + Self.masked(0x88, [3, 0xE8])
        #expect(try events(bytes) == [.ping([9]), .message([1, 2, 3], isText: false), .close(1000)])
    }

    @Test(arguments: [200, 65_535, 65_536, 70_000]) func `reads long messages`(count: Int) throws {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        #expect(try events(Self.masked(0x82, payload), limit: 70_000) == [.message(payload, isText: false)])
        #expect(throws: WebSocketError(closeCode: 1009, reason: "message too big")) {
            try events(Self.masked(0x82, payload), limit: count - 1)
        }
    }

    @Test(
        arguments: [
            ([0x81, 1, 65], 1002), ([0xC1, 0x81, 0, 0, 0, 0, 65], 1002), ([0x83, 0x80, 0, 0, 0, 0], 1002),
            ([0x09, 0x80, 0, 0, 0, 0], 1002), ([0x89, 0xFE, 0, 126], 1002), ([0x80, 0x80, 0, 0, 0, 0], 1002),
            ([0x01, 0x80, 0, 0, 0, 0, 0x81, 0x80, 0, 0, 0, 0], 1002), ([0x88, 0x81, 0, 0, 0, 0, 3], 1002),
            ([0x81, 0x81, 0, 0, 0, 0, 0xFF], 1007),
            ([0x82, 0xFF, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0], 1009),
        ] as [([UInt8], UInt16)]
    )
    func `breaches are refused with the right code`(bytes: [UInt8], code: UInt16) {
        let error = #expect(throws: WebSocketError.self) { try events(bytes) }
        #expect(error?.closeCode == code)
    }

    @Test func `fragments together are bounded too`() {
        let bytes =
            Self.masked(0x02, [UInt8](repeating: 0, count: 600))
            + Self.masked(0x00, [UInt8](repeating: 0, count: 600))
        #expect(throws: WebSocketError(closeCode: 1009, reason: "message too big")) { try events(bytes) }
    }

    @Test func `random and mutated bytes never crash`() {
        var random = SystemRandomNumberGenerator()
        let good = Self.masked(0x02, [1, 2, 3]) + Self.masked(0x89, [9]) + Self.masked(0x80, [4])
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = try? events(bytes)
        }
    }
}
