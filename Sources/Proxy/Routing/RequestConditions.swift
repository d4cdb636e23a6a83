internal import Base
internal import Discovery
internal import HTTP

/// An ``HTTPMatch`` made ready to be asked for each request.
struct RequestConditions: Sendable {
    private let path: TextPattern?
    private let ignoresPathCase: Bool
    private let scheme: TextPattern?
    private let method: TextPattern?
    private let authority: TextPattern?
    private let fields: [FieldCondition]
    private let parameters: [ParameterCondition]

    /// - Throws: ``MeshError`` when an expression cannot be used.
    init(_ match: HTTPMatch) throws(MeshError) {
        func pattern(_ text: TextMatch?, ignoresCase: Bool = false) throws(MeshError) -> TextPattern? {
            guard let text else { return nil }
            return try TextPattern(text, ignoresCase: ignoresCase)
        }
        path = try pattern(match.path, ignoresCase: match.ignoresPathCase)
        ignoresPathCase = match.ignoresPathCase
        scheme = try pattern(match.scheme)
        method = try pattern(match.method)
        authority = try pattern(match.authority)
        var fields: [FieldCondition] = []
        for value in match.headers { fields.append(try FieldCondition(value)) }
        var parameters: [ParameterCondition] = []
        for value in match.parameters { parameters.append(try ParameterCondition(value)) }
        (self.fields, self.parameters) = (fields, parameters)
    }

    /// Whether a request meets all of them.
    ///
    /// - Parameter pathCount: Octets of the head's path before its query.
    /// - Returns: How many octets of the path matched, which a rewrite replaces; nil when the request does not match.
    func matchedPath(of head: HTTP1Head, pathCount: Int) -> Int? {
        guard let matched = matchedOctets(head.path.extracting(0..<pathCount)) else { return nil }
        if let method, !method.matches(head.method) { return nil }
        if let authority, !authority.matches(head.authority) { return nil }
        if let scheme, !scheme.matches(head.schemeName.utf8.span) { return nil }
        for field in fields where !field.isMet(by: head) { return nil }
        if parameters.isEmpty { return matched }
        let query = head.path.extracting(pathCount...)
        for parameter in parameters where !parameter.isMet(by: query) { return nil }
        return matched
    }

    private func matchedOctets(_ text: Span<UInt8>) -> Int? {
        // A route without a condition on the path is one for the prefix `/`.
        guard let path else { return min(1, text.count) }
        guard ignoresPathCase ? path.matchesIgnoringCase(text) : path.matches(text) else { return nil }
        if case .prefix(let prefix) = path { return prefix.count }
        return text.count
    }
}

extension HTTP1Head {
    /// `https` or `http`: what the client named (HTTP/2), or how the request came to the mesh as the first proxy noted it.
    var schemeName: String {
        switch sentScheme {
        case .https: "https"
        case .http: "http"
        case nil: cameEncrypted ? "https" : "http"
        }
    }

    /// Whether the first proxy noted that the request came to it over TLS.
    var cameEncrypted: Bool { value(of: .xForwardedProto)?.equalsIgnoringCase("https".utf8.span) ?? false }
}
