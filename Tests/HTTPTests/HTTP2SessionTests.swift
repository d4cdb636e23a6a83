import Base
import Testing

@testable import HTTP

/// Two sessions joined without a network.
struct JoinedSessions {
    let client: HTTP2Session
    let server: HTTP2Session

    init(client: HTTP2Settings = HTTP2Settings(), server: HTTP2Settings = HTTP2Settings()) {
        self.client = HTTP2Session(.client, settings: client)
        self.server = HTTP2Session(.server, settings: server)
    }

    struct Heard {
        var byServer: [HTTP2Event] = []
        var byClient: [HTTP2Event] = []
        var data: [UInt8] = []
    }

    /// Carries octets both ways until neither side has any; `piece` octets at a time.
    func exchange(piece: Int = .max) throws -> Heard {
        var heard = Heard()
        while true {
            let (sent, up, toServer) = try carry(from: client, to: server, piece)
            let (answered, down, toClient) = try carry(from: server, to: client, piece)
            heard.byServer += up + answered
            heard.byClient += sent + down
            heard.data += toServer + toClient
            if up.isEmpty && down.isEmpty && !client.hasOutput && !server.hasOutput { return heard }
        }
    }

    private func carry(
        from sender: HTTP2Session,
        to receiver: HTTP2Session,
        _ piece: Int
    ) throws -> (bySender: [HTTP2Event], byReceiver: [HTTP2Event], data: [UInt8]) {
        var (output, data): ([UInt8], [UInt8]) = ([], [])
        let closed = try sender.takeOutput(into: &output)
        var events: [HTTP2Event] = []
        var rest = output[...]
        while !rest.isEmpty {
            let taken = Array(rest.prefix(piece))
            rest = rest.dropFirst(taken.count)
            for event in try receiver.receive(taken.span) {
                if case .data(_, let octets) = event { data += octets }
                events.append(event)
            }
        }
        return (closed, events, data)
    }
}

@Suite struct HTTP2SessionTests {
    private let get = HTTP2Head("GET", scheme: "https", authority: "a", path: "/", fields: ["X-Y": "z"])

    @Test(arguments: [1, 7, Int.max]) func `carries a request and its response in whatever pieces`(piece: Int) throws {
        let joined = JoinedSessions()
        let stream = try joined.client.request(get, isEnd: true)
        let request = try joined.exchange(piece: piece)
        let head = HTTP2Head("GET", scheme: "https", authority: "a", path: "/", fields: ["x-y": "z"])
        #expect(request.byServer == [.head(stream: stream, head), .ended(stream: stream)])

        try joined.server.respond(HTTP2Head(status: 200), on: stream, isEnd: false)
        joined.server.send([1, 2, 3].span, on: stream, isEnd: false)
        try joined.server.sendTrailers(["T": "u"], on: stream)
        let response = try joined.exchange(piece: piece)
        #expect(response.byClient.first == .head(stream: stream, HTTP2Head(status: 200)))
        #expect(response.data == [1, 2, 3])
        let end: [HTTP2Event] = [
            .trailers(stream: stream, ["t": "u"]), .ended(stream: stream), .closed(stream: stream, code: 0),
        ]
        #expect(response.byClient.suffix(3) == end)
        #expect(joined.client.openStreams == 0 && joined.server.openStreams == 0)
    }

    @Test func `a sender gets no further than the receiver has consumed`() throws {
        var narrow = HTTP2Settings()
        narrow.streamWindow = 1000
        let joined = JoinedSessions(server: narrow)
        let stream = try joined.client.request(get, isEnd: false)
        _ = try joined.exchange()
        joined.client.send([UInt8](repeating: 7, count: 2500).span, on: stream, isEnd: true)
        #expect(try joined.exchange().data.count == 1000)
        #expect(joined.client.pendingOctets(of: stream) == 1500)
        joined.server.consumed(1000, on: stream)
        #expect(try joined.exchange().data.count == 1000)
        joined.server.consumed(1000, on: stream)
        let last = try joined.exchange()
        #expect(last.data.count == 500)
        #expect(last.byServer.last == .ended(stream: stream))
    }

    @Test func `data of abandoned streams does not narrow the connection`() throws {
        var narrow = HTTP2Settings()
        narrow.streamWindow = 65_535
        narrow.connectionWindow = 65_535
        let joined = JoinedSessions(server: narrow)
        for _ in 0..<5 {
            let stream = try joined.client.request(get, isEnd: false)
            joined.client.send([UInt8](repeating: 7, count: 65_535).span, on: stream, isEnd: false)
            #expect(try joined.exchange().data.count == 65_535)
            joined.server.reset(stream)
            #expect(try joined.exchange().byClient.contains(.closed(stream: stream, code: HTTP2Code.cancel)))
        }
    }

