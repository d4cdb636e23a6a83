public import JSON
internal import Synchronization

/// What became of one object since it was last told of.
public struct ObjectChange: Sendable, Hashable {
    public let type: ResourceType
    public let key: ObjectKey
    /// The object as it was last told of; nil when it was not there.
    public let before: JSON?
    /// The object now; nil when it is gone.
    public let after: JSON?

    public init(type: ResourceType, key: ObjectKey, before: JSON?, after: JSON?) {
        self.type = type
        self.key = key
        self.before = before
        self.after = after
    }
}

/// Carries the changes of one or more informers to one consumer, in batches.
///
/// However slow the consumer is, each object waits at most once: later changes of it join the one that waits. An
/// object that came and went, or changed and changed back, in between is not told of at all.
public final class ChangeFeed: AsyncSequence, Sendable {
    public typealias Element = [ObjectChange]

    private struct Identity: Hashable {
        let type: ResourceType
        let key: ObjectKey
    }

    private struct State {
        var waiting: [Identity: ObjectChange] = [:]
        var order: [Identity] = []
        var consumer: CheckedContinuation<[ObjectChange]?, Never>?
        var isFinished = false

        mutating func take() -> [ObjectChange]? {
            let changes = order.compactMap { waiting[$0] }
            (waiting, order) = ([:], [])
            return changes.isEmpty ? nil : changes
        }
    }

    private let state = Mutex(State())

    public init() {}

    /// Adds `change` to the batch that waits.
    public func append(_ change: ObjectChange) { append([change]) }

    /// Adds `changes` to the batch that waits, all at once.
    public func append(_ changes: [ObjectChange]) {
        let delivery = state.withLock { state -> (CheckedContinuation<[ObjectChange]?, Never>, [ObjectChange])? in
            for change in changes { Self.merge(change, into: &state) }
            guard let consumer = state.consumer, let batch = state.take() else { return nil }
            state.consumer = nil
            return (consumer, batch)
        }
        if let (consumer, batch) = delivery { consumer.resume(returning: batch) }
    }

    private static func merge(_ change: ObjectChange, into state: inout State) {
        let identity = Identity(type: change.type, key: change.key)
        guard let earlier = state.waiting[identity] else {
            state.waiting[identity] = change
            state.order.append(identity)
            return
        }
        if earlier.before == change.after {
            state.waiting[identity] = nil
            state.order.removeAll { $0 == identity }
        } else {
            state.waiting[identity] = ObjectChange(
                type: change.type,
                key: change.key,
                before: earlier.before,
                after: change.after
            )
        }
    }

    /// No more changes will come: the consumer gets what waits, and then nil.
    public func finish() {
        let consumer = state.withLock { state in
            state.isFinished = true
            return state.consumer.take()
        }
        consumer?.resume(returning: nil)
    }

    /// All that changed since the last call, without waiting for more.
    public func takeAll() -> [ObjectChange] { state.withLock { $0.take() } ?? [] }

    /// All that changed since the last call; waits until something has.
    ///
    /// - Returns: nil when the feed is finished, or the task is cancelled.
    public func next() async -> [ObjectChange]? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> [ObjectChange]?? in
                    precondition(state.consumer == nil, "a ChangeFeed has one consumer")
                    if let batch = state.take() { return .some(batch) }
                    if state.isFinished || Task.isCancelled { return .some(nil) }
                    state.consumer = continuation
                    return .none
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            state.withLock { $0.consumer.take() }?.resume(returning: nil)
        }
    }

    public struct Iterator: AsyncIteratorProtocol {
        let feed: ChangeFeed
        public mutating func next() async -> [ObjectChange]? { await feed.next() }
    }

    public func makeAsyncIterator() -> Iterator { Iterator(feed: self) }
}
