import JSON

/// A set of fields of an object, as `fieldsV1` of `metadata.managedFields` writes it.
///
/// Steps are `f:name` for a member, `k:{"name":"a"}` for a list's element by its keys, `v:"x"` for one of a set.
struct FieldSet: Hashable, Sendable {
    /// Whether the place itself belongs to the set, and not only places below it.
    private(set) var isMember = false
    private(set) var children: [String: FieldSet] = [:]

    init() {}

    /// All the fields that `object` has, for server-side apply: everything but what names it.
    init(of object: JSON, _ schema: SchemaNode) {
        var members = object.object ?? [:]
        for name in ["apiVersion", "kind"] { members[name] = nil }
        if var metadata = members["metadata"]?.object {
            for name in Self.ownMetadata { metadata[name] = nil }
            members["metadata"] = metadata.isEmpty ? nil : .object(metadata)
        }
        self = Self.fields(.object(members), schema)
        isMember = false
    }

    private static let ownMetadata = [
        "name", "namespace", "uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink",
        "deletionTimestamp", "deletionGracePeriodSeconds", "generateName",
    ]

    private static func fields(_ value: JSON, _ schema: SchemaNode) -> FieldSet {
        var set = FieldSet()
        switch value {
        case .object(let members) where !members.isEmpty:
            for (name, member) in members { set.children["f:\(name)"] = fields(member, schema.member(name)) }
        case .array(let elements):
            set.isMember = true
            guard schema.merge != .atomic else { break }
            set.isMember = false
            for element in elements {
                var child = fields(element, schema.element)
                child.isMember = true
                set.children[step(to: element, schema.merge)] = child
            }
        default: set.isMember = true
        }
        return set
    }

    /// The step from a merged list to one of its elements.
    static func step(to element: JSON, _ merge: ListMerge) -> String {
        guard case .byKey(let keys, _) = merge else { return "v:\(element.text())" }
        // The one key with a default: a port is of TCP unless it says otherwise.
        let identity = keys.compactMap { key in
            (element[key] ?? (key == "protocol" ? "TCP" : nil)).map { (key, $0) }
        }
        return "k:\(JSON.object(Dictionary(identity) { first, _ in first }).text())"
    }

    // MARK: Sets

    /// The paths of all members.
    var paths: [[String]] {
        (isMember ? [[]] : [])
            + children.sorted { $0.key < $1.key }.flatMap { step, child in
                child.paths.map { [step] + $0 }
            }
    }

    func contains(_ path: [String]) -> Bool {
        guard let first = path.first else { return isMember }
        return children[first]?.contains(Array(path.dropFirst())) ?? false
    }

    mutating func insert(_ path: [String]) {
        guard let first = path.first else {
            isMember = true
            return
        }
        children[first, default: FieldSet()].insert(Array(path.dropFirst()))
    }

    mutating func remove(_ path: [String]) {
        guard let first = path.first else {
            isMember = false
            return
        }
        children[first]?.remove(Array(path.dropFirst()))
        if children[first]?.isEmpty ?? false { children[first] = nil }
    }

    var isEmpty: Bool { !isMember && children.isEmpty }

    // MARK: fieldsV1

    init(_ json: JSON) {
        for (step, child) in json.object ?? [:] {
            if step == "." { isMember = true } else { children[step] = FieldSet(child) }
        }
        if children.isEmpty { isMember = true }
    }

    var json: JSON {
        if children.isEmpty { return [:] }
        var members = children.mapValues(\.json)
        if isMember { members["."] = [:] }
        return .object(members)
    }

    /// A path as messages write it: `.spec.containers[name="a"].image`.
    static func text(_ path: [String]) -> String {
        path.map { step in
            if let name = step.suffix(after: "f:") { return ".\(name)" }
            if let value = step.suffix(after: "v:") { return "[=\(value)]" }
            let keys = step.suffix(after: "k:").flatMap { try? JSON(parsing: $0) }?.object ?? [:]
            return "[" + keys.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",") + "]"
        }.joined()
    }
}

extension JSON {
    /// The value that the steps of a ``FieldSet`` lead to.
    func value(at path: ArraySlice<String>, _ schema: SchemaNode) -> JSON? {
        guard let step = path.first else { return self }
        if let name = step.suffix(after: "f:") {
            return self[name]?.value(at: path.dropFirst(), schema.member(name))
        }
        let element = array?.first { FieldSet.step(to: $0, schema.merge) == step }
        return element?.value(at: path.dropFirst(), schema.element)
    }

    /// Takes away the value that the steps lead to; containers that it leaves empty stay.
    mutating func removeValue(at path: ArraySlice<String>, _ schema: SchemaNode) {
        guard let step = path.first else { return }
        if let name = step.suffix(after: "f:") {
            if path.count == 1 { return self[name] = nil }
            change(name) { $0.removeValue(at: path.dropFirst(), schema.member(name)) }
        } else if case .array(var elements) = self,
            let index = elements.firstIndex(where: { FieldSet.step(to: $0, schema.merge) == step })
        {
            if path.count == 1 {
                elements.remove(at: index)
            } else {
                elements[index].removeValue(at: path.dropFirst(), schema.element)
            }
            self = .array(elements)
        }
    }

    /// The value with all of `configuration` in it; lists are merged as the schema says.
    func applied(_ configuration: JSON, _ schema: SchemaNode) -> JSON {
        switch (self, configuration) {
        case (.object(var members), .object(let new)):
            for (name, value) in new {
                members[name] = members[name]?.applied(value, schema.member(name)) ?? value
            }
            return .object(members)
        case (.array(var elements), .array(let new)) where schema.merge != .atomic:
            for value in new {
                let step = FieldSet.step(to: value, schema.merge)
                if let index = elements.firstIndex(where: { FieldSet.step(to: $0, schema.merge) == step }) {
                    elements[index] = elements[index].applied(value, schema.element)
                } else {
                    elements.append(value)
                }
            }
            return .array(elements)
        default: return configuration
        }
    }
}
