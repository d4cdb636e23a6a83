internal import RegularExpressions

extension StringMatch {
    /// - Parameter allowsAnything: Whether the expression `*` means that anything may be there.
    func validate(_ place: String, allowsAnything: Bool = false) -> Validation {
        switch self {
        case .prefix(""):
            Validation(errors: ["\(goQuoted(place)): prefix string match should not be empty"])
        case .regex(let expression):
            allowsAnything && expression == "*" ? Validation() : validateExpression(expression, place)
        case .exact, .prefix, .present: Validation()
        }
    }
}

/// Octets that an expression may be written in, as in Istio.
private let longestExpression = 1024

/// What is wrong with an expression of RE2's syntax.
func validateExpression(_ expression: String, _ place: String, substitution: String? = nil) -> Validation {
    let place = goQuoted(place)
    if expression.isEmpty { return Validation(errors: ["\(place): regex string match should not be empty"]) }
    if expression.utf8.count > longestExpression {
        return Validation(errors: ["\(place): regex is too large, max length allowed is \(longestExpression)"])
    }
    do throws(RegularExpressionError) {
        let compiled = try RegularExpression(expression)
        if let substitution { try compiled.check(substitution: substitution) }
        return Validation()
    } catch {
        return Validation(errors: [
            "\(place): error parsing regexp: \(error.reason): `\(expression)`; Istio uses RE2 style regex-based match "
                + "(https://github.com/google/re2/wiki/Syntax)"
        ])
    }
}
