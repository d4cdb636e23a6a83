import Base
import TLS
import Testing

@testable import TLSScan

/// What servers answer, well-meant and not.
@Suite struct FlightTests {
    private static func record(_ type: UInt8, _ content: [UInt8]) -> [UInt8] {
        [type, 3, 3, UInt8(content.count >> 8), UInt8(content.count & 255)] + content
    }
    private static func message(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
        [type, UInt8(body.count >> 16), UInt8(body.count >> 8 & 255), UInt8(body.count & 255)] + body
    }
    private static func hello(suite: UInt16, version: UInt16 = 0x0303, extensions: [UInt8] = []) -> [UInt8] {
        var body = [UInt8(version >> 8), UInt8(version & 255)] + [UInt8](repeating: 7, count: 32) + [0]
        body += [UInt8(suite >> 8), UInt8(suite & 255), 0]
        if !extensions.isEmpty { body += [UInt8(extensions.count >> 8), UInt8(extensions.count & 255)] + extensions }
        return message(2, body)
    }

    /// ServerHello, Certificate, CertificateStatus, ServerKeyExchange, CertificateRequest and ServerHelloDone.
    private static let full: [UInt8] =
        hello(suite: 0xC02F, extensions: [0xFF, 1, 0, 1, 0, 0, 16, 0, 5, 0, 3, 2, 0x68, 0x32])
        + message(11, [0, 0, 7, 0, 0, 1, 9, 0, 0, 0]) + message(22, [1, 0, 0, 2, 5, 6])
        + message(12, [3, 0, 29, 1, 2]) + message(13, [1, 1, 0, 0]) + message(14, [])

    private static func read(_ octets: [UInt8], by size: Int = .max, stopsAtHello: Bool = false) -> ServerFlight {
        var flight = ServerFlight(stopsAtHello: stopsAtHello)
        var rest = octets[...]
        while !rest.isEmpty {
            flight.received(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        return flight
    }

    @Test(arguments: [1, 2, 3, 5, 17, 1000]) func `a flight is read whole, however it is cut`(size: Int) {
        for octets in [Self.record(22, Self.full), Self.full.flatMap { Self.record(22, [$0]) }] {
            let flight = Self.read(octets, by: size)
            #expect(flight.end == .complete)
            #expect(flight.hello?.suite == 0xC02F && flight.hello?.applicationProtocol == "h2")
            #expect(flight.hello?.extensions == [0xFF01, 16])
            #expect(flight.certificates == [[9], []] && flight.staple == [5, 6])
            #expect(flight.keyExchange == .group(29) && flight.requestsCertificate)
        }
    }

    @Test func `no beginning of a flight is taken for a whole one`() {
        let octets = Self.record(22, Self.full)
        for count in 0..<octets.count { #expect(Self.read(Array(octets.prefix(count))).end == nil) }
    }

    @Test func `TLS 1.3 ends what can be read, and names version and group in extensions`() {
        let extensions: [UInt8] = [0, 43, 0, 2, 3, 4, 0, 51, 0, 4, 0, 29, 0, 0]
        let octets = Self.record(22, Self.hello(suite: 0x1301, extensions: extensions))
        let flight = Self.read(octets + Self.record(20, [1]) + Self.record(23, [0, 1]))
        #expect(flight.end == .complete)
        #expect(flight.hello?.version == 0x0304 && flight.hello?.group == 29 && flight.hello?.isRetryRequest == false)
    }

    @Test func `alerts end it, but for warnings`() {
        #expect(Self.read([21, 3, 3, 0, 2, 2, 70]).end == .alert(70))
        let warned = Self.read([21, 3, 3, 0, 2, 1, 112] + Self.record(22, Self.full))
        #expect(warned.end == .complete)
    }

    @Test func `bits of a prime do not count zeros in front`() {
        let exchange: [UInt8] = [0, 5, 0, 0, 1, 2, 3, 0, 1, 2]
        let octets = Self.hello(suite: 0x0033) + Self.message(12, exchange) + Self.message(14, [])
        #expect(Self.read(Self.record(22, octets)).keyExchange == .prime(bits: 17))
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "\u{16}\u{3}\u{3}\0\0",
        "\u{16}\u{3}\u{3}\u{7F}\u{7F}",
        "\u{17}\u{3}\u{3}\0\u{1}a", "\u{16}\u{2}\u{0}\0\u{1}", "\u{15}\u{3}\u{3}\0\u{1}\u{2}",
    ])
    func `what is no TLS is told`(text: String) {
        guard case .malformed = Self.read(Array(text.utf8)).end else {
            Issue.record("taken for TLS: \(text.debugDescription)")
            return
        }
    }

    @Test func `words of a stranger are fit for a terminal`() {
        guard case .malformed(let words) = Self.read(Array("\u{1b}[2JHTTP\u{7}".utf8)).end else {
            Issue.record("taken for TLS")
            return
        }
        #expect(words == "not TLS: ?[2JHTTP?")
    }

    @Test func `a server that never ends is cut off`() {
        var flight = ServerFlight()
        let more = Self.record(22, [UInt8](repeating: 0, count: 16_000))
        // The first message claims 16 MiB.
        flight.received(Self.record(22, Self.hello(suite: 0xC02F) + [11, 0xFF, 0xFF, 0xFF]))
        var count = 0
        while flight.end == nil, count < 100 {
            flight.received(more)
            count += 1
        }
        #expect(count < 20)
        guard case .malformed = flight.end else {
            Issue.record("not refused")
            return
        }
    }

    @Test func `a chain without end is refused`() {
        let list = (0..<21).flatMap { _ in [0, 0, 1, 9] as [UInt8] }
        let body = [0, 0, UInt8(list.count)] + list
        let flight = Self.read(Self.record(22, Self.hello(suite: 0xC02F) + Self.message(11, body)))
        #expect(flight.end != nil && flight.end != .complete)
    }

    @Test func `hostile octets neither crash nor hang it`() {
        var random = SystemRandomNumberGenerator()
        let extensions: [UInt8] = [0, 43, 0, 2, 3, 4, 0, 51, 0, 4, 0, 29, 0, 0]
        let seeds = [
            Self.record(22, Self.full), Self.record(22, Self.hello(suite: 0x1301, extensions: extensions)),
            Self.record(22, Self.hello(suite: 0x0033) + Self.message(12, [0, 2, 1, 2])), [0x80, 4, 4, 0, 1, 0, 2],
        ]
        for round in 0..<40_000 {
            var octets = seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: 0..<octets.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: octets[index] = UInt8.random(in: 0...255, using: &random)
                case 1 where octets.count > 1: octets.remove(at: index)
                default: octets.insert(UInt8.random(in: 0...255, using: &random), at: index)
                }
            }
            var flight = ServerFlight(stopsAtHello: round % 5 == 0, expectsSSL2: round % 3 == 0)
            flight.received(octets)
            for client in SimulatedClient.all.prefix(3) { _ = client.connection(flight, isSHA2: true) }
        }
    }
}
