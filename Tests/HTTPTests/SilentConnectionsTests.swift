import Synchronization
import Testing

@testable import HTTP

@Suite struct SilentConnectionsTests {
    /// The names of the connections that were closed, in order.
    private final class Closed: Sendable {
        private let names = Mutex<[String]>([])
        func append(_ name: String) { names.withLock { $0.append(name) } }
        var all: [String] { names.withLock { $0 } }
    }

    private let connections = SilentConnections()
    private let closed = Closed()
    /// Later than anything that happens in a test.
    private let later = ContinuousClock.now + .seconds(3600)

    private func seat(_ name: String) -> ConnectionSeat {
        let closed = closed
        return ConnectionSeat(among: connections) { closed.append(name) }
    }

    @Test func `the longest silent connection is closed first, each of them once`() {
        let seats = ["a", "b", "c"].map(seat)
        for _ in 0..<4 { #expect(connections.closeOldest(after: .zero, at: later) == nil) }
        #expect(closed.all == ["a", "b", "c"])
        _ = seats
    }

    @Test func `a connection keeps its place until the grace is over`() {
        let seat = seat("a")
        let rest = connections.closeOldest(after: .seconds(7200), at: later)
        #expect(rest.map { $0 > .zero && $0 <= .seconds(3601) } ?? false)
        #expect(closed.all.isEmpty)
        #expect(connections.closeOldest(after: .seconds(3600), at: later + .seconds(1)) == nil)
        #expect(closed.all == ["a"])
        _ = seat
    }

    @Test func `a connection with a request under way is not closed, and comes last when it rests again`() async {
        let (first, second) = (seat("first"), seat("second"))
        await first.keep {
            await first.keep {}  // One of two requests is answered.
            #expect(connections.closeOldest(after: .zero, at: later) == nil)
            #expect(connections.closeOldest(after: .zero, at: later) == nil)
            #expect(closed.all == ["second"])
        }
        let third = seat("third")
        for _ in 0..<2 { #expect(connections.closeOldest(after: .zero, at: later) == nil) }
        #expect(closed.all == ["second", "first", "third"])
        _ = (second, third)
    }

    @Test func `a connection that has ended is not closed`() {
        seat("a").release()
        #expect(connections.closeOldest(after: .zero, at: later) == nil)
        #expect(closed.all.isEmpty)
    }

    @Test func `many requests of one connection leave nothing behind`() async {
        let (busy, quiet) = (seat("busy"), seat("quiet"))
        for _ in 0..<10_000 { await busy.keep {} }
        #expect(connections.closeOldest(after: .zero, at: later) == nil)
        #expect(closed.all == ["quiet"])
        _ = (busy, quiet)
    }
}
