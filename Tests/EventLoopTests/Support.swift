import Base
import EventLoop
import Synchronization

/// A handler made of closures, for tests.
final class Closures: ReadinessHandler, TimerHandler, TurnHandler {
    var onReady: (Readiness) -> Void = { _ in }
    var onTimer: (TimerID) -> Void = { _ in }
    var onTurn: () -> Void = {}

    func becameReady(_ readiness: Readiness) { onReady(readiness) }
    func timerFired(_ timer: TimerID) { onTimer(timer) }
    func turnEnded() { onTurn() }
}

/// Two connected TCP sockets on loopback, both made here and non-blocking.
func connectedPair() throws -> (near: Kept, far: Kept) {
    let listener = try Socket.listening(on: SocketAddress(.loopback, port: 0))
    let near = try Socket.connecting(to: try listener.localAddress)
    var peer = SocketAddress(.any, port: 0)
    while true {
        if let far = try listener.accept(peer: &peer) { return (Kept(near), Kept(far)) }
    }
}

/// Lets a noncopyable socket go where only copyable things do.
final class Kept {
    let socket: Socket
    init(_ socket: consuming Socket) { self.socket = socket }
}
