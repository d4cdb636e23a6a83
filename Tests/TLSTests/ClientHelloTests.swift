import Base
import Glibc
import TLS
import TestTLS
import Testing

@Suite struct ClientHelloTests {
    /// What OpenSSL itself sends.
    private static func hello(
        serverName: String?,
        offer: ApplicationProtocols? = nil,
        parameters: TLSParameters = TLSParameters()
    ) throws -> [UInt8] {
        var configuration = TLSClientConfiguration(verification: PeerVerification(trust: .system, names: .any))
        configuration.parameters = parameters
        return try SilentServer.firstBytes(from: TLSClientContext(configuration), serverName: serverName, offer: offer)
    }

    private static func found(_ bytes: [UInt8]) -> ClientHello? {
        if case .hello(let hello) = ClientHello.inspect(bytes.span) { hello } else { nil }
    }

    /// The same message in records of `size` octets.
    private static func fragmented(_ bytes: [UInt8], size: Int) -> [UInt8] {
        let message = Array(bytes[5...])
        return stride(from: 0, to: message.count, by: size).flatMap { start -> [UInt8] in
            let part = message[start..<min(start + size, message.count)]
            return [22, 3, 1, UInt8(part.count >> 8), UInt8(part.count & 255)] + part
        }
    }

    @Test func `reads what a client wants`() throws {
        let name = "outbound_.8000_._.HTTPBIN.foo.svc.cluster.local"
        let hello = try #require(Self.found(Self.hello(serverName: name, offer: ["istio-peer-exchange", "istio"])))
        #expect(hello.serverName == name.lowercased())
        #expect(hello.applicationProtocols == ["istio-peer-exchange", "istio"])
        #expect(hello.versions == [0x0304, 0x0303])
        #expect(hello.groups == [0x001D, 0x0017])
        #expect(hello.cipherSuites.contains(0x1301) && hello.cipherSuites.contains(0xC02B))
    }

    @Test func `reads an older client without name or protocols`() throws {
        var parameters = TLSParameters()
        parameters.versions = .tls12 ... .tls12
        let hello = try #require(Self.found(Self.hello(serverName: nil, parameters: parameters)))
        #expect(hello.serverName == nil && hello.applicationProtocols.isEmpty)
        #expect(hello.versions == [0x0303, 0x0302, 0x0301])
    }

    @Test func `every beginning asks for more, and no more than there is`() throws {
        let bytes = try Self.hello(serverName: "example.org", offer: ["h2"])
        for count in 0..<bytes.count {
            guard case .needsMore(let wanted) = ClientHello.inspect(bytes.span.extracting(..<count)) else {
                Issue.record("a hello of \(count) octets is not one yet")
                return
            }
            #expect(wanted > count && wanted <= bytes.count)
        }
        #expect(Self.found(bytes) != nil)
        #expect(Self.found(bytes + [1, 2, 3]) == Self.found(bytes))
    }

    @Test(arguments: [16, 100, 4096]) func `a hello may be cut into records anywhere`(size: Int) throws {
        let bytes = try Self.hello(serverName: "example.org", offer: ["h2"])
        let cut = Self.fragmented(bytes, size: size)
        #expect(Self.found(cut) == Self.found(bytes))
        for count in 0..<cut.count {
            guard case .needsMore(let wanted) = ClientHello.inspect(cut.span.extracting(..<count)) else {
                Issue.record("a hello of \(count) octets is not one yet")
                return
            }
            #expect(wanted > count)
        }
    }

    @Test func `a hello of 16 KiB is read, one of too many records or octets is not`() throws {
        let offer = ApplicationProtocols((0..<64).map { String(repeating: "x", count: 252) + "\($0 + 100)" })
        let big = try Self.hello(serverName: "example.org", offer: offer)
        #expect(big.count > 16_384)
        #expect(Self.found(big)?.applicationProtocols.count == 64)
        #expect(ClientHello.inspect(Self.fragmented(big, size: 16).span) == .tooLarge)
        #expect(ClientHello.inspect([22, 3, 1, 0, 4, 1, 1, 0, 0].span) == .tooLarge)
    }

