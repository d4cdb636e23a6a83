import Discovery
import HTTP
import Testing

@testable import Proxy

@Suite struct GRPCNotesTests {
    static func head(_ fields: [(String, String)]) -> HTTP1Head {
        var head = HTTP1Head()
        for (name, value) in fields { head.append(name.utf8.span, value.utf8.span) }
        return head
    }

    @Test(arguments: [
        ("application/grpc", true), ("application/grpc+proto", true), ("Application/GRPC;x=y", true),
        ("application/grpc-web", false), ("application/grpc-web+proto", false), ("application/json", false),
    ])
    func `knows a call by its content type`(type: String, isCall: Bool) {
        #expect(GRPCNotes.isCall(Self.head([("content-type", type)])) == isCall)
        #expect(!GRPCNotes.isCall(Self.head([])))
    }

    @Test(arguments: [1, 2, 3, 7, 100]) func `counts messages in pieces of any size`(piece: Int) {
        var bytes: [UInt8] = []
        for count in [0, 1, 5, 300] {
            bytes += [0, 0, 0, UInt8(count >> 8), UInt8(count & 255)] + [UInt8](repeating: 9, count: count)
        }
        var counter = GRPCMessageCounter()
        var start = 0
        while start < bytes.count {
            let end = min(start + piece, bytes.count)
            counter.take(Array(bytes[start..<end]).span)
            start = end
        }
        #expect(counter.count == 4)
    }

    @Test(arguments: [("0", 0), ("14", 14), ("99", 2), ("x", 2)]) func `takes the status as it is, or as unknown`(
        text: String,
        status: Int
    ) {
        var notes = GRPCNotes()
        notes.note(Self.head([]))
        #expect(notes.status == nil)
        notes.note(Self.head([("grpc-status", text)]))
        #expect(notes.status == status)
    }

    @Test func `a client's own time that is over is its deadline, a route's is not`() {
        #expect(LocalReply.deadlineExceeded.grpcCode == 4 && LocalReply.deadlineExceeded.flag == .upstreamTimeout)
        #expect(LocalReply.upstreamTimeout.grpcCode == 14)
    }

    @Test(arguments: [(400, 13), (401, 16), (403, 7), (404, 12), (429, 14), (502, 14), (503, 14), (504, 14), (418, 2)])
    func `answers calls with the status that stands for HTTP's`(status: Int, code: Int) {
        let reply = LocalReply(status: status, body: "no: 100%\n", flag: .noRoute, details: "x").forGRPC
        #expect(reply.status == 200 && reply.octets.isEmpty && reply.flag == .noRoute && reply.details == "x")
        let fields = reply.fields.map { "\($0.name): \($0.value)" }
        #expect(
            fields == ["content-type: application/grpc", "grpc-status: \(code)", "grpc-message: no: 100%25%0A"]
        )
    }
}
