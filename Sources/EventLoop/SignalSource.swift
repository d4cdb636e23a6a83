public import Base
internal import CLinux
internal import Glibc

/// Told that the process received a signal.
public protocol SignalHandler: AnyObject {
    func signalReceived(_ signal: CInt)
}

/// Turns signals of the process into calls on a loop's thread.
///
/// Works by a signal handler that writes to a pipe, so it needs no thread to block signals, and programs that are
/// started later do not inherit blocked ones. The latest source for a signal gets it.
public final class SignalSource: ReadinessHandler {
    private let readEnd: OwnedDescriptor
    private let signals: [CInt]
    private weak let handler: (any SignalHandler)?

    /// - Parameter handler: Not kept alive; the source lives as long as the loop.
    public init(_ signals: [CInt], on loop: EventLoop, _ handler: any SignalHandler) throws(SystemError) {
        var ends: [CInt] = [-1, -1]
        try systemCall("pipe2") { unsafe CLinux_pipe(&ends, 1) }
        readEnd = OwnedDescriptor(adopting: ends[0])
        (self.signals, self.handler) = (signals, handler)
        _ = try loop.add(ends[0], .readable, self)
        // The write end stays open for ever: a signal may come at any time, and descriptors get reused.
        let writeEnd = ends[1]
        for signal in signals { try systemCall("sigaction") { CLinux_signal_to(signal, writeEnd) } }
    }

    public func becameReady(_ readiness: Readiness) {
        var octets = [UInt8](repeating: 0, count: 64)
        let count = unsafe read(readEnd.raw, &octets, octets.count)
        for signal in octets.prefix(max(0, count)) { handler?.signalReceived(CInt(signal)) }
    }
}
