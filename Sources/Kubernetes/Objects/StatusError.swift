public import JSON

/// The API server's answer when it does not do what was asked (`meta/v1.Status`).
public struct StatusError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The HTTP status, such as 404.
    public let code: Int
    /// A word for programs, such as `NotFound`, `AlreadyExists`, `Conflict`, `Invalid`, `Expired`.
    public let reason: String
    /// A sentence for people.
    public let message: String
    /// The `details` of the status: name, group, kind, causes.
    public let details: JSON?

    public init(code: Int, reason: String, message: String, details: JSON? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
    }

    public var description: String { message }

    public var isForbidden: Bool { code == 403 }
    public var isNotFound: Bool { code == 404 }
    public var isConflict: Bool { code == 409 && reason == "Conflict" }
    public var alreadyExists: Bool { code == 409 && reason == "AlreadyExists" }
    /// The watch began too far back, or the `continue` token is too old.
    public var isExpired: Bool { code == 410 }

    /// The `Status` object of an HTTP body.
    public var status: JSON {
        var status: JSON = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "message": .string(message),
            "reason": .string(reason), "code": .int(Int64(code)),
        ]
        if let details { status["details"] = details }
        return status
    }
}
