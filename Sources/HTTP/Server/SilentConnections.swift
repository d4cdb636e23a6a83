internal import Synchronization

/// The connections whose clients have no request under way, in the order in which they fell silent.
///
/// When a server has as many connections as it may, the longest silent one makes room for the next: clients that connect
/// and say nothing, however many, keep nobody out who speaks.
final class SilentConnections: Sendable {
    private struct Turn {
        let seat: ObjectIdentifier
        let number: UInt64
        let since: ContinuousClock.Instant
    }

    private struct State {
        /// With the turns of those that have spoken since, or are gone; they are skipped.
        var order: ArraySlice<Turn> = []
        var silent: [ObjectIdentifier: (seat: ConnectionSeat, number: UInt64)] = [:]
        var lastNumber: UInt64 = 0

        func isCurrent(_ turn: Turn) -> Bool { silent[turn.seat]?.number == turn.number }
    }

    private let state = Mutex(State())

    /// The client has nothing more to ask for now.
    func insert(_ seat: ConnectionSeat, at now: ContinuousClock.Instant) {
        state.withLock { state in
            state.lastNumber += 1
            let id = ObjectIdentifier(seat)
            state.silent[id] = (seat, state.lastNumber)
            state.order.append(Turn(seat: id, number: state.lastNumber, since: now))
            guard state.order.count > 2 * state.silent.count + 16 else { return }
            state.order = state.order.filter { state.isCurrent($0) }[...]
        }
    }

    /// The client asks for something, or is gone.
    func remove(_ seat: ConnectionSeat) {
        state.withLock { _ = $0.silent.removeValue(forKey: ObjectIdentifier(seat)) }
    }

    /// Closes the connection that has been silent for longest, if that is `grace` or longer.
    ///
    /// - Returns: How long the longest silent one may still keep its place; nil when it was closed, or there is none.
    func closeOldest(after grace: Duration, at now: ContinuousClock.Instant) -> Duration? {
        let (seat, rest) = state.withLock { state -> (ConnectionSeat?, Duration?) in
            while let turn = state.order.first {
                if let seat = state.silent[turn.seat]?.seat, state.isCurrent(turn) {
                    let rest = grace - (now - turn.since)
                    if rest > .zero { return (nil, rest) }
                    state.silent[turn.seat] = nil
                    state.order.removeFirst()
                    return (seat, nil)
                }
                state.order.removeFirst()
            }
            return (nil, nil)
        }
        seat?.giveUp()
        return rest
    }
}
