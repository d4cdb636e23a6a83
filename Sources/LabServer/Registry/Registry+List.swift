import Base
import JSON
import Kubernetes
import Synchronization

/// One page of a list.
struct ListPage: Sendable {
    var items: [JSON]
    var resourceVersion: String
    /// What the next page is asked with; nil on the last.
    var continueToken: String?
    /// Objects after this page; nil on the last page, and when a selector makes the number unknown.
    var remaining: Int?
}

/// The states of the store that lists in pages still need: a page shows the moment of the first one.
final class ListSnapshots: Sendable {
    private static let capacity = 32
    private let recent = Mutex<[StoreIndex]>([])

    func keep(_ index: StoreIndex) {
        recent.withLock { recent in
            guard !recent.contains(where: { $0.revision == index.revision }) else { return }
            recent.append(index)
            if recent.count > Self.capacity { recent.removeFirst() }
        }
    }

    func find(_ revision: Int64) -> StoreIndex? { recent.withLock { $0.first { $0.revision == revision } } }
}

extension Registry {
    /// - Parameters:
    ///   - limit: Objects on one page; nil or 0 means all.
    ///   - continueToken: From the page before.
    ///   - moment: Which state of the store is shown; a page after the first shows that of the first.
    /// - Throws: ``StatusError`` (410) when the state that is asked for is no longer kept, (504) when it is not there yet.
    func list(
        _ definition: ResourceDefinition,
        _ selection: Selection,
        limit: Int? = nil,
        continueToken: String? = nil,
        moment: ListMoment = .newest
    ) throws -> ListPage {
        let begin = try continueToken.map { try ListPosition($0) }
        let index = try begin.map { try snapshot($0.revision) } ?? state(at: moment)
        var objects = index.objects(of: definition.storage).sorted { $0.key < $1.key }[...]
        if let last = begin?.last { objects = objects.drop { ($0.key.namespace, $0.key.name) <= last } }
        var page = ListPage(items: [], resourceVersion: String(index.revision))
        while let (key, object) = objects.popFirst() {
            if let namespace = selection.namespace, key.namespace != namespace { continue }
            let shown = definition.shown(object.value)
            guard selection.includes(shown) else { continue }
            page.items.append(shown)
            guard let limit, limit > 0, page.items.count >= limit else { continue }
            let rest = objects.count { $0.key.namespace == selection.namespace ?? $0.key.namespace }
            if rest > 0 {
                snapshots.keep(index)
                let position = ListPosition(revision: index.revision, last: (key.namespace, key.name))
                page.continueToken = position.token
                let isUnfiltered = selection.labels.requirements.isEmpty && selection.fields.requirements.isEmpty
                page.remaining = isUnfiltered ? rest : nil
            }
            break
        }
        return page
    }

    private func state(at moment: ListMoment) throws -> StoreIndex {
        let current = store.index
        switch moment {
        case .newest: return current
        case .notOlder(let revision), .exactly(let revision):
            guard revision <= current.revision else { throw StatusError.tooNew(revision, current: current.revision) }
        }
        guard case .exactly(let revision) = moment, revision != current.revision else { return current }
        guard let kept = snapshots.find(revision) else {
            let message = "The resourceVersion for the provided list is too old."
            throw StatusError(code: 410, reason: "Expired", message: message)
        }
        return kept
    }

    private func snapshot(_ revision: Int64) throws -> StoreIndex {
        let current = store.index
        if current.revision == revision { return current }
        guard let kept = snapshots.find(revision) else {
            throw StatusError(
                code: 410,
                reason: "Expired",
                message:
                    "The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter."
            )
        }
        return kept
    }
}

/// How far a list in pages has come; its token is opaque to clients.
private struct ListPosition {
    let revision: Int64
    /// Namespace and name of the last object shown.
    let last: (String, String)

    init(revision: Int64, last: (String, String)) {
        self.revision = revision
        self.last = last
    }

    init(_ token: String) throws {
        guard let bytes = Base64.decode(token), let json = try? JSON(parsing: bytes), let revision = json["rv"]?.int,
            let namespace = json["namespace"]?.string, let name = json["name"]?.string
        else { throw StatusError.badRequest("continue key is not valid: \(token)") }
        self.revision = revision
        last = (namespace, name)
    }

    var token: String {
        let json: JSON = ["rv": .int(revision), "namespace": .string(last.0), "name": .string(last.1)]
        return Base64.encode(json.bytes())
    }
}
