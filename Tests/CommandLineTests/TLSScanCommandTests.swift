import Testing

@testable import CommandLine

/// What `tls-scan` makes of its command line.
@Suite struct TLSScanCommandTests {
    @Test(
        arguments: [
            ("example.org", "example.org", 443), ("example.org:8443", "example.org", 8443),
            ("https://example.org:8443/path?query", "example.org", 8443), ("https://example.org", "example.org", 443),
            ("192.0.2.1:1", "192.0.2.1", 1), ("[2001:db8::1]:8443", "2001:db8::1", 8443), ("[::1]", "::1", 443),
            ("::1", "::1", 443),
        ] as [(String, String, UInt16)]
    )
    func `a server is named as people name it`(text: String, host: String, port: UInt16) throws {
        let place = try #require(TLSScanCommand.place(text))
        #expect(place.host == host && place.port == port)
    }

    @Test(arguments: [
        "", ":443", "host:", "host:0", "host:65536", "host:x", "a:b:c", "a b", "[::1", "https://", "\u{7}",
    ])
    func `what names no server is refused`(text: String) {
        #expect(TLSScanCommand.place(text) == nil)
    }

    @Test func `wrong flags end with the status for usage, a server that is not there with 2`() async {
        for flags in ["-o xml", "--require nonsense", "--timeout 0s", "--max-time -1s", "another"] {
            #expect(await run("apus tls-scan 127.0.0.1:1 \(flags)").status == 64, "\(flags)")
        }
        #expect(await run("apus tls-scan").status == 64)
        #expect(await run("apus tls-scan host:").status == 64)
        let missing = await run("apus tls-scan 127.0.0.1:1 --timeout 1s")
        #expect(missing.status == 2 && missing.errors.contains("127.0.0.1:1"))
        #expect(await run("apus tls-scan 127.0.0.1:1 --from full/sleep").status == 2)
    }

    @Test(arguments: [0, 1, 125, 126, 65_535]) func `what goes to a pod is one masked message`(count: Int) {
        let payload = [UInt8](repeating: 7, count: count)
        let frame = WebSocketMessages.binary(payload)
        #expect(frame[0] == 0x82 && frame[1] & 0x80 != 0)
        let length = count < 126 ? Int(frame[1] & 0x7F) : Int(frame[2]) << 8 | Int(frame[3])
        #expect(length == count)
        #expect(frame.suffix(count) == payload[...] && frame.count == count + (count < 126 ? 6 : 8))
    }
}
