internal import Base
internal import Discovery
internal import RegularExpressions

/// A ``TextMatch`` made ready to be asked for each request.
enum TextPattern: Sendable {
    case exact([UInt8])
    case prefix([UInt8])
    case expression(RegularExpression)

    /// - Parameter ignoresCase: Keeps the text in lower case, for ``matchesIgnoringCase(_:)``; not for expressions.
    /// - Throws: ``MeshError`` when an expression cannot be used.
    init(_ match: TextMatch, ignoresCase: Bool = false) throws(MeshError) {
        switch match {
        case .exact(let text): self = .exact(Array((ignoresCase ? text.lowercased() : text).utf8))
        case .prefix(let text): self = .prefix(Array((ignoresCase ? text.lowercased() : text).utf8))
        case .expression(let pattern): self = .expression(try Self.compile(pattern))
        }
    }

    static func compile(_ pattern: String) throws(MeshError) -> RegularExpression {
        do {
            return try RegularExpression(pattern)
        } catch {
            throw MeshError(.invalidConfiguration, "regular expression \(pattern) cannot be used: \(error.reason)")
        }
    }

    func matches(_ text: Span<UInt8>) -> Bool {
        switch self {
        case .exact(let expected): text.equals(expected.span)
        case .prefix(let expected): text.starts(with: expected.span)
        case .expression(let expression): expression.matches(text)
        }
    }

    func matchesIgnoringCase(_ text: Span<UInt8>) -> Bool {
        switch self {
        case .exact(let expected): text.equalsIgnoringCase(expected.span)
        case .prefix(let expected): text.startsIgnoringCase(with: expected.span)
        case .expression(let expression): expression.matches(text)
        }
    }
}
