internal import EventLoop
internal import HTTP

/// From the endpoint: the response, or the loss of it.
extension Exchange {
    /// The response's head is complete.
    func responded(_ response: inout HTTP1Head) {
        if response.status < 200, response.status != 101 { return forwardInterim(&response) }
        if isTriedAgain(instead: response) { return }
        phase = .responding
        ExchangeTimers.cancel(&timers.attempt, on: worker.loop)
        log.responseBegan(response, at: worker.loop.now)
        log.grpc?.note(response)
        if request.canReplay { request.stopReplay() }
        let rules = ResponseRules(info: info, serviceTime: log.serviceTime)
        rules.tellServiceTime(in: &response)
        progress?.edit(&response, from: self)
        if let cookie { response.append("set-cookie".utf8.span, cookie.utf8.span) }
        rules.tellServer(in: &response)
        web?.translate(response: &response)
        downstream.beginResponse(&response, isRequestComplete: request.isComplete)
    }

    private func forwardInterim(_ response: inout HTTP1Head) {
        // The proxy has answered the client's Expect itself.
        if response.status == 100 || head.version == .http10 { return }
        downstream.interimResponse(&response)
    }

    func responseBody(_ data: Span<UInt8>) {
        log.bytesSent += data.count
        log.grpc?.response.take(data)
        guard web != nil else { return downstream.responseBody(data) }
        var translated: [UInt8] = []
        web?.translate(response: data, into: &translated)
        downstream.responseBody(translated.span)
    }

    /// The response is complete.
    ///
    /// - Parameter isReusable: Whether the upstream connection may carry another request.
    func responseEnded(trailers: HTTP1Head?, isReusable: Bool) {
        let downstream = downstream
        if log.details.isEmpty { log.details = "via_upstream" }
        var trailers = trailers
        trailers?.removeFieldsUnfitForTrailers()
        if let trailers { log.grpc?.note(trailers) }
        if let end = web?.end(trailers: trailers), !end.isEmpty {
            downstream.responseBody(end.span)
            downstream.endResponse(trailers: nil)
        } else {
            downstream.endResponse(trailers: trailers)
        }
        finish(isReusable: isReusable && request.isComplete)
        downstream.exchangeEnded()
    }

    /// No more input from the upstream right now: sends what has gathered.
    func flushResponse() {
        // Writing may find the client gone, which is the end of the leg but for this reference.
        let downstream = downstream
        downstream.flush()
        if downstream.isOutputFull { upstream?.pauseReading(true) }
    }

    /// The client has taken what it could not before.
    func downstreamDrained() { upstream?.pauseReading(false) }

    /// The upstream connection is lost or could not be made.
    ///
    /// - Parameter progress: How far this attempt came.
    func upstreamFailed(_ reason: LocalReply.ResetReason, cause: String, progress: RetryDecision.Progress) {
        let hasBegun = phase == .responding
        if !hasBegun, reason != .overflow { judgeEndpoint(.gatewayError) }
        log.upstreamFailure = cause
        release(isReusable: false)
        if hasBegun { return abortResponse(reason) }
        attemptEnded(
            .reset(reason, progress),
            otherwise: .reset(reason, wasRetried: retry.wasRetried, cause: cause)
        )
    }

    /// Some of the response is on its way to the client: all that is left is to cut it off.
    private func abortResponse(_ reason: LocalReply.ResetReason) {
        log.flag.insert(reason.flag)
        log.details = "upstream_reset_after_response_started{\(LocalReply.underscored(reason.rawValue))}"
        cutOff()
    }

    /// The response cannot be completed, and the client must see it.
    func cutOff() {
        let downstream = downstream
        finish(isReusable: false)
        downstream.abort()
    }
}
