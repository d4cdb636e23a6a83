internal import JSON

/// How a text is compared (Istio's StringMatch).
public enum StringMatch: Hashable, Sendable {
    case exact(String)
    case prefix(String)
    /// RE2 syntax; the whole text must match.
    case regex(String)
    /// No comparison is given: the header or parameter has to be there; no condition for anything else.
    case present

    init(_ reader: inout FieldReader) {
        let choices: [StringMatch] = [
            reader.string("exact").map { .exact($0) }, reader.string("prefix").map { .prefix($0) },
            reader.string("regex").map { .regex($0) },
        ].compactMap(\.self)
        if choices.count > 1 { reader.problems.add("\(reader.path): only one of exact, prefix and regex may be set") }
        self = choices.first ?? .present
    }

    /// The expression; nil for other comparisons.
    public var expression: String? { if case .regex(let expression) = self { expression } else { nil } }

    /// For headers and parameters: an expression that matches anything that is there is no comparison.
    var normalized: StringMatch { self == .regex("*") ? .present : self }
}

extension FieldReader {
    mutating func match(_ name: String) -> StringMatch? { object(name, StringMatch.init) }

    /// Comparisons by the name of what is compared; `noun` is for messages.
    mutating func matches(_ name: String, _ noun: String) -> [String: StringMatch] {
        for (key, value) in (value(name)?.object ?? [:]).sorted(by: { $0.key < $1.key }) where value.isNull {
            problems.add("\(noun) match \(key) cannot be null")
        }
        return map(name, StringMatch.init) ?? [:]
    }

    /// A share in percent, Istio's `Percent`; nil when absent, and 0 when it says nothing.
    mutating func percentage(_ name: String) -> Double? { object(name) { $0.number("value") ?? 0 } }
}
