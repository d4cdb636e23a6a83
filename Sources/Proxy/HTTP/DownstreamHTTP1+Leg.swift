internal import EventLoop
internal import HTTP

/// What an exchange has to say to its client.
extension DownstreamHTTP1: DownstreamLeg {
    func resolve(_ head: inout HTTP1Head) -> RequestRouter.Outcome { router.resolve(&head, worker) }

    func requestWaits(_ octets: Int) { pauseReading(exchange.hasTunnelEnded || octets > OutputBuffer.highWater) }

    func pauseReading(_ isPaused: Bool) { setReading(isPaused: isPaused || !carry.isEmpty) }

    var isOutputFull: Bool { channel?.isWriteBlocked == true }

    /// Writes a head that precedes the response proper (1xx).
    func interimResponse(_ response: inout HTTP1Head) {
        response.removeHopByHopFields()
        response.write(to: &output.bytes)
    }

    /// Writes the response's head; its body follows.
    func beginResponse(_ head: inout HTTP1Head, isRequestComplete: Bool) {
        let isTunnel = head.framing == .tunnel
        if !isRequestComplete, !isTunnel { response.isLast = true }
        response.begin(&head, to: exchange.head, &output.bytes)
        if isTunnel { beginTunnel() }
    }

    private func beginTunnel() {
        state = .tunnel
        response.isLast = true
        mayCloseAtOnce = false
        guard !carry.isEmpty else { return }
        exchange.tunnelBytes(carry.span)
        carry = []
        pauseReading(false)
    }

    func responseBody(_ data: Span<UInt8>) {
        // Much is sent from where it is.
        let isDirect = data.count >= Self.directOctets && !response.isChunked
        guard isDirect else { return response.body(data, to: &output.bytes) }
        // Where the connection is lost, the next flush finds it out by what waits, when the exchange is ready for the end.
        if channel?.flush(&output, then: data, on: worker.loop) == false { output.append(data) }
    }

    private static let directOctets = 16 * 1024

    func endResponse(trailers: HTTP1Head?) { response.end(trailers: trailers, to: &output.bytes) }

    /// Answers by the proxy itself.
    func respond(_ reply: LocalReply, isRequestComplete: Bool) {
        if !isRequestComplete { response.isLast = true }
        response.write(reply, from: info.direction, toHead: exchange.head.methodID == .head, &output.bytes)
    }

    /// The response is complete: serves the next request, or ends the connection.
    func exchangeEnded() {
        guard state != .closed else { return }
        if response.isLast {
            state = .draining
            if isProcessing { return }
            flush()
            return giveWorkspaceBack()
        }
        state = .head
        flush()
        if isProcessing { return }
        if carry.isEmpty { giveWorkspaceBack() } else { resumeCarry() }
    }

    /// Cuts off a response that cannot be completed.
    func abort() {
        if state == .closed { return }
        flush()
        channel?.resetOnClose()
        close()
    }
}
