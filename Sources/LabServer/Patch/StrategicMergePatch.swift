import JSON
import Kubernetes

/// A strategic merge patch: a merge patch that knows by which key the lists of the built-in kinds are merged.
///
/// Directives: `$patch` (`replace`, `delete`, `merge`), `$retainKeys`, `$deleteFromPrimitiveList/…`, `$setElementOrder/…`.
enum StrategicMergePatch {
    /// - Throws: ``StatusError`` (400) for a patch that does not fit the object.
    static func apply(_ patch: JSON, to original: JSON, schema: SchemaNode) throws -> JSON {
        guard patch.object != nil else { throw StatusError.badRequest("a strategic merge patch must be an object") }
        return try merge(original, patch, schema)
    }

    private static func merge(_ original: JSON, _ patch: JSON, _ schema: SchemaNode) throws -> JSON {
        guard case .object(var changes) = patch else { return patch }
        switch changes.removeValue(forKey: "$patch")?.string {
        case nil, "merge": break
        case "replace": return .object(changes)
        case "delete": return .object([:])
        case let directive?: throw StatusError.badRequest("Unknown patch type: \(directive)")
        }
        var members = original.object ?? [:]
        if let kept = changes.removeValue(forKey: "$retainKeys")?.array?.compactMap(\.string) {
            members = members.filter { kept.contains($0.key) }
        }
        for (name, change) in changes where !name.hasPrefix("$") {
            let child = schema.member(name)
            switch change {
            case .null: members[name] = nil
            case .object: members[name] = try merge(members[name] ?? .null, change, child)
            case .array(let elements): members[name] = .array(try merge(members[name]?.array ?? [], elements, child))
            default: members[name] = change
            }
        }
        for (name, value) in changes {
            if let field = name.suffix(after: "$deleteFromPrimitiveList/"), let removed = value.array {
                members[field] = members[field]?.array.map { .array($0.filter { !removed.contains($0) }) }
            }
        }
        for (name, value) in changes {
            if let field = name.suffix(after: "$setElementOrder/"), let order = value.array,
                let elements = members[field]?.array
            {
                let before = original[field]?.array ?? []
                members[field] = .array(sort(elements, by: order, before: before, merge: schema.member(field).merge))
            }
        }
        return .object(members)
    }

    private static func merge(_ original: [JSON], _ patch: [JSON], _ schema: SchemaNode) throws -> [JSON] {
        switch schema.merge {
        case .set(isStrategic: true): return original + patch.filter { !original.contains($0) }
        case .byKey(let keys, isStrategic: true): return try merge(original, patch, key: keys[0], schema.element)
        default: return try patch.map { try merge(.null, $0, schema.element) }
        }
    }

    private static func merge(
        _ original: [JSON],
        _ patch: [JSON],
        key: String,
        _ schema: SchemaNode
    ) throws -> [JSON] {
        let replaces = patch.contains { $0["$patch"]?.string == "replace" && $0[key] == nil }
        if replaces { return patch.filter { $0["$patch"] == nil } }
        var result = original
        for element in patch {
            guard let identity = element[key] else {
                throw StatusError.badRequest("map: \(element) does not contain declared merge key: \(key)")
            }
            let index = result.firstIndex { $0[key] == identity }
            switch (element["$patch"]?.string, index) {
            case ("delete", _): result.removeAll { $0[key] == identity }
            case (_, let index?): result[index] = try merge(result[index], element, schema)
            case (_, nil): result.append(try merge(.null, element, schema))
            }
        }
        return result
    }

    /// Puts the elements named in `order` into that order; the others keep their place among them.
    private static func sort(_ elements: [JSON], by order: [JSON], before: [JSON], merge: ListMerge) -> [JSON] {
        let identity: (JSON) -> JSON
        if case .byKey(let keys, _) = merge { identity = { $0[keys[0]] ?? .null } } else { identity = { $0 } }
        let rank = Dictionary(order.enumerated().map { (identity($1), $0) }) { first, _ in first }
        let place = Dictionary(before.enumerated().map { (identity($1), $0) }) { first, _ in first }
        let ordered = elements.filter { rank[identity($0)] != nil }
            .sorted { rank[identity($0)] ?? 0 < rank[identity($1)] ?? 0 }
        var others = elements.filter { rank[identity($0)] == nil }[...]
        var result: [JSON] = []
        for element in ordered {
            while let other = others.first, let otherPlace = place[identity(other)],
                let elementPlace = place[identity(element)], otherPlace < elementPlace
            {
                result.append(other)
                others.removeFirst()
            }
            result.append(element)
        }
        return result + others
    }
}

extension String {
    /// What follows `prefix`; nil when the text does not begin with it.
    func suffix(after prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
