import Discovery
import EventLoop
import HTTP

@testable import LabNode
@testable import Proxy
@testable import Streaming

extension Parsers {
    static let protocols: [String: Entry] = [
        "http1": http1, "chunked": chunked, "http2": http2, "websocket": webSocket, "spdy": spdy, "dns": dns,
        "proxyprotocol": proxyProtocol,
    ]

    /// A head is the same however it was cut, and so is the reason for refusing it; forwarded, it ends where it should.
    private static let http1: Entry = { input in
        var reader = InputReader(input)
        let kinds: [HTTP1HeadParser.Kind] = [.request, .response(to: .get), .response(to: .head), .trailers]
        let kind = kinds[Int(reader.octet() % 4)]
        let step = Int(reader.octet()) + 1
        let text = reader.remainder()
        let whole = parse(text, kind, step: max(text.count, 1))
        let pieces = parse(text, kind, step: step)
        guard whole.result == pieces.result, whole.text == pieces.text else { broken("cutting changes a head") }
        guard case .complete = whole.result, kind == .request else { return }
        let again = parse(whole.text, kind, step: 1 + whole.text.count)
        switch again.result {
        case .complete(consumed: whole.text.count): break
        case .failed(.tooManyFields), .failed(.headTooLarge): break  // The Host that it got is one too many.
        default: broken("a written head ends elsewhere")
        }
    }

    /// The outcome, with all octets that were taken, and the head as it would be forwarded.
    private static func parse(
        _ text: [UInt8],
        _ kind: HTTP1HeadParser.Kind,
        step: Int
    ) -> (result: HTTP1HeadParser.Progress, text: [UInt8]) {
        var (parser, head) = (HTTP1HeadParser(kind), HTTP1Head())
        var start = 0
        while start < text.count {
            let piece = text[start..<min(start + step, text.count)]
            switch parser.parse(Array(piece).span, into: &head) {
            case .needsMore: start += piece.count
            case .failed(let error): return (.failed(error), [])
            case .complete(let consumed):
                var output: [UInt8] = []
                if kind == .request { head.completeHost() }
                head.write(to: &output)
                return (.complete(consumed: start + consumed), output)
            }
        }
        return (.needsMore, [])
    }

    /// A body in chunks is the same however it was cut.
    private static let chunked: Entry = { input in
        var reader = InputReader(input)
        let step = Int(reader.octet()) + 1
        let text = reader.remainder()
        let (whole, pieces) = (read(text, step: max(text.count, 1)), read(text, step: step))
        guard whole.body == pieces.body, whole.end == pieces.end else { broken("cutting changes a body") }
    }

    private static func read(_ text: [UInt8], step: Int) -> (body: [UInt8], end: BodyReader.Event) {
        var (reader, body) = (BodyReader(.chunked), [UInt8]())
        var start = 0
        while start < text.count {
            let piece = Array(text[start..<min(start + step, text.count)])
            var offset = 0
            while offset < piece.count {
                let event = reader.next(in: piece.span, at: &offset)
                switch event {
                case .data(let range): body += piece[range]
                case .needsMore: break
                case .end, .failed: return (body, event)
                }
            }
            start += piece.count
        }
        return (body, .needsMore)
    }

    /// Either end of an HTTP/2 connection, HPACK and all, whose handler answers each request.
    private static let http2: Entry = { input in
        var reader = InputReader(input)
        let role: HTTP2Role = reader.octet() & 1 == 0 ? .server : .client
        let step = Int(reader.octet()) + 1
        let text = reader.remainder()
        let handler = SilentHandler()
        let engine = HTTP2Engine(role, handler: handler, at: .now)
        handler.engine = engine
        var (start, output) = (0, [UInt8]())
        let preface = role == .server ? Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) : []
        guard engine.receive(preface.span, at: .now) else { broken("refuses the preface") }
        while start < text.count {
            let piece = Array(text[start..<min(start + step, text.count)])
            guard engine.receive(piece.span, at: .now) else { break }
            guard engine.takeOutput(into: &output, upTo: 1 << 16) else { break }
            output.removeAll(keepingCapacity: true)
            start += piece.count
        }
        _ = engine.takeOutput(into: &output, upTo: 1 << 16)
    }

    private static let webSocket: Entry = { input in
        var decoder = WebSocketDecoder(limit: 1 << 16)
        decoder.append(input)
        while let event = try? decoder.next() { _ = event }
    }

    private static let spdy: Entry = { input in
        var decoder = SPDYDecoder()
        decoder.append(input)
        while let frame = try? decoder.next() { _ = frame }
        _ = try? SPDYHeaderDecoder().decode(input)
        _ = try? SPDYHeaderDecoder.parse(input)
    }

    /// What was read of the PROXY protocol is the same whatever follows it, and said again, it is read the same.
    private static let proxyProtocol: Entry = { input in
        let verdict = ProxyProtocol.judge(input.span)
        switch verdict {
        case .needsMore(let count):
            guard count > input.count, count <= ProxyProtocol.longest else { broken("waits for what cannot come") }
        case .refused: break
        case .introduced(let count, let source):
            guard count <= input.count, ProxyProtocol.judge(input.span.extracting(0..<count)) == verdict else {
                broken("what follows a header changes it")
            }
            for shorter in 0..<count {
                guard case .needsMore = ProxyProtocol.judge(input.span.extracting(0..<shorter)) else {
                    broken("ends too early")
                }
            }
            guard let source else { return }
            for version in [Destination.ProxyProtocol.version1, .version2] {
                let header = ProxyProtocol.header(version, from: source, to: source)
                let again = ProxyProtocol.Verdict.introduced(count: header.count, source: source)
                guard ProxyProtocol.judge(header.span) == again else { broken("a written header says something else") }
            }
        }
    }

    private static let dns: Entry = { input in _ = try? DNSQuery(parsing: input) }
}

/// Gives all room back at once, and wants nothing.
private final class SilentHandler: HTTP2EngineHandler {
    weak var engine: HTTP2Engine?

    func received(_ head: inout HTTP1Head, on stream: Int32, isEnd: Bool, fault: HTTP2Fault?) {
        var output: [UInt8] = []
        if fault == nil { head.write(to: &output) }
    }
    func method(of stream: Int32) -> HTTPMethod { .get }
    func received(_ data: Span<UInt8>, on stream: Int32) {
        engine?.consume(data.count, on: stream)
        engine?.consumeConnection(data.count)
    }
    func ended(_ stream: Int32, trailers: HTTP1Head?) {}
    func sentEnd(of stream: Int32) {}
    func closed(_ stream: Int32, code: UInt32) {}
    func wentAway(lastStream: Int32, code: UInt32) {}
    func settingsChanged() {}
    func takeBody(of stream: Int32, into buffer: inout MutableSpan<UInt8>) -> HTTP2BodyPart { .end(0, trailers: nil) }
}
