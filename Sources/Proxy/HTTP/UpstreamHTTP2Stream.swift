internal import Base
internal import HTTP

/// One stream of an HTTP/2 connection to an endpoint: one request and its response.
final class UpstreamHTTP2Stream: UpstreamLeg {
    private let connection: UpstreamHTTP2
    private(set) var exchange: Exchange?
    /// 0 before the stream has begun.
    var id: Int32 = 0
    private var hasResponse = false
    private var isPaused = false
    /// Octets of the response that the endpoint may not send again yet.
    private var unconsumed = 0

    init(_ connection: UpstreamHTTP2) { self.connection = connection }

    var isReady: Bool { connection.isOpen && (id != 0 || exchange?.upgrade == nil || connection.hasPeerSettings) }
    var localAddress: SocketAddress? { connection.localAddress }
    var failure: String { connection.failure }

    // From the exchange

    func open(for exchange: Exchange) {
        begin(exchange)
        connection.open()
    }

    func begin(_ exchange: Exchange) {
        self.exchange = exchange
        connection.wait(self)
    }

    func beginRequest(of exchange: Exchange) {
        if exchange.upgrade != nil, !connection.engine.peerAllowsConnectProtocol {
            return failed(.protocolError, cause: "the endpoint's HTTP/2 does not allow switching protocols")
        }
        let options = HTTP2RequestOptions(
            scheme: exchange.scheme,
            upgrade: exchange.upgrade,
            hasBody: !exchange.hasNoMoreRequest
        )
        if !connection.begin(self, exchange.head, options) { failed(.connectionTermination, cause: failure) }
    }

    /// The octets are fetched when the endpoint's windows have room for them.
    func send(_ request: inout OutputBuffer, isKept: Bool) -> Bool {
        resume()
        return true
    }

    func finishSending() { resume() }

    private func resume() {
        guard id != 0 else { return }
        connection.engine.resume(id)
        connection.scheduleFlush()
    }

    func pauseReading(_ isPaused: Bool) {
        self.isPaused = isPaused
        if !isPaused { consume() }
    }

    private func consume() {
        guard unconsumed > 0, id != 0 else { return }
        connection.engine.consume(unconsumed, on: id)
        unconsumed = 0
        connection.scheduleFlush()
    }

    func failed(_ reason: LocalReply.ResetReason, cause: String) {
        lost(reason, cause: cause, hasResponse ? .answered : id == 0 ? .notSent : .sent)
    }

    func end(isReusable: Bool) {
        exchange = nil
        connection.ended(self, isComplete: isReusable)
    }

    // From the connection

    func responded(_ head: inout HTTP1Head) {
        guard let exchange else { return }
        hasResponse = head.status >= 200
        if exchange.upgrade != nil, head.status == 200 {
            head.changeStatus(to: 101, framing: .tunnel)
            if let upgrade = exchange.upgrade { head.append(.upgrade, upgrade) }
        }
        exchange.responded(&head)
    }

    func received(_ data: Span<UInt8>) {
        unconsumed += data.count
        exchange?.responseBody(data)
    }

    func inputEnded(trailers: HTTP1Head?) { exchange?.responseEnded(trailers: trailers, isReusable: true) }

    /// All that came at once has been received.
    func inputGathered() {
        guard let exchange else { return }
        exchange.flushResponse()
        if !isPaused { consume() }
    }

    /// The stream was reset, or refused, before its response was complete.
    func closed(code: UInt32) {
        guard exchange != nil else { return }
        switch code {
        case HTTP2Code.refusedStream: lost(.remoteRefusedStream, cause: "", .notSent)
        case HTTP2Code.protocolError:
            lost(.protocolError, cause: "HTTP/2 stream error", hasResponse ? .answered : .sent)
        default: lost(.remoteReset, cause: "", hasResponse ? .answered : .sent)
        }
    }

    /// The response cannot be had from here.
    func lost(_ reason: LocalReply.ResetReason, cause: String, _ progress: RetryDecision.Progress) {
        exchange?.upstreamFailed(reason, cause: cause, progress: hasResponse ? .answered : progress)
    }
}
