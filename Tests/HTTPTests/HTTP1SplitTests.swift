import Base
import Testing

@testable import HTTP

/// Whatever pieces a message comes in, it is the same message; whatever comes, nothing breaks.
@Suite struct HTTP1SplitTests {
    private static let samples: [(kind: HTTP1HeadParser.Kind, text: String)] = [
        (.request, "GET /path?query HTTP/1.1\r\nHost: example\r\nUser-Agent: x/1\r\nAccept: */*\r\n\r\nGET /"),
        (.request, "\r\nPOST / HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 11\r\n\r\nhello worldPOST"),
        (
            .request,
            "PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5\r\nhello\r\n10;ext=1\r\n0123456789abcdef\r\n0\r\nTrailer: x\r\n\r\nnext"
        ),
        (
            .response(to: .get),
            "HTTP/1.1 200 OK\r\nServer: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nHTTP"
        ),
        (.response(to: .get), "HTTP/1.0 200 OK\r\n\r\nall the rest"),
    ]

    @Test(arguments: samples.indices) func `every cut gives the same message`(sample: Int) {
        let (kind, text) = Self.samples[sample]
        let bytes = Array(text.utf8)
        let whole = read(kind, [bytes])
        #expect(whole.error == nil)
        for cut in 1..<bytes.count {
            #expect(read(kind, [Array(bytes[..<cut]), Array(bytes[cut...])]) == whole)
        }
        #expect(read(kind, bytes.map { [$0] }) == whole)
    }

    @Test(arguments: samples.indices) func `every prefix waits for more`(sample: Int) {
        let (kind, text) = Self.samples[sample]
        let bytes = Array(text.utf8)
        for count in 0..<bytes.count { #expect(read(kind, [Array(bytes[..<count])]).error == nil) }
    }

    @Test(arguments: 0..<20) func `hostile octets give the same outcome in whatever pieces`(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let alphabet = Array("\r\n\r\n\r\n :;,0123456789abcdefGETPOST/HTTP1.1chunked\t\u{0}\u{7f}".utf8)
        for _ in 0..<200 {
            let (kind, text) = Self.samples.randomElement(using: &generator) ?? Self.samples[0]
            var bytes = Array(text.utf8)
            for _ in 0...Int.random(in: 0...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                let byte = alphabet.randomElement(using: &generator) ?? 0
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = byte
                case 1: bytes.insert(byte, at: place)
                case 2: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                default: if bytes.count > 1 { bytes.remove(at: place) }
                }
            }
            let whole = read(kind, [bytes])
            for limit in [1, 3, 20] {
                let cut = read(kind, pieces(bytes, upTo: limit, &generator))
                #expect(cut.error == whole.error)
                if whole.error == nil { #expect(cut == whole) }
            }
        }
    }
}
