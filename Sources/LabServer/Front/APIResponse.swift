import HTTP
import JSON
import Kubernetes

/// What the API answers.
struct APIResponse: Sendable {
    typealias Write = @Sendable ([UInt8]) async throws -> Void

    enum Body: Sendable {
        case whole([UInt8])
        /// Sent piece by piece: the closure gets the function that sends one.
        case stream(@Sendable (@escaping Write) async throws -> Void)
        /// The connection becomes something else than HTTP; the closure answers by itself.
        case takeover(@Sendable (HTTPExchange) async throws -> Void)
    }

    var status: Int
    var fields: HTTPFields
    var body: Body

    init(_ status: Int, type: String, _ body: Body) {
        self.status = status
        fields = ["Content-Type": type]
        self.body = body
    }

    static func json(_ value: JSON, status: Int = 200) -> APIResponse {
        APIResponse(status, type: "application/json", .whole(value.bytes() + [UInt8(ascii: "\n")]))
    }

    static func text(_ text: String, status: Int = 200) -> APIResponse {
        APIResponse(status, type: "text/plain; charset=utf-8", .whole(Array(text.utf8)))
    }

    static func failure(_ error: any Error) -> APIResponse {
        let error = error as? StatusError ?? .internalError("\(error)")
        var response = json(error.status, status: error.code)
        if error.code == 429 || error.code == 503 { response.fields["Retry-After"] = "1" }
        return response
    }

    /// Adds a `Warning` field (RFC 7234 §5.5) for each text.
    mutating func warn(_ texts: [String]) {
        for text in texts {
            let quoted = text.filter { !$0.isNewline }.map { "\"\\".contains($0) ? "\\\($0)" : String($0) }.joined()
            fields.append("Warning", "299 - \"\(quoted)\"")
        }
    }
}
