internal import Base

/// How a server answers.
public struct HTTPResponseHead: Hashable, Sendable {
    /// 100 through 999.
    public var status: Int
    /// The words beside the status, by which nobody decides anything; nil stands for the usual ones.
    public var reason: String?
    public var fields: HTTPFields

    public init(_ status: Int, reason: String? = nil, fields: HTTPFields = [:]) {
        self.status = status
        self.reason = reason
        self.fields = fields
    }

    /// The usual words for a status (RFC 9110 §15); empty for one without.
    public static func reason(for status: Int) -> String { reasons[status] ?? "" }

    private static let reasons: [Int: String] = [
        100: "Continue", 101: "Switching Protocols", 103: "Early Hints", 200: "OK", 201: "Created", 202: "Accepted",
        203: "Non-Authoritative Information", 204: "No Content", 205: "Reset Content", 206: "Partial Content",
        300: "Multiple Choices", 301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified",
        307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized",
        402: "Payment Required", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable",
        407: "Proxy Authentication Required", 408: "Request Timeout", 409: "Conflict", 410: "Gone",
        411: "Length Required", 412: "Precondition Failed", 413: "Payload Too Large", 414: "URI Too Long",
        415: "Unsupported Media Type", 416: "Range Not Satisfiable", 417: "Expectation Failed",
        421: "Misdirected Request", 422: "Unprocessable Entity", 423: "Locked", 425: "Too Early",
        426: "Upgrade Required", 428: "Precondition Required", 429: "Too Many Requests",
        431: "Request Header Fields Too Large", 500: "Internal Server Error", 501: "Not Implemented",
        502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported",
    ]
}

extension HTTPResponseHead {
    /// A copy of a parsed head.
    init(_ head: HTTP1Head) {
        self.init(head.status, reason: String(octets: head.reason), fields: HTTPFields(head))
    }

    /// Whether a response with this status never has a body (RFC 9110 §6.4.1).
    var hasNoBody: Bool { status < 200 || status == 204 || status == 304 }

    /// Appends the head in the form of HTTP/1.
    ///
    /// - Throws: ``MeshError`` when a part of it would break out of its line.
    func write(to output: inout [UInt8]) throws(MeshError) {
        let reason = reason ?? Self.reason(for: status)
        guard (100...999).contains(status), fields.isValid, reason.utf8.allSatisfy(ASCII.isFieldContent) else {
            throw MeshError(.invalidConfiguration, "the response \(status) has characters that HTTP does not allow")
        }
        output += "HTTP/1.1 \(status) \(reason)\r\n".utf8
        fields.write(to: &output)
        output += "\r\n".utf8
    }
}
