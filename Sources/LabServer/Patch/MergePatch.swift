import JSON

extension JSON {
    /// The value after a JSON merge patch (RFC 7386): null removes, objects merge, all else replaces.
    func merged(with patch: JSON) -> JSON {
        guard case .object(let changes) = patch else { return patch }
        var members = object ?? [:]
        for (name, change) in changes {
            members[name] = change.isNull ? nil : (members[name] ?? .null).merged(with: change)
        }
        return .object(members)
    }
}
