import JSON

/// A condition on fields, such as `status.phase=Running,metadata.name!=a`.
struct FieldSelector: Sendable {
    struct Requirement: Sendable {
        /// Such as `spec.nodeName`.
        let field: String
        let value: String
        let isEqual: Bool
    }

    let requirements: [Requirement]

    /// - Throws: ``Malformed`` with what is wrong.
    init(parsing text: String) throws(Malformed) {
        var requirements: [Requirement] = []
        for term in Self.terms(text) where !term.isEmpty {
            guard let equals = term.firstIndex(of: "=") else {
                throw Malformed(description: "invalid selector: '\(text)'; can't understand '\(term)'")
            }
            var field = term[..<equals]
            var value = term[term.index(after: equals)...]
            let isEqual = field.last != "!"
            if !isEqual { field = field.dropLast() }
            if value.hasPrefix("=") { value = value.dropFirst() }
            requirements.append(Requirement(field: String(field), value: Self.unescaped(value), isEqual: isEqual))
        }
        self.requirements = requirements
    }

    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    func matches(_ object: JSON) -> Bool {
        requirements.allSatisfy { requirement in
            let found = Self.text(object[requirement.field.split(separator: ".").map(String.init)])
            return (found == requirement.value) == requirement.isEqual
        }
    }

    private static func text(_ value: JSON?) -> String {
        switch value {
        case nil, .null: ""
        case .string(let text): text
        case let value?: value.text()
        }
    }

    private static func unescaped(_ text: Substring) -> String {
        var result = ""
        var isEscaped = false
        for character in text {
            isEscaped = character == "\\" && !isEscaped
            if !isEscaped { result.append(character) }
        }
        return result
    }

    /// Splits at the commas that no backslash protects.
    private static func terms(_ text: String) -> [String] {
        var terms = [""]
        var isEscaped = false
        for character in text {
            if character == ",", !isEscaped {
                terms.append("")
            } else {
                terms[terms.count - 1].append(character)
            }
            isEscaped = character == "\\" && !isEscaped
        }
        return terms
    }
}
