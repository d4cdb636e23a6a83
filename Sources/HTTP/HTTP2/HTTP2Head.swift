/// The pseudo-fields and fields that begin an HTTP/2 message (RFC 9113 §8.3).
public struct HTTP2Head: Hashable, Sendable {
    /// nil in a response.
    public var method: String?
    public var scheme: String?
    public var authority: String?
    /// Path and query; nil in a response and in CONNECT.
    public var path: String?
    /// nil in a request.
    public var status: Int?
    public var fields: HTTPFields

    private init(fields: HTTPFields) { self.fields = fields }

    /// The head of a request.
    public init(_ method: String, scheme: String, authority: String, path: String, fields: HTTPFields = [:]) {
        self.init(fields: fields)
        (self.method, self.scheme, self.authority, self.path) = (method, scheme, authority, path)
    }

    /// The head of a response.
    public init(status: Int, fields: HTTPFields = [:]) {
        self.init(fields: fields)
        self.status = status
    }

    /// What an engine has received and found sound.
    init(_ head: HTTP1Head) {
        self.init(fields: HTTPFields(head))
        if head.status > 0 {
            status = head.status
        } else {
            method = String(octets: head.method)
            scheme = head.sentScheme.map { $0 == .https ? "https" : "http" }
            authority = String(octets: head.authority)
            path = head.targetRange.isEmpty ? nil : String(octets: head.target)
            fields["host"] = nil  // It holds the authority.
        }
    }
}

extension HTTP2FieldWriter {
    /// Adds all fields in the order of the wire, pseudo-fields first.
    mutating func append(_ head: HTTP2Head) {
        if let status = head.status { append(":status", "\(status)".utf8.span) }
        if let method = head.method { append(":method", method.utf8.span) }
        if let scheme = head.scheme { append(":scheme", scheme.utf8.span) }
        if let authority = head.authority { append(":authority", authority.utf8.span) }
        if let path = head.path { append(":path", path.utf8.span) }
        for field in head.fields.all { append(field.name.utf8.span, field.value.utf8.span) }
    }
}

extension HTTP1Head {
    /// The trailers of a message.
    init(trailers: HTTPFields) {
        self.init()
        for field in trailers.all { append(field.name.utf8.span, field.value.utf8.span) }
    }
}
