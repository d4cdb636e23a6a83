internal import Base
internal import Kubernetes
internal import Synchronization

/// Brings objects, one after the other, to where they should be, whenever something about them has changed.
///
/// `reconcile` looks at the whole state of one object each time, so that it does not matter which changes it has seen
/// and how often it runs. An object whose turn failed is tried again, after longer and longer waits.
struct ControllerLoop: Sendable {
    let name: String
    /// Where changes come from.
    let informers: [Informer]
    /// Which objects a change concerns.
    let keys: @Sendable (ObjectChange) -> [ObjectKey]
    /// - Returns: When to look at the object again although nothing has changed; nil for never.
    let reconcile: @Sendable (ObjectKey) async throws -> Duration?

    private final class Queue: Sendable {
        private let state = Mutex<(waiting: [ObjectKey], known: Set<ObjectKey>)>(([], []))
        private let signal: AsyncStream<Void>.Continuation
        let wakeups: AsyncStream<Void>

        init() { (wakeups, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

        func add(_ keys: [ObjectKey]) {
            state.withLock { state in
                for key in keys where state.known.insert(key).inserted { state.waiting.append(key) }
            }
            signal.yield()
        }

        func takeAll() -> [ObjectKey] {
            state.withLock { state in
                defer { state = ([], []) }
                return state.waiting
            }
        }
    }

    /// Works until the task is cancelled.
    func run() async {
        for informer in informers { await informer.waitUntilSynced() }
        let feed = ChangeFeed()
        for informer in informers { informer.report(to: feed) }
        let queue = Queue()
        await withDiscardingTaskGroup { group in
            group.addTask { while let changes = await feed.next() { queue.add(changes.flatMap(keys)) } }
            var failures: [ObjectKey: Backoff] = [:]
            for await _ in queue.wakeups {
                for key in queue.takeAll() {
                    let pause = await turn(key, &failures)
                    guard let pause else { continue }
                    group.addTask {
                        if (try? await Task.sleep(for: pause)) != nil { queue.add([key]) }
                    }
                }
            }
            group.cancelAll()
        }
    }

    /// - Returns: When the object's next turn is.
    private func turn(_ key: ObjectKey, _ failures: inout [ObjectKey: Backoff]) async -> Duration? {
        do {
            let next = try await reconcile(key)
            failures[key] = nil
            return next
        } catch {
            var backoff = failures[key] ?? Backoff(first: .milliseconds(20), limit: .seconds(30))
            let pause = backoff.failed()
            failures[key] = backoff
            // Somebody else wrote the object, or what holds it, at the same time: that is no news to anybody.
            let isUsual = (error as? StatusError).map { $0.isConflict || $0.isNotFound || $0.code == 403 } ?? false
            if !isUsual { Log("controller").warn("\(name) \(key): \(error), next attempt in \(pause)") }
            return pause
        }
    }
}
