internal import EventLoop

/// Takes what comes through its channel.
protocol ChannelReader: ChannelHolder {
    func take(_ input: Span<UInt8>)
    /// The peer has finished sending.
    func inputEnded()
    /// Reading failed; ``Channel/failure`` says why.
    func inputLost()
}

extension ChannelReader {
    /// Takes what has come, until there is no more or nothing more is wanted.
    func readInput() {
        guard channel != nil else { return }
        let worker = worker
        var buffer = worker.takeReadBuffer()
        defer { worker.giveReadBuffer(&buffer) }
        repeat {
            var span = buffer.mutableSpan
            switch channel?.read(into: &span) {
            case .moved(let count): take(buffer.span.extracting(0..<count))
            case .wouldBlock: return
            case .ended: return inputEnded()
            case .failed, nil: return inputLost()
            }
        } while channel?.hasBufferedInput == true && channel?.isReadingPaused == false
    }
}

extension ChannelReader where Self: TurnHandler {
    /// Reads no more, or again; also what TLS has decrypted already, of which the loop cannot tell.
    func setReading(isPaused: Bool) {
        guard let wasPaused = channel?.isReadingPaused, wasPaused != isPaused else { return }
        channel?.pauseReading(isPaused, on: worker.loop)
        if !isPaused, channel?.hasBufferedInput == true { worker.loop.atTurnEnd(self) }
    }
}
