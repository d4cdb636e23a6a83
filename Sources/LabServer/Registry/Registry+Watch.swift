import JSON
import Kubernetes

extension Registry {
    /// - Parameters:
    ///   - resourceVersion: Changes after it; empty or `0` begins with an ``WatchEvent/added(_:)`` for each object there is.
    ///   - marksInitialEnd: Whether a bookmark follows the objects that were there.
    /// - Throws: ``StatusError`` (410), also from the stream.
    func watch(
        _ definition: ResourceDefinition,
        _ selection: Selection,
        resourceVersion: String,
        marksInitialEnd: Bool = false
    ) async throws -> AsyncThrowingStream<WatchEvent, any Error> {
        guard let begin = resourceVersion.isEmpty ? 0 : Int64(resourceVersion), begin >= 0 else {
            throw StatusError.badRequest("Invalid value: \"\(resourceVersion)\": resource version must be a number")
        }
        let view = WatchView(definition: definition, selection: selection)
        let (watch, id) = try await store.startWatching { index, log in
            var first: [WatchEvent] = []
            if begin == 0 || marksInitialEnd {
                first = view.state(index)
                if marksInitialEnd { first.append(.bookmark(resourceVersion: String(index.revision))) }
            } else {
                guard begin <= index.revision, let changes = log.changes(of: definition.storage, after: begin) else {
                    throw StatusError.expired(begin, oldest: log.oldest)
                }
                first = changes.compactMap(view.event)
            }
            let watch = Watch(first: first, view: view)
            return (watch, watch.receive)
        }
        watch.continuation.onTermination = { [store] _ in store.stopWatching(id) }
        return watch.stream
    }
}

/// One watch: the stream and who fills it.
private struct Watch: Sendable {
    /// How many events wait for a slow reader before its watch ends with 410.
    private static let buffer = 4096

    let view: WatchView
    let stream: AsyncThrowingStream<WatchEvent, any Error>
    let continuation: AsyncThrowingStream<WatchEvent, any Error>.Continuation

    init(first: [WatchEvent], view: WatchView) {
        self.view = view
        (stream, continuation) = AsyncThrowingStream.makeStream(
            bufferingPolicy: .bufferingOldest(first.count + Self.buffer)
        )
        for event in first { continuation.yield(event) }
    }

    @Sendable func receive(_ signal: WatchSignal) {
        switch signal {
        case .changes(let changes): for event in changes.lazy.compactMap(view.event) { offer(event) }
        case .progress(let revision): offer(.bookmark(resourceVersion: String(revision)))
        case .end: continuation.finish()
        }
    }

    private func offer(_ event: WatchEvent) {
        if case .dropped = continuation.yield(event) {
            let message = "the watch fell more than \(Self.buffer) events behind; list again"
            continuation.finish(throwing: StatusError(code: 410, reason: "Expired", message: message))
        }
    }
}

/// The changes of the store as one watch sees them.
private struct WatchView: Sendable {
    let definition: ResourceDefinition
    let selection: Selection

    func state(_ index: StoreIndex) -> [WatchEvent] {
        index.objects(of: definition.storage).sorted { $0.key < $1.key }.compactMap { _, object in
            let shown = definition.shown(object.value)
            return selection.includes(shown) ? .added(shown) : nil
        }
    }

    /// An object that begins to match the selectors is added, one that no longer does is deleted.
    func event(_ change: Change) -> WatchEvent? {
        guard change.key.resource == definition.storage else { return nil }
        if let namespace = selection.namespace, change.key.namespace != namespace { return nil }
        let old = change.old.map { definition.shown($0.value) }.flatMap { selection.includes($0) ? $0 : nil }
        let new = change.new.map { definition.shown($0.value) }.flatMap { selection.includes($0) ? $0 : nil }
        switch (old, new) {
        case (nil, nil): return nil
        case (nil, let new?): return .added(new)
        case (_?, let new?): return .modified(new)
        case (var last?, nil):
            last["metadata", "resourceVersion"] = .string(String(change.revision))
            return .deleted(last)
        }
    }
}
