import Base
import Glibc
import Synchronization
import Testing

@testable import EventLoop

@Suite struct EventLoopTests {
    @Test func `jobs run in order, also those submitted before it runs`() throws {
        let loop = try EventLoop()
        let seen = Mutex<[Int]>([])
        for number in 0..<3 { loop.handle.submit { _ in seen.withLock { $0.append(number) } } }
        loop.handle.submit { _ in #expect(seen.withLock { $0 } == [0, 1, 2]) }
        loop.handle.stop()
        try loop.run()
        #expect(seen.withLock { $0 } == [0, 1, 2])
        #expect(!loop.handle.submit { _ in Issue.record("ran after the end") })
    }

    @Test func `a thread makes its worker and runs its jobs there`() throws {
        final class Worker { var number = 0 }
        let thread = try EventLoopThread(name: "test") { _ in Worker() }
        let result = Mutex(0)
        let ran = Mutex(false)
        for _ in 0..<100 { thread.submit { $0.number += 1 } }
        thread.submit { [handle = thread.handle] worker in
            result.withLock { $0 = worker.number }
            ran.withLock { $0 = handle.isCurrent }
        }
        thread.stopAndJoin()
        #expect(result.withLock { $0 } == 100)
        #expect(ran.withLock { $0 })
        #expect(!thread.handle.isCurrent)
    }

    @Test func `a worker that cannot be made is an error of the starter`() {
        #expect(throws: SystemError(call: "make", code: EPERM)) {
            _ = try EventLoopThread<Int>(name: "test") { _ in throw SystemError(call: "make", code: EPERM) }
        }
    }

    @Test func `tells what arrives, and then the end`() throws {
        let loop = try EventLoop()
        let (near, far) = try connectedPair()
        #expect(far.socket.write([1, 2, 3].span) == .moved(3))
        far.socket.finishSending()
        let reader = Closures()
        var received: [UInt8] = []
        let registration = try loop.add(near.socket.descriptor, .readable, reader)
        reader.onReady = { [unowned loop] readiness in
            #expect(readiness.contains(.readable))
            var bytes = [UInt8](repeating: 0, count: 16)
            var buffer = bytes.mutableSpan
            switch near.socket.read(into: &buffer) {
            case .moved(let count): received += bytes[..<count]
            case .ended:
                loop.remove(registration)
                loop.handle.stop()
            default: Issue.record("unexpected")
            }
        }
        try loop.run()
        #expect(received == [1, 2, 3])
    }

    @Test func `a handler removed in the same turn is not called, not even for a reused slot and descriptor`() throws {
        let loop = try EventLoop()
        var pairs = [try connectedPair(), try connectedPair()]
        var calls = 0
        var registrations: [Registration] = []
        for (index, pair) in pairs.enumerated() {
            #expect(pair.far.socket.write([1].span) == .moved(1))
            let handler = Closures()
            registrations.append(try loop.add(pair.near.socket.descriptor, .readable, handler))
            handler.onReady = { [unowned loop] _ in
                calls += 1
                // Both are ready now; whoever comes first closes the other and puts a silent one in its place.
                loop.remove(registrations[1 - index])
                loop.remove(registrations[index])
                pairs.removeAll()
                if let quiet = try? connectedPair() {
                    pairs.append(quiet)
                    let impostor = Closures()
                    impostor.onReady = { _ in Issue.record("woken by another's event") }
                    _ = try? loop.add(quiet.near.socket.descriptor, .readable, impostor)
                }
                loop.handle.stop()
            }
        }
        try loop.run()
        #expect(calls == 1)
    }

    @Test func `a descriptor handed on tells only its new handler, what came before too`() throws {
        let loop = try EventLoop()
        let (near, far) = try connectedPair()
        let (former, successor) = (Closures(), Closures())
        former.onReady = { _ in Issue.record("woken after it was handed on") }
        let registration = try loop.add(near.socket.descriptor, .readable, trigger: .edge, former)
        #expect(far.socket.write([1].span) == .moved(1))
        #expect(loop.hand(registration, to: successor, .readable) != nil)
        var calls = 0
        successor.onReady = { [unowned loop] _ in
            calls += 1
            if calls == 2 { loop.handle.stop() }  // It was left unread: what lasts is told of again.
        }
        loop.remove(registration)  // Stale: nothing happens.
        try loop.run()
        #expect(calls == 2)
        #expect(loop.hand(registration, to: former, .readable) == nil)
    }

    @Test func `a descriptor that is closed is forgotten, also by the kernel`() throws {
        let loop = try EventLoop()
        var (near, far): (Kept?, Kept) = try connectedPair()
        let reader = Closures()
        reader.onReady = { _ in Issue.record("woken after the end") }
        let registration = try loop.add(#require(near).socket.descriptor, .readable, reader)
        loop.remove(registration, isClosing: true)
        near = nil
        _ = far.socket.write([1].span)
        let (other, another) = try connectedPair()
        let impostor = Closures()
        impostor.onReady = { [unowned loop] _ in loop.handle.stop() }
        _ = try loop.add(other.socket.descriptor, .readable, impostor)
        #expect(another.socket.write([1].span) == .moved(1))
        try loop.run()
    }

    @Test func `turn end comes after the turn's jobs, once for each request`() throws {
        let loop = try EventLoop()
        let order = Mutex<[String]>([])
        let handler = Closures()
        handler.onTurn = { order.withLock { $0.append("end") } }
        let box = LoopBound(handler)
        loop.handle.submit { loop in
            box.withValue { loop.atTurnEnd($0) }
            order.withLock { $0.append("first") }
        }
        loop.handle.submit { _ in order.withLock { $0.append("second") } }
        loop.handle.stop()
        try loop.run()
        #expect(order.withLock { $0 } == ["first", "second", "end"])
    }

    @Test func `timers fire in order, none early, cancelled ones never`() throws {
        let loop = try EventLoop()
        var fired: [TimerID] = []
        let handler = Closures()
        let began = MonotonicTime.now
        let late = loop.schedule(after: .milliseconds(60), handler)
        let cancelled = loop.schedule(after: .milliseconds(30), handler)
        let early = loop.schedule(after: .milliseconds(20), handler)
        loop.cancel(cancelled)
        loop.cancel(cancelled)
        handler.onTimer = { [unowned loop] timer in
            fired.append(timer)
            loop.cancel(timer)
            if timer == late { loop.handle.stop() }
        }
        try loop.run()
        #expect(fired == [early, late])
        #expect(MonotonicTime.now - began >= .milliseconds(60))
    }

    @Test func `a signal reaches the loop`() throws {
        final class Receiver: SignalHandler {
            let loop: EventLoopHandle
            var received: [CInt] = []
            init(_ loop: EventLoopHandle) { self.loop = loop }
            func signalReceived(_ signal: CInt) {
                received.append(signal)
                loop.stop()
            }
        }
        let loop = try EventLoop()
        let receiver = Receiver(loop.handle)
        _ = try SignalSource([SIGUSR2], on: loop, receiver)
        kill(getpid(), SIGUSR2)
        try loop.run()
        #expect(receiver.received == [SIGUSR2])
    }
}
