public import Base
public import JSON

/// A condition on labels: all of its requirements hold.
///
/// One without requirements selects everything.
public struct LabelSelector: Hashable, Sendable {
    /// One condition on one label.
    public enum Requirement: Hashable, Sendable {
        case exists(String)
        case doesNotExist(String)
        /// The label is there, with one of the values.
        case isIn(String, Set<String>)
        /// The label is missing, or has none of the values.
        case isNotIn(String, Set<String>)
        /// The label is there, a whole number, and greater.
        case isGreater(String, than: Int64)
        /// The label is there, a whole number, and less.
        case isLess(String, than: Int64)

        func matches(_ labels: [String: String]) -> Bool {
            switch self {
            case .exists(let key): labels[key] != nil
            case .doesNotExist(let key): labels[key] == nil
            case .isIn(let key, let values): labels[key].map(values.contains) ?? false
            case .isNotIn(let key, let values): labels[key].map { !values.contains($0) } ?? true
            case .isGreater(let key, let limit): labels[key].flatMap { Int64($0) }.map { $0 > limit } ?? false
            case .isLess(let key, let limit): labels[key].flatMap { Int64($0) }.map { $0 < limit } ?? false
            }
        }
    }

    public var requirements: [Requirement]

    /// What `matchLabels` means: each label is there with that value.
    public init(matching labels: [String: String] = [:]) {
        requirements = labels.sorted { $0.key < $1.key }.map { .isIn($0.key, [$0.value]) }
    }

    /// Reads a `meta/v1.LabelSelector`: `matchLabels` and `matchExpressions`.
    ///
    /// - Throws: ``MeshError`` `.invalidConfiguration` that names the expression.
    public init(_ json: JSON) throws(MeshError) {
        self.init(matching: json["matchLabels"]?.strings ?? [:])
        for expression in json["matchExpressions"]?.array ?? [] {
            requirements.append(try Self.requirement(expression))
        }
    }

    public func matches(_ labels: [String: String]) -> Bool { requirements.allSatisfy { $0.matches(labels) } }

    private static func requirement(_ expression: JSON) throws(MeshError) -> Requirement {
        let key = expression["key"]?.string ?? ""
        let values = Set(expression["values"]?.array?.compactMap(\.string) ?? [])
        switch expression["operator"]?.string ?? "" {
        case "In" where !values.isEmpty: return .isIn(key, values)
        case "NotIn" where !values.isEmpty: return .isNotIn(key, values)
        case "Exists" where values.isEmpty: return .exists(key)
        case "DoesNotExist" where values.isEmpty: return .doesNotExist(key)
        default:
            throw MeshError(
                .invalidConfiguration,
                "label selector: \(expression) is no requirement; use In or NotIn with values, Exists or DoesNotExist without"
            )
        }
    }
}
