import JSON

extension JSON {
    /// Sets the member if it is missing.
    mutating func setDefault(_ name: String, _ value: JSON) {
        if self[name] == nil { self[name] = value }
    }

    /// Changes each element of the list `name`, if there is one.
    mutating func changeEach(_ name: String, _ change: (inout JSON) -> Void) {
        guard let elements = self[name]?.array else { return }
        self[name] = .array(
            elements.map { element in
                var element = element
                change(&element)
                return element
            }
        )
    }

    /// Changes the member `name`, if there is one.
    mutating func change(_ name: String, _ change: (inout JSON) -> Void) {
        guard var member = self[name] else { return }
        self[name] = .null  // Gives up the reference, so that the change happens in place.
        change(&member)
        self[name] = member
    }
}
