import Base
import Testing

@testable import Proxy

@Suite struct ProxyProtocolTests {
    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]

    private static func judge(_ bytes: [UInt8]) -> ProxyProtocol.Verdict { ProxyProtocol.judge(bytes.span) }

    private static func binary(_ command: UInt8, _ family: UInt8, _ body: [UInt8]) -> [UInt8] {
        signature + [0x20 | command, family, UInt8(body.count >> 8), UInt8(body.count & 255)] + body
    }

    static let good: [(bytes: [UInt8], source: String?)] = [
        (Array("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n".utf8), "192.0.2.1:56324"),
        (Array("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n".utf8), "[2001:db8::1]:1"),
        (Array("PROXY UNKNOWN\r\n".utf8), nil), (Array("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n".utf8), nil),
        (binary(1, 0x11, [192, 0, 2, 1, 198, 51, 100, 1, 0xDC, 4, 1, 187]), "192.0.2.1:56324"),
        (binary(1, 0x11, [192, 0, 2, 1, 198, 51, 100, 1, 0, 80, 1, 187, 4, 0, 1, 7]), "192.0.2.1:80"),
        (binary(1, 0x21, [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 30) + [1, 187]), "[2001:db8::]:0"),
        (binary(0, 0, []), nil), (binary(0, 0x11, [1, 2, 3]), nil), (binary(1, 0, [9, 9]), nil),
        (binary(1, 0x31, [UInt8](repeating: 1, count: 216)), nil),
    ]

    @Test(arguments: good) func `says who has made the connection`(_ row: (bytes: [UInt8], source: String?)) throws {
        let source = try row.source.map { try #require(SocketAddress($0)) }
        let verdict = ProxyProtocol.Verdict.introduced(count: row.bytes.count, source: source)
        #expect(Self.judge(row.bytes) == verdict && Self.judge(row.bytes + [22, 3, 1]) == verdict)
        for count in row.bytes.indices {
            guard case .needsMore(let wanted) = Self.judge(Array(row.bytes[..<count])) else {
                Issue.record("\(count) of \(row.bytes.count) octets were enough")
                continue
            }
            #expect(wanted > count && wanted <= row.bytes.count)
        }
    }

    static let bad: [[UInt8]] =
        [
            "GET / HTTP/1.1\r\n", "PROXY\r\n", "proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
            "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
            "PROXY TCP4 ::1 ::1 1 2\r\n", "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
            "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
            "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n", "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
            "PROXY \(String(repeating: "x", count: 200))",
            "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n\(String(repeating: "x", count: 100))",
        ].map { Array($0.utf8) } + [
            [22, 3, 1, 0, 200], signature.dropLast() + [11],
            signature + [0x11, 0x11, 0, 12] + [UInt8](repeating: 1, count: 12),
            signature + [0x22, 0x11, 0, 0], binary(1, 0x11, [1, 2, 3]),
            binary(1, 0x21, [UInt8](repeating: 1, count: 35)),
            binary(1, 0x12, [UInt8](repeating: 1, count: 12)), signature + [0x21, 0x11, 0xFF, 0xFF],
        ]

    /// What strangers send, made of what is nearly right.
    @Test func `no input makes it read too far, or change its mind`() {
        var random = SplitMix64(seed: 11)
        for _ in 0..<20_000 {
            var bytes = Self.good[random.below(Self.good.count)].bytes
            for _ in 0...random.below(4) where !bytes.isEmpty {
                switch random.below(4) {
                case 0: bytes[random.below(bytes.count)] = UInt8(random.below(256))
                case 1: bytes.removeLast(random.below(bytes.count))
                case 2: bytes.insert(UInt8(random.below(256)), at: random.below(bytes.count))
                default: bytes += (0..<random.below(20)).map { _ in UInt8(random.below(256)) }
                }
            }
            let whole = Self.judge(bytes)
            switch whole {
            case .needsMore(let wanted): #expect(wanted > bytes.count && wanted <= ProxyProtocol.longest)
            case .introduced(let count, _): #expect(count <= bytes.count)
            case .refused: break
            }
            let part = Self.judge(Array(bytes.prefix(random.below(bytes.count + 1))))
            if case .needsMore = part { continue }
            #expect(part == whole, "\(bytes)")
        }
    }

    @Test(arguments: bad) func `refuses anything else`(bytes: [UInt8]) {
        guard case .refused = Self.judge(bytes) else {
            Issue.record("\(bytes) was \(Self.judge(bytes))")
            return
        }
    }
}
