/// The last changes, for watches that begin a little in the past, and the watches that wait for more.
struct ChangeLog {
    /// Changes kept; a watch that begins before them must list again.
    private let capacity: Int
    private var changes: [Change] = []
    /// Revision before the first kept change: a watch may begin here or later.
    private(set) var oldest: Int64
    private var watchers: [Int: @Sendable (WatchSignal) -> Void] = [:]
    private var nextWatcher = 0

    init(revision: Int64, capacity: Int = 2048) {
        oldest = revision
        self.capacity = capacity
    }

    /// Changes of `resource` after `revision`; nil when some of them are no longer kept.
    func changes(of resource: String, after revision: Int64) -> [Change]? {
        guard revision >= oldest else { return nil }
        return changes.filter { $0.revision > revision && $0.key.resource == resource }
    }

    mutating func append(_ new: [Change]) {
        changes += new
        // Dropped in halves, so that an append costs constant time on average.
        if changes.count > 2 * capacity {
            let dropped = changes.count - capacity
            oldest = changes[dropped - 1].revision
            changes.removeFirst(dropped)
        }
    }

    mutating func addWatcher(_ watcher: @escaping @Sendable (WatchSignal) -> Void) -> Int {
        nextWatcher += 1
        watchers[nextWatcher] = watcher
        return nextWatcher
    }

    mutating func removeWatcher(_ id: Int) { watchers[id] = nil }

    var activeWatchers: [@Sendable (WatchSignal) -> Void] { Array(watchers.values) }
}

/// What the store tells each watch.
enum WatchSignal: Sendable {
    case changes([Change])
    /// All changes up to here have been told.
    case progress(revision: Int64)
    /// No more will come: the server stops.
    case end
}
