public import JSON

extension JSON {
    /// This value with `other` laid over it: objects member by member, everything else replaced; null removes.
    public func merged(with other: JSON) -> JSON {
        guard case .object(var members) = self, case .object(let changes) = other else { return other }
        for (key, change) in changes {
            if change.isNull {
                members[key] = nil
            } else {
                members[key] = members[key].map { $0.merged(with: change) } ?? change
            }
        }
        return .object(members)
    }

    /// A string, number or Boolean as the text that YAML would have; nil for anything else.
    var scalarText: String? {
        switch self {
        case .string(let text): text
        case .bool, .int, .double: description
        case .null, .array, .object: nil
        }
    }

    /// The elements of the array at `key`; empty when there is none.
    func elements(_ key: String) -> [JSON] { self[key]?.array ?? [] }

    /// The member `name`, as containers, volumes and ports have one.
    var name: String { self["name"]?.string ?? "" }
}
