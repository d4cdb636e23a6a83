internal import HTTP

/// From the client: the rest of the request, as it comes and as the endpoint takes it.
extension Exchange {
    /// More of the request's body.
    func body(_ data: Span<UInt8>) {
        log.bytesReceived += data.count
        guard phase != .idle, !log.isRefused else { return }
        guard web != nil else { return addBody(data) }
        var translated: [UInt8] = []
        guard web?.translate(request: data, into: &translated) == true else { return refuseText() }
        addBody(translated.span)
    }

    private func addBody(_ data: Span<UInt8>) {
        log.grpc?.request.take(data)
        request.append(data)
        for mirror in mirrors { mirror.exchange.body(data) }
    }

    private func refuseText() {
        if phase == .responding { return cutOff() }
        release(isReusable: false)
        respond(.badRequest("grpc-web-text is not base64"))
    }

    /// The request is complete, with trailers or without.
    func requestEnded(trailers: HTTP1Head?) {
        guard phase != .idle else { return request.completeUnwanted() }
        if !log.isRefused, web?.isRequestWhole == false {
            request.completeUnwanted()
            return refuseText()
        }
        var trailers = trailers
        trailers?.removeFieldsUnfitForTrailers()
        request.complete(trailers: trailers)
        startTotalTimer()
        startAttemptTimer()
        for mirror in mirrors { mirror.exchange.requestEnded(trailers: trailers) }
    }

    /// No more input right now: sends what has gathered.
    func flushRequest() {
        for mirror in mirrors where mirror.exchange.phase != .idle { mirror.exchange.flushRequest() }
        guard let upstream, upstream.isReady else { return downstream.requestWaits(request.waiting) }
        if !request.send(by: { upstream.send(&$0, isKept: $1) }) {
            return upstream.failed(.connectionTermination, cause: upstream.failure)
        }
        if hasTunnelEnded && request.waiting == 0 { upstream.finishSending() }
        downstream.requestWaits(request.waiting)
    }

    /// Bytes of the client after its request was upgraded.
    func tunnelBytes(_ data: Span<UInt8>) {
        log.bytesReceived += data.count
        request.appendPlain(data)
    }

    /// The client sends no more after its request was upgraded; the other way stays open.
    func tunnelInputEnded() {
        hasTunnelEnded = true
        flushRequest()
    }

    /// The client is gone: nobody wants the response.
    func downstreamClosed() {
        guard phase != .idle else { return }
        worker.stopWaiting(self)
        log.flag.insert(.downstreamTermination)
        if log.details.isEmpty { log.details = "downstream_remote_disconnect" }
        finish(isReusable: false)
    }

    /// Gives the body's next octets to a stream that has room for them.
    func takeRequest(into buffer: inout MutableSpan<UInt8>) -> HTTP2BodyPart {
        let count = request.move(into: &buffer)
        downstream.requestWaits(request.waiting)
        return hasNoMoreRequest ? .end(count, trailers: request.trailers) : .more(count)
    }

    /// Whether all of the request, or of what the client says through a tunnel, was taken.
    var hasNoMoreRequest: Bool {
        (upgrade == nil ? request.isComplete || request.isHeadOnly : hasTunnelEnded) && request.waiting == 0
    }

    /// The scheme that the request was made with.
    var scheme: HTTP1Head.Scheme {
        head.schemeName == "https" ? .https : .http
    }

    /// The connection has taken all it could not before.
    func upstreamDrained() { flushRequest() }
}
