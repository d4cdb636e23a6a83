internal import Kubernetes
internal import Synchronization

/// Joins what several readers read into one stream; each reader waits until its piece has been taken.
final class OutputMerger: Sendable {
    private typealias Producer = CheckedContinuation<Void, Never>
    private typealias Consumer = CheckedContinuation<ContainerOutput?, Never>

    private struct State {
        var waiting: [(piece: ContainerOutput, producer: Producer)] = []
        var consumer: Consumer?
        var isFinished = false
    }

    private let state = Mutex(State())

    /// Hands over a piece; returns when it has been taken, or nobody will take anything any more.
    func put(_ piece: ContainerOutput) async {
        await withCheckedContinuation { (producer: Producer) in
            let (consumer, isOver) = state.withLock { state -> (Consumer?, Bool) in
                if state.isFinished { return (nil, true) }
                if let consumer = state.consumer.take() { return (consumer, true) }
                state.waiting.append((piece, producer))
                return (nil, false)
            }
            consumer?.resume(returning: piece)
            if isOver { producer.resume() }
        }
    }

    /// The next piece; nil when there will be none.
    ///
    /// Asked by one task at a time.
    func next() async -> ContainerOutput? {
        await withCheckedContinuation { (consumer: Consumer) in
            let (taken, isOver) = state.withLock { state -> ((piece: ContainerOutput, producer: Producer)?, Bool) in
                if !state.waiting.isEmpty { return (state.waiting.removeFirst(), true) }
                if !state.isFinished { state.consumer = consumer }
                return (nil, state.isFinished)
            }
            taken?.producer.resume()
            if isOver { consumer.resume(returning: taken?.piece) }
        }
    }

    /// Nothing will be put or taken any more; pieces that wait are dropped.
    func finish() {
        let (waiting, consumer) = state.withLock { state in
            defer { state = State(isFinished: true) }
            return (state.waiting, state.consumer)
        }
        for (_, producer) in waiting { producer.resume() }
        consumer?.resume(returning: nil)
    }
}
