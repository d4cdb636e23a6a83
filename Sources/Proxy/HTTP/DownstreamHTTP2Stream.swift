internal import Base
internal import EventLoop
internal import HTTP

/// One stream of a client's HTTP/2 connection: one request and its response.
final class DownstreamHTTP2Stream: DownstreamLeg {
    private unowned let connection: DownstreamHTTP2
    private(set) lazy var exchange = Exchange(connection.worker, self)
    var info: ConnectionInfo { connection.info }
    private var worker: Worker { connection.worker }

    private var id: Int32 = 0
    /// Octets of the response's body, or of a tunnel, that wait for the client's windows.
    private var output = OutputBuffer()
    private var trailers: HTTP1Head?
    /// Octets of the request that the client may not send again yet.
    private var unconsumed = 0
    /// Octets for a tunnel that the server has not agreed to yet.
    private var carry: [UInt8] = []
    private var isTunnel = false
    private var hasInputEnded = false
    private var hasResponse = false
    private var isResponseComplete = false
    private var isAborted = false
    private var isOver = false
    private var hasSentEnd = false
    /// Whether the key for a WebSocket handshake was made by us (RFC 8441 has none).
    private var hasOwnKey = false
    private var lastProgress = MonotonicTime(nanoseconds: 0)
    /// With what the client is told to send no more, after a response that did not wait for its request.
    private var endCode = HTTP2Code.none

    /// With more than this waiting, the endpoint is not read from.
    private static let highWater = 64 * 1024
    private static let lowWater = 16 * 1024

    init(_ connection: DownstreamHTTP2) { self.connection = connection }

    // From the client

    /// A request has come; `head` is exchanged for an empty one.
    func begin(_ id: Int32, _ head: inout HTTP1Head, isEnd: Bool, fault: HTTP2Fault?) {
        self.id = id
        lastProgress = worker.loop.now
        swap(&exchange.head, &head)
        if let fault { return refuse(fault) }
        let upgrade = exchange.head.connectProtocol
        if exchange.head.methodID == .connect {
            if upgrade == nil { return refuseConnect() }
            exchange.head.becomeUpgradeRequest()
            addWebSocketFields()
        }
        if exchange.head.expectsContinue {
            exchange.head.remove(.expect)
            var interim = HTTP1Head()
            interim.removeAll(beginning: 100, reason: "")
            connection.engine.respondInterim(interim, on: id)
        }
        exchange.begin(isHeadOnly: isEnd)
    }

    private func refuse(_ fault: HTTP2Fault) {
        exchange.log.begin(at: worker.loop.now)
        endCode = HTTP2Code.protocolError
        exchange.respond(.badRequest("http2.\(fault.reason)", status: fault.status))
    }

    private func refuseConnect() {
        exchange.log.begin(at: worker.loop.now)
        exchange.respond(.noRoute)
    }

    /// An HTTP/1 server wants to see a key, which HTTP/2 clients do not send (RFC 8441 §5).
    private func addWebSocketFields() {
        let name = "sec-websocket-key".utf8.span
        hasOwnKey = exchange.head.firstIndex(ofLowercase: name) == nil
        guard hasOwnKey else { return }
        let key = (0..<16).map { _ in UInt8(truncatingIfNeeded: worker.random.next()) }
        exchange.head.append(name, Base64.encode(key).utf8.span)
    }

    func received(_ data: Span<UInt8>) {
        unconsumed += data.count
        lastProgress = worker.loop.now
        if exchange.phase == .idle { return requestWaits(0) }
        if isTunnel {
            exchange.tunnelBytes(data)
        } else if exchange.upgrade != nil {
            carry.append(data)
        } else {
            exchange.body(data)
        }
    }

    func inputEnded(trailers: HTTP1Head?) {
        hasInputEnded = true
        guard exchange.phase != .idle else { return }
        if isTunnel { return exchange.tunnelInputEnded() }
        if exchange.upgrade == nil { exchange.requestEnded(trailers: trailers) }
    }

    /// All that came at once has been received.
    func inputGathered() { if exchange.phase != .idle { exchange.flushRequest() } }

    /// The stream is over for the client.
    func closed() {
        connectionEnds()
        connection.engine.consumeConnection(unconsumed)
        reset()
    }

    /// Nothing can be said to the client any more.
    func connectionEnds() { if exchange.phase != .idle { exchange.downstreamClosed() } }

