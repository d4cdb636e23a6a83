import Base
import Testing

@testable import CommandLine

@Suite struct WebSocketTests {
    private static func frame(_ first: UInt8, _ payload: [UInt8]) -> [UInt8] {
        switch payload.count {
        case ..<126: [first, UInt8(payload.count)] + payload
        case ..<65536: [first, 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)] + payload
        default: [first, 127] + (0..<8).map { UInt8(payload.count >> (8 * (7 - $0)) & 255) } + payload
        }
    }

    @Test(arguments: [0, 1, 125, 126, 65535, 65536]) func `a message of any length arrives`(count: Int) throws {
        var messages = WebSocketMessages(limit: 1 << 20)
        let payload = [UInt8](repeating: 7, count: count)
        #expect(try messages.received(Self.frame(0x82, payload)) == [.message(payload)])
    }

    @Test func `octets may come one at a time`() throws {
        var messages = WebSocketMessages(limit: 100)
        var events: [WebSocketMessages.Event] = []
        let bytes = Self.frame(0x02, [1, 2]) + Self.frame(0x89, [9]) + Self.frame(0x80, [3]) + Self.frame(0x88, [])
        for byte in bytes { events += try messages.received([byte]) }
        #expect(events == [.ping([9]), .message([1, 2, 3]), .close])
    }

    @Test(arguments: [
        [0x82, 0x81, 0, 0, 0, 0, 1], [0xc2, 0], [0x83, 0], [0x82, 101],
        [0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255],
    ])
    func `what a server must not send is refused`(bytes: [UInt8]) {
        var messages = WebSocketMessages(limit: 100)
        #expect(throws: MeshError.self) { try messages.received(bytes + [UInt8](repeating: 0, count: 200)) }
    }

    @Test func `fragments together may not pass the limit`() throws {
        var messages = WebSocketMessages(limit: 100)
        _ = try messages.received(Self.frame(0x02, [UInt8](repeating: 0, count: 60)))
        #expect(throws: MeshError.self) { try messages.received(Self.frame(0x80, [UInt8](repeating: 0, count: 60))) }
    }
}
