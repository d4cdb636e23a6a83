/// A request method, as far as this house treats methods differently (RFC 9110 §9).
public enum HTTPMethod: UInt8, Sendable {
    case get, head, post, put, delete, connect, options, trace, patch
    /// Any other token.
    case other

    /// The method of that name; names are case-sensitive.
    public init(name: Span<UInt8>) {
        let candidate: Self =
            switch name.count {
            case 3: name[0] == UInt8(ascii: "G") ? .get : .put
            case 4: name[0] == UInt8(ascii: "H") ? .head : .post
            case 5: name[0] == UInt8(ascii: "T") ? .trace : .patch
            case 6: .delete
            case 7: name[0] == UInt8(ascii: "C") ? .connect : .options
            default: .other
            }
        self = candidate != .other && ASCII.equals(name, candidate.name.utf8.span) ? candidate : .other
    }

    public init(_ name: String) { self.init(name: name.utf8.span) }

    /// The name; empty for ``other``.
    public var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .connect: "CONNECT"
        case .options: "OPTIONS"
        case .trace: "TRACE"
        case .patch: "PATCH"
        case .other: ""
        }
    }

    /// Whether doing it twice is the same as doing it once, so that a lost connection allows another try.
    public var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options, .trace: true
        case .post, .connect, .patch, .other: false
        }
    }
}
