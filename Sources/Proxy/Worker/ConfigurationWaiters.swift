internal import Discovery
internal import EventLoop

/// Somebody who cannot go on before a piece of configuration has arrived.
protocol ConfigurationWaiter: AnyObject {
    /// - Parameter isThere: False when it did not come in time.
    func configurationArrived(isThere: Bool)
}

/// Who waits for which piece of configuration: each for one at a time, and any number for the same.
struct ConfigurationWaiters {
    private var entries: [ResourceName: [ObjectIdentifier: Waiter]] = [:]
    private var names: [ObjectIdentifier: ResourceName] = [:]

    /// Has `waiter` wait for `name` and for nothing else, as long as the worker's patience lasts.
    mutating func add(_ waiter: any ConfigurationWaiter, for name: ResourceName, on worker: Worker) {
        remove(waiter)
        let entry = Waiter(waiter, worker)
        entry.timer = worker.loop.schedule(after: worker.limits.onDemandTimeout, entry)
        entries[name, default: [:]][entry.id] = entry
        names[entry.id] = name
    }

    mutating func remove(_ waiter: any ConfigurationWaiter) {
        if let entry = take(ObjectIdentifier(waiter)) { entry.cancel() }
    }

    /// Takes those out who wait for what is known now; none of them expires any more.
    mutating func takeAll(for isKnown: (ResourceName) -> Bool) -> [Waiter] {
        var taken: [Waiter] = []
        for (name, waiters) in entries where isKnown(name) {
            entries[name] = nil
            for (id, entry) in waiters {
                names[id] = nil
                entry.cancel()
                taken.append(entry)
            }
        }
        return taken
    }

    /// Takes out the one of that identity.
    @discardableResult
    mutating func take(_ id: ObjectIdentifier) -> Waiter? {
        guard let name = names.removeValue(forKey: id) else { return nil }
        let entry = entries[name]?.removeValue(forKey: id)
        if entries[name]?.isEmpty == true { entries[name] = nil }
        return entry
    }
}

/// One waiter and its patience.
final class Waiter: TimerHandler {
    weak let waiter: (any ConfigurationWaiter)?
    let id: ObjectIdentifier
    private unowned let worker: Worker
    var timer: TimerID?

    init(_ waiter: any ConfigurationWaiter, _ worker: Worker) {
        (self.waiter, id) = (waiter, ObjectIdentifier(waiter))
        self.worker = worker
    }

    func cancel() { if let timer { worker.loop.cancel(timer) } }
    func timerFired(_ timer: TimerID) { worker.expired(self) }
}
