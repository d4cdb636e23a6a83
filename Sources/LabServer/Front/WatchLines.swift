import Base
import JSON
import Kubernetes

/// Turns the events of a watch into the lines that go to the client.
struct WatchLines: Sendable {
    let definition: ResourceDefinition
    let format: ResponseFormat
    let writer: TableWriter
    let sendsBookmarks: Bool
    /// Whether the first bookmark says that all objects there were have been sent.
    let marksInitialEnd: Bool

    /// Writes lines until the events end, the client goes or `duration` is over.
    func send(
        _ events: AsyncThrowingStream<WatchEvent, any Error>,
        for duration: Duration,
        write: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await send(events, write: write) }
            group.addTask { try await Task.sleep(for: duration) }
            try await group.next()
            group.cancelAll()
        }
    }

    private func send(
        _ events: AsyncThrowingStream<WatchEvent, any Error>,
        write: @Sendable ([UInt8]) async throws -> Void
    ) async throws {
        var isFirst = true
        do {
            for try await event in events {
                guard let line = line(event, isFirst: isFirst) else { continue }
                isFirst = false
                try await write(line)
            }
        } catch let error as StatusError {
            try await write(Self.line("ERROR", error.status))
        }
    }

    private func line(_ event: WatchEvent, isFirst: Bool) -> [UInt8]? {
        switch event {
        case .added(let object): return Self.line("ADDED", shown(object, isFirst: isFirst))
        case .modified(let object): return Self.line("MODIFIED", shown(object, isFirst: isFirst))
        case .deleted(let object): return Self.line("DELETED", shown(object, isFirst: isFirst))
        case .bookmark(let version):
            guard sendsBookmarks else { return nil }
            return Self.line("BOOKMARK", bookmark(version))
        }
    }

    private func bookmark(_ version: String) -> JSON {
        var metadata: JSON = ["resourceVersion": .string(version), "creationTimestamp": .null]
        if marksInitialEnd { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
        if case .table(let table) = format {
            return [
                "kind": "Table", "apiVersion": .string("meta.k8s.io/\(table)"),
                "metadata": ["resourceVersion": .string(version)], "columnDefinitions": .null, "rows": [],
            ]
        }
        return [
            "kind": .string(definition.type.kind), "apiVersion": .string(definition.type.apiVersion),
            "metadata": metadata,
        ]
    }

    private func shown(_ object: JSON, isFirst: Bool) -> JSON {
        switch format {
        case .json, .yaml: return object
        case .metadata(let version): return TableWriter.partial(object, version: version)
        case .table:
            let metadata: JSON = ["resourceVersion": object["metadata", "resourceVersion"] ?? ""]
            return writer.table([object], metadata: metadata, withColumns: isFirst)
        }
    }

    private static func line(_ type: JSON, _ object: JSON) -> [UInt8] {
        let event: JSON = ["type": type, "object": object]
        return event.bytes() + [UInt8(ascii: "\n")]
    }
}
