internal import Base
internal import Discovery
internal import HTTP

/// A condition on one field of a request (VirtualService `headers`, `withoutHeaders`).
///
/// A field that came in several lines is compared as one text, joined by commas (RFC 9110 §5.3).
struct FieldCondition: Sendable {
    /// What a name means that is no field's.
    private enum Subject: Sendable { case field([UInt8]), authority, method, path, scheme }

    private let subject: Subject
    private let pattern: TextPattern?
    private let isInverted: Bool

    init(_ value: HTTPMatch.Value) throws(MeshError) {
        pattern = if let text = value.text { try TextPattern(text) } else { nil }
        isInverted = value.isInverted
        subject =
            switch value.name.lowercased() {
            case ":authority", "host": .authority
            case ":method": .method
            case ":path": .path
            case ":scheme": .scheme
            case let name: .field(Array(name.utf8))
            }
    }

    /// A field that is not there meets a condition that is inverted, and no other.
    func isMet(by head: HTTP1Head) -> Bool { matches(head) != isInverted }

    private func matches(_ head: HTTP1Head) -> Bool {
        switch subject {
        case .authority: pattern?.matches(head.authority) ?? !head.authority.isEmpty
        case .method: pattern?.matches(head.method) ?? true
        case .path: pattern?.matches(head.path) ?? true
        case .scheme: pattern?.matches(head.schemeName.utf8.span) ?? true
        case .field(let name): matches(head, name.span)
        }
    }

    private func matches(_ head: HTTP1Head, _ name: Span<UInt8>) -> Bool {
        guard let first = head.firstIndex(ofLowercase: name) else { return false }
        guard let pattern else { return true }
        guard var next = head.firstIndex(ofLowercase: name, from: first + 1) else {
            return pattern.matches(head.value(at: first))
        }
        var joined = [UInt8](copying: head.value(at: first))
        while true {
            joined.append(UInt8(ascii: ","))
            joined.append(head.value(at: next))
            guard let another = head.firstIndex(ofLowercase: name, from: next + 1) else { break }
            next = another
        }
        return pattern.matches(joined.span)
    }
}

/// A condition on one parameter of a request's query (VirtualService `queryParams`).
///
/// Names and values are compared as they came, not decoded; of several parameters of one name the first counts.
struct ParameterCondition: Sendable {
    private let name: [UInt8]
    private let pattern: TextPattern?
    private let isInverted: Bool

    init(_ value: HTTPMatch.Value) throws(MeshError) {
        name = Array(value.name.utf8)
        pattern = if let text = value.text { try TextPattern(text) } else { nil }
        isInverted = value.isInverted
    }

    /// - Parameter query: With its question mark; empty when there is none.
    func isMet(by query: Span<UInt8>) -> Bool { matches(query) != isInverted }

    private func matches(_ query: Span<UInt8>) -> Bool {
        var start = 1
        while start < query.count {
            var end = start
            var equals: Int?
            while end < query.count, query[end] != UInt8(ascii: "&") {
                if equals == nil, query[end] == UInt8(ascii: "=") { equals = end }
                end += 1
            }
            if query.extracting(start..<(equals ?? end)).equals(name.span) {
                guard let pattern else { return true }
                return pattern.matches(query.extracting((equals.map { $0 + 1 } ?? end)..<end))
            }
            start = end + 1
        }
        return false
    }
}
