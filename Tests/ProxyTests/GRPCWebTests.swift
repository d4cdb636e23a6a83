import Base
import HTTP
import Testing

@testable import Proxy

@Suite struct GRPCWebTests {
    @Test func `text in pieces, each padded or not, is what it would be in one`() {
        let parts: [[UInt8]] = [[1], [2, 3], [4, 5, 6], [], [7, 8, 9, 10]]
        let text = Array(parts.map { Base64.encode($0) }.joined().utf8)
        for size in 1...text.count {
            var decoder = Base64Decoder()
            var output: [UInt8] = []
            for start in stride(from: 0, to: text.count, by: size) {
                let piece = Array(text[start..<min(start + size, text.count)])
                #expect(decoder.decode(piece.span, into: &output))
            }
            #expect(output == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] && decoder.isWhole)
        }
    }

    @Test(arguments: ["A===", "=AAA", "A=AA", "AA=A", "AA\nA", "AAA-", "%"])
    func `what is no base64 is refused`(text: String) {
        var decoder = Base64Decoder()
        var output: [UInt8] = []
        #expect(!decoder.decode(Array(text.utf8).span, into: &output))
    }

    @Test func `text that is cut short is not whole`() {
        var decoder = Base64Decoder()
        var output: [UInt8] = []
        #expect(decoder.decode(Array("AAAAA".utf8).span, into: &output) && !decoder.isWhole)
    }

    @Test(arguments: [
        ("POST", "application/grpc-web", true), ("POST", "Application/gRPC-Web+proto", true),
        ("POST", "application/grpc-web-text;x=y", true), ("POST", "application/grpc", false),
        ("POST", "application/grpc-webs", false), ("OPTIONS", "application/grpc-web", false),
        ("POST", "text/plain", false),
    ])
    func `calls are told by their type`(method: String, type: String, isCall: Bool) {
        var head = HTTP1Head()
        head.removeAll(beginning: method, target: Array("/t/U".utf8).span)
        head.append(.contentType, type)
        #expect((GRPCWeb(head) != nil) == isCall)
    }

    @Test func `a response that is no gRPC is left as it is`() throws {
        var request = HTTP1Head()
        request.removeAll(beginning: "POST", target: Array("/t/U".utf8).span)
        request.append(.contentType, "application/grpc-web-text")
        var web = try #require(GRPCWeb(request))
        var response = HTTP1Head()
        response.removeAll(beginning: 502, reason: "")
        response.append(.contentType, "text/html")
        web.translate(response: &response)
        var output: [UInt8] = []
        web.translate(response: [60, 61].span, into: &output)
        #expect(response.text(of: .contentType) == "text/html" && output == [60, 61] && web.end(trailers: nil).isEmpty)
    }
}
