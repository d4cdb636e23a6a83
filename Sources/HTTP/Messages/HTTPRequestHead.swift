internal import Base

/// What a client asks for.
public struct HTTPRequestHead: Hashable, Sendable {
    /// The method, such as `GET`; methods are case-sensitive.
    public var method: String
    /// Path and query as they go over the wire, percent-encoded: `/api/v1/pods?limit=5`.
    public var target: String
    public var fields: HTTPFields

    public init(_ method: String, _ target: String, fields: HTTPFields = [:]) {
        self.method = method
        self.target = target
        self.fields = fields
    }

    /// A request for a path with query items, which are percent-encoded here; the path is not.
    public init(_ method: String, path: String, query: [QueryItem], fields: HTTPFields = [:]) {
        let items = query.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
        self.init(method, items.isEmpty ? path : "\(path)?\(items.joined(separator: "&"))", fields: fields)
    }

    /// The target up to the query, still percent-encoded.
    public var path: String { String(target.prefix { $0 != "?" }) }

    /// The path's segments between slashes, decoded; one that is not valid text when decoded stays as it is.
    public var pathSegments: [String] {
        path.split(separator: "/").map { PercentEncoding.decode($0) ?? String($0) }
    }

    /// The parts of the query in their order, decoded.
    public var queryItems: [QueryItem] {
        guard let mark = target.firstIndex(of: "?") else { return [] }
        return target[target.index(after: mark)...].split(separator: "&").map { item in
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return QueryItem(decoded(parts[0]), parts.count > 1 ? decoded(parts[1]) : "")
        }
    }

    /// The value of the first query item of that name; empty when it has none, nil when there is no such item.
    public func query(_ name: String) -> String? { queryItems.first { $0.name == name }?.value }

    private func decoded(_ text: Substring) -> String {
        PercentEncoding.decode(text, plusIsSpace: true) ?? String(text)
    }

    /// One `name=value` of a query.
    public struct QueryItem: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }
}

extension HTTPRequestHead {
    /// A copy of a parsed head; an absolute target is reduced to path and query, and its authority becomes Host.
    init(_ head: HTTP1Head) {
        let path = String(octets: head.path)
        let isCONNECT = head.methodID == .connect
        self.init(
            String(octets: head.method),
            isCONNECT ? String(octets: head.target) : path.hasPrefix("/") || path == "*" ? path : "/" + path,
            fields: HTTPFields(head)
        )
        if !head.authority.isEmpty { fields["Host"] = String(octets: head.authority) }
    }

    /// Appends the head in the form of HTTP/1.
    ///
    /// - Throws: ``MeshError`` when a part of it would break out of its line.
    func write(to output: inout [UInt8]) throws(MeshError) {
        guard !method.isEmpty, method.utf8.allSatisfy(ASCII.isToken),
            RequestTarget.isValid(target.utf8.span, of: HTTPMethod(method)), fields.isValid
        else {
            throw MeshError(.invalidConfiguration, "\(method) \(target) has characters that HTTP does not allow")
        }
        output += "\(method) \(target) HTTP/1.1\r\n".utf8
        fields.write(to: &output)
        output += "\r\n".utf8
    }
}
