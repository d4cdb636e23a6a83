/// What is wrong with an object: ``errors`` refuse it, ``warnings`` tell the person who applies it.
public struct Validation: Hashable, Sendable {
    public var errors: [String]
    public var warnings: [String]

    public init(errors: [String] = [], warnings: [String] = []) {
        self.errors = errors
        self.warnings = warnings
    }

    public var isValid: Bool { errors.isEmpty }

    /// All errors as Istio's webhook says them: one as it is, several as a list in the format of Go's multierror; nil without any.
    public var errorText: String? {
        guard let first = errors.first else { return nil }
        guard errors.count > 1 else { return first }
        return "\(errors.count) errors occurred:\n\t* \(errors.joined(separator: "\n\t* "))\n\n"
    }

    mutating func add(_ other: Validation) {
        errors += other.errors
        warnings += other.warnings
    }

    mutating func error(_ text: String) { errors.append(text) }
    mutating func warn(_ text: String) { warnings.append(text) }
    mutating func error(if condition: Bool, _ text: @autoclosure () -> String) {
        if condition { errors.append(text()) }
    }
    mutating func warn(if condition: Bool, _ text: @autoclosure () -> String) {
        if condition { warnings.append(text()) }
    }

    public static func + (left: Self, right: Self) -> Self {
        Self(errors: left.errors + right.errors, warnings: left.warnings + right.warnings)
    }
}
