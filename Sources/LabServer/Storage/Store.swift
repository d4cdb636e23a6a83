import Base
import JSON
import Kubernetes
import Synchronization

/// The objects of the cluster: read from memory, written to SQLite before anybody sees them.
///
/// Writes that arrive while an earlier one is on its way to the disk share the next commit.
actor Store {
    private let executor: ThreadExecutor
    private let database: Database
    private var reserve: SpaceReserve
    private struct Shared {
        var index: StoreIndex
        var log: ChangeLog
    }
    private let shared: Mutex<Shared>
    private var batch: Transaction?
    private var waiting: [CheckedContinuation<Void, any Error>] = []

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    /// Opens the database at `path`, or makes it.
    init(path: String) async throws {
        let database = try Database(path: path)
        let (objects, revision) = try database.load()
        self.database = database
        reserve = SpaceReserve(path: path + "-reserve")
        reserve.hold()
        shared = Mutex(
            Shared(index: StoreIndex(objects: objects, revision: revision), log: ChangeLog(revision: revision))
        )
        executor = ThreadExecutor()
    }

    deinit { executor.stop() }

    /// What is committed now.
    nonisolated var index: StoreIndex { shared.withLock { $0.index } }

    /// Runs `body` on the newest state; what it wrote is on the disk when this returns.
    ///
    /// - Throws: What `body` throws, which then has changed nothing; ``StatusError`` when the disk does not take it.
    func write<Result: Sendable>(
        _ body: @Sendable (inout Transaction) throws -> Result
    ) async throws -> Result {
        let before = batch ?? Transaction(committed: index)
        var transaction = before
        let result = try body(&transaction)
        // What changes nothing waits, too, if it has seen what is not committed yet.
        guard transaction.revision != before.revision || batch != nil else { return result }
        batch = transaction
        try await withCheckedThrowingContinuation { continuation in
            waiting.append(continuation)
            // Runs after the writes that are already queued for this actor: they share the commit.
            if waiting.count == 1 { Task { self.commit() } }
        }
        return result
    }

    private func commit() {
        guard let transaction = batch else { return }
        let finished = waiting
        (batch, waiting) = (nil, [])
        do {
            try persist(transaction)
        } catch {
            let failure = StatusError.storageFailure(error)
            for continuation in finished { continuation.resume(throwing: failure) }
            return
        }
        publish(transaction.changes)
        for continuation in finished { continuation.resume() }
    }

    /// Writes to the disk, on a full one after tidying up; what deletes objects gets the reserve too, for it makes room.
    private func persist(_ transaction: Transaction) throws(MeshError) {
        defer { reserve.hold() }
        do {
            try database.commit(transaction.changes, revision: transaction.revision)
        } catch {
            if transaction.changes.contains(where: \.isDeletion) { reserve.release() }
            database.shrinkLog()
            try database.commit(transaction.changes, revision: transaction.revision)
        }
    }

    private func publish(_ changes: [Change]) {
        let watchers = shared.withLock { shared in
            shared.index.apply(changes)
            shared.log.append(changes)
            return shared.log.activeWatchers
        }
        for watcher in watchers { watcher(.changes(changes)) }
    }

    /// Keeps the database from growing beyond so many pages, as a full disk would.
    func limitSize(pages: Int) throws { try database.limitSize(pages: pages) }

    /// Tells every watch how far it has seen, in order with the changes.
    func reportProgress() {
        let (watchers, revision) = shared.withLock { ($0.log.activeWatchers, $0.index.revision) }
        for watcher in watchers { watcher(.progress(revision: revision)) }
    }

    /// Ends every watch.
    func endWatches() {
        for watcher in shared.withLock({ $0.log.activeWatchers }) { watcher(.end) }
    }

    /// Begins to report each change of any resource, in order, on the store's thread.
    ///
    /// - Parameter begin: Gets what is committed and the changes kept so far, at the moment the watch begins; returns
    ///   who receives what comes after.
    /// - Returns: What `begin` made, and the number that ``stopWatching(_:)`` takes.
    func startWatching<Start: Sendable>(
        _ begin: @Sendable (StoreIndex, borrowing ChangeLog) throws -> (Start, @Sendable (WatchSignal) -> Void)
    ) throws -> (Start, Int) {
        try shared.withLock { shared in
            let (start, receive) = try begin(shared.index, shared.log)
            return (start, shared.log.addWatcher(receive))
        }
    }

    nonisolated func stopWatching(_ id: Int) { shared.withLock { $0.log.removeWatcher(id) } }
}