    /// A hello with an extension of `size` octets in front of its name's, in records of 16 KiB.
    private static func padded(_ bytes: [UInt8], size: Int, type: UInt16 = 21) throws -> [UInt8] {
        var message = Array(bytes[5...])
        // Behind type, length, version, random and three vectors come the extensions.
        var position = 4 + 2 + 32
        position += 1 + Int(message[position])
        position += 2 + Int(message[position]) << 8 + Int(message[position + 1])
        position += 1 + Int(message[position])
        let length = Int(message[position]) << 8 + Int(message[position + 1]) + 4 + size
        try #require(length <= 65_535)
        (message[position], message[position + 1]) = (UInt8(length >> 8), UInt8(length & 255))
        let head = [UInt8(type >> 8), UInt8(type & 255), UInt8(size >> 8), UInt8(size & 255)]
        message.insert(contentsOf: head + [UInt8](repeating: 0x61, count: size), at: position + 2)
        let count = message.count - 4
        for index in 1...3 { message[index] = UInt8(truncatingIfNeeded: count >> (8 * (3 - index))) }
        return fragmented([22, 3, 1, 0, 0] + message, size: 16_384)
    }

    @Test func `large extensions are read past, up to the limit`() throws {
        let bytes = try Self.hello(serverName: "example.org", offer: ["h2"])
        let large = try Self.padded(bytes, size: 65_000 - bytes.count)
        #expect(Self.found(large)?.serverName == "example.org")
        // As it arrives in segments, looked at only when there is as much as was asked for.
        var (count, looks) = (0, 0)
        while case .needsMore(let wanted) = ClientHello.inspect(large.span.extracting(..<count)) {
            try #require(wanted > count && wanted <= large.count)
            (count, looks) = (wanted, looks + 1)
        }
        #expect(count == large.count && looks < 20)
    }

    @Test func `a name of 64 KiB is refused without being kept`() throws {
        let bytes = try Self.hello(serverName: nil)
        var named = try Self.padded(bytes, size: 65_000 - bytes.count, type: 0)
        #expect(ClientHello.inspect(named.span) == .notTLS)  // Not even a list of names.
        let start = try #require(named.indices.first { named[$0...].starts(with: [0x61, 0x61, 0x61, 0x61]) })
        let size = 65_000 - bytes.count
        let head = [size - 2, size - 5].map { [UInt8($0 >> 8), UInt8($0 & 255)] }
        named.replaceSubrange(start..<start + 5, with: head[0] + [0] + head[1])
        #expect(ClientHello.inspect(named.span) == .notTLS)
        // A hello whose message would be longer than anybody looks at is refused at its first octets.
        #expect(ClientHello.inspect([22, 3, 1, 0x40, 0, 1, 1, 0, 0x40].span) == .tooLarge)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n", "\u{16}\u{2}", "\u{17}\u{3}\u{3}\0\u{1}", "\u{16}\u{3}\u{1}\0\0",
        "\u{16}\u{3}\u{1}\0\u{4}\u{2}\0\0\0", "\u{16}\u{3}\u{1}\0\u{4}\u{1}\0\0\0", "SSH-2.0-OpenSSH\r\n", "\0",
    ])
    func `what does not begin like TLS is not`(text: String) {
        #expect(ClientHello.inspect(Array(text.utf8).span) == .notTLS)
    }

    @Test func `a name that could be taken for another is not read`() throws {
        let bytes = try Self.hello(serverName: "example.org")
        let start = try #require(bytes.indices.first { bytes[$0...].starts(with: Array("example.org".utf8)) })
        for bad: UInt8 in [0, 10, 0x20, 0x7F, 0xC3] {
            var changed = bytes
            changed[start + 3] = bad
            #expect(ClientHello.inspect(changed.span) == .notTLS)
        }
    }

    @Test func `random and mutated bytes never crash, and time is bounded`() throws {
        var random = SystemRandomNumberGenerator()
        let bytes = try Self.hello(serverName: "example.org", offer: ["h2", "http/1.1"])
        for round in 0..<20_000 {
            var changed = round % 4 == 0 ? Self.fragmented(bytes, size: Int.random(in: 1...200)) : bytes
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let index = Int.random(in: 0..<changed.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: changed[index] = UInt8.random(in: 0...255, using: &random)
                case 1: changed.remove(at: index)
                default: changed.insert(UInt8.random(in: 0...255, using: &random), at: index)
                }
            }
            if case .needsMore(let wanted) = ClientHello.inspect(changed.span) {
                #expect(wanted > changed.count && wanted <= ClientHello.limit + 5)
            }
        }
    }
}