    @Test func `more streams than allowed wait for their turn`() throws {
        var settings = HTTP2Settings()
        settings.concurrentStreams = 2
        let joined = JoinedSessions(server: settings)
        _ = try joined.exchange()
        for _ in 0..<3 { _ = try joined.client.request(get, isEnd: true) }
        let first = try joined.exchange().byServer
        #expect(first.count == 4)
        try joined.server.respond(HTTP2Head(status: 200), on: 1, isEnd: true)
        #expect(try joined.exchange().byServer.count == 3)
    }

    @Test func `a head that is too large resets its stream, not the connection`() throws {
        let joined = JoinedSessions()
        var large = get
        large.fields.append("large", String(repeating: "x", count: 62_000))
        let stream = try joined.client.request(large, isEnd: true)
        let heard = try joined.exchange()
        #expect(heard.byServer == [.closed(stream: stream, code: HTTP2Code.internalError)])
        var many = get
        for number in 0...100 { many.fields.append("n\(number)", "") }
        let second = try joined.client.request(many, isEnd: true)
        #expect(try joined.exchange().byServer == [.closed(stream: second, code: HTTP2Code.internalError)])
        _ = try joined.client.request(get, isEnd: true)
        #expect(try joined.exchange().byServer.count == 2)
    }

    @Test func `a flood of resets ends the connection`() throws {
        let joined = JoinedSessions()
        _ = try joined.exchange()
        var isClosed = false
        for _ in 0..<1000 where !isClosed {
            let stream = try joined.client.request(get, isEnd: true)
            var output: [UInt8] = []
            _ = try joined.client.takeOutput(into: &output)
            joined.client.reset(stream)
            _ = try joined.client.takeOutput(into: &output)
            _ = try joined.server.receive(output.span)
            output = []
            _ = try joined.server.takeOutput(into: &output)
            isClosed = joined.server.isFinished
        }
        #expect(isClosed)
    }

    @Test func `a flood of pings that nobody reads the answers to ends the connection`() throws {
        let joined = JoinedSessions()
        _ = try joined.exchange()
        #expect(throws: HTTP2Error.self) {
            for _ in 0..<2000 {
                joined.client.ping()
                var output: [UInt8] = []
                _ = try joined.client.takeOutput(into: &output)
                _ = try joined.server.receive(output.span)
            }
        }
    }

    @Test func `what is not HTTP 2 is refused`() throws {
        let server = HTTP2Session(.server)
        #expect(throws: HTTP2Error.self) { try server.receive(Array("GET / HTTP/1.1\r\n\r\n".utf8).span) }
    }

    @Test func `a shutdown lets begun streams finish`() throws {
        let joined = JoinedSessions()
        let stream = try joined.client.request(get, isEnd: true)
        _ = try joined.exchange()
        joined.server.shutDown()
        #expect(try joined.exchange().byClient == [.goAway(lastStream: stream, code: 0)])
        #expect(!joined.server.isFinished)
        try joined.server.respond(HTTP2Head(status: 200), on: stream, isEnd: true)
        #expect(try joined.exchange().byClient.last == .closed(stream: stream, code: 0))
        #expect(joined.server.isFinished)
    }

    @Test func `a response that is complete goes out whole though nobody waits for the request`() throws {
        let joined = JoinedSessions()
        let stream = try joined.client.request(get, isEnd: false)
        _ = try joined.exchange()
        try joined.server.respond(HTTP2Head(status: 413), on: stream, isEnd: false)
        joined.server.send([1].span, on: stream, isEnd: true)
        joined.server.abandon(stream)
        let heard = try joined.exchange()
        #expect(heard.data == [1])
        #expect(heard.byClient.suffix(2) == [.ended(stream: stream), .closed(stream: stream, code: 0)])
    }

    @Test func `fields that would be malformed are not sent`() throws {
        let client = HTTP2Session(.client)
        var head = get
        head.fields.append("x", "a\r\nb: c")
        #expect(throws: HTTP2Error.self) { try client.request(head, isEnd: true) }
    }

    @Test(arguments: 0..<50) func `hostile frames break nothing`(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        let client = HTTP2Session(.client)
        for _ in 0..<5 {
            let stream = try client.request(get, isEnd: false)
            client.send([1, 2, 3].span, on: stream, isEnd: true)
        }
        var bytes: [UInt8] = []
        _ = try client.takeOutput(into: &bytes)
        for _ in 0..<10 {
            let place = Int.random(in: 24..<bytes.count, using: &generator)
            bytes[place] = UInt8.random(in: 0...255, using: &generator)
        }
        let server = HTTP2Session(.server)
        var output: [UInt8] = []
        for piece in pieces(bytes, upTo: 40, &generator) {
            guard let events = try? server.receive(piece.span) else { break }
            for case .head(let stream, _) in events {
                try server.respond(HTTP2Head(status: 200), on: stream, isEnd: true)
            }
            _ = try? server.takeOutput(into: &output)
        }
    }
}
