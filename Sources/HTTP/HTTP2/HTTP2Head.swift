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

    /// Nothing yet; ``receive(_:_:)`` fills it.
    init() { self.init(fields: [:]) }

    /// Takes one decoded field; nghttp2 has checked the rules for pseudo-fields.
    mutating func receive(_ name: String, _ value: String) {
        switch name {
        case ":method": method = value
        case ":scheme": scheme = value
        case ":authority": authority = value
        case ":path": path = value
        case ":status": status = Int(value)
        default: if !name.hasPrefix(":") { fields.append(name, value) }
        }
    }

    /// All fields in the order of the wire, pseudo-fields first, names in lower case.
    var lines: [HTTPFields.Field] {
        var lines: [HTTPFields.Field] = []
        let pseudo = [
            (":status", status.map { "\($0)" }), (":method", method), (":scheme", scheme), (":authority", authority),
            (":path", path),
        ]
        for (name, value) in pseudo { if let value { lines.append(.init(name: name, value: value)) } }
        return lines + fields.lowercased
    }
}

extension HTTPFields {
    /// The fields with names in lower case, as HTTP/2 demands (RFC 9113 §8.2).
    var lowercased: [Field] { all.map { Field(name: $0.name.lowercased(), value: $0.value) } }
}