    private func reset() {
        id = 0
        output.removeAll()
        trailers = nil
        unconsumed = 0
        carry = []
        (isTunnel, hasInputEnded, hasResponse, isResponseComplete) = (false, false, false, false)
        (isAborted, isOver, hasSentEnd, hasOwnKey) = (false, false, false, false)
        endCode = HTTP2Code.none
    }

    // From the exchange

    func resolve(_ head: inout HTTP1Head) -> RequestRouter.Outcome { connection.router.resolve(&head, worker) }

    func requestWaits(_ octets: Int) {
        let taken = unconsumed - octets - carry.count
        guard taken > 0, id != 0 else { return }
        unconsumed -= taken
        connection.engine.consume(taken, on: id)
        connection.engine.consumeConnection(taken)
        connection.scheduleFlush()
    }

    func interimResponse(_ response: inout HTTP1Head) {
        response.removeHopByHopFields()
        connection.engine.respondInterim(response, on: id)
    }

    func beginResponse(_ response: inout HTTP1Head, isRequestComplete: Bool) {
        hasResponse = true
        let framing = response.framing
        response.removeHopByHopFields()
        if framing == .tunnel {
            response.changeStatus(to: 200, framing: .tunnel)
            if hasOwnKey { response.remove(named: "sec-websocket-accept") }
        } else if exchange.upgrade != nil, (200..<300).contains(response.status) {
            // The application has not switched, which a success would say (RFC 8441 §5).
            response.changeStatus(to: 502, framing: framing)
        }
        connection.engine.respond(response, on: id, hasBody: framing != .none)
        connection.scheduleFlush()
        if framing == .tunnel { beginTunnel() }
    }

    private func beginTunnel() {
        isTunnel = true
        var early: [UInt8] = []
        swap(&early, &carry)
        exchange.tunnelBytes(early.span)
        if hasInputEnded { exchange.tunnelInputEnded() }
    }

    func responseBody(_ data: Span<UInt8>) {
        output.bytes.append(data)
        connection.engine.resume(id)
    }

    func endResponse(trailers: HTTP1Head?) {
        isResponseComplete = true
        self.trailers = trailers
        connection.engine.resume(id)
    }

    func respond(_ reply: LocalReply, isRequestComplete: Bool) {
        hasResponse = true
        let head = reply.head(from: info.direction)
        let octets = exchange.head.methodID == .head ? [] : reply.octets
        let hasBody = !octets.isEmpty
        connection.engine.respond(head, on: id, hasBody: hasBody)
        output.bytes += octets
        endResponse(trailers: nil)
    }

    func exchangeEnded() {
        isOver = true
        carry = []
        requestWaits(0)
        connection.scheduleFlush()
    }

    /// What has come of the response goes out before the reset.
    func abort() {
        isAborted = true
        isOver = true
        if hasResponse {
            connection.engine.resume(id)
        } else {
            connection.engine.reset(id, code: HTTP2Code.internalError)
        }
        connection.scheduleFlush()
    }

    func flush() { connection.scheduleFlush() }

    var isOutputFull: Bool { output.waiting > Self.highWater }

    // From the engine

    func takeBody(into buffer: inout MutableSpan<UInt8>) -> HTTP2BodyPart {
        let count = output.move(into: &buffer)
        if count > 0 { lastProgress = worker.loop.now }
        if output.waiting <= Self.lowWater, exchange.phase == .responding { exchange.downstreamDrained() }
        if output.isEmpty {
            if isResponseComplete { return .end(count, trailers: trailers.take()) }
            if isAborted, count == 0 { return .failed }
        }
        return .more(count)
    }

    /// The response is written.
    func sentEnd() {
        hasSentEnd = true
        if isOver, endCode != HTTP2Code.none { connection.engine.reset(id, code: endCode) }
    }

    /// Gives up a client that does not take its response, and stops one that still sends what nobody wants any more.
    ///
    /// The latter not at once (RFC 9113 §8.1 allows it), because there are clients that forget the response then.
    func sweep(at now: MonotonicTime) {
        if hasSentEnd, isOver { return connection.engine.reset(id, code: HTTP2Code.none) }
        guard !output.isEmpty, now >= lastProgress + worker.limits.stallTimeout else { return }
        connection.engine.reset(id, code: HTTP2Code.cancel)
    }
}
