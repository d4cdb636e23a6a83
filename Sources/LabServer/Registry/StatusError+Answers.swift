import JSON
import Kubernetes

/// The answers of the API server, in the words its users know.
extension StatusError {
    static func notFound(_ type: ResourceType, _ name: String) -> StatusError {
        StatusError(
            code: 404,
            reason: "NotFound",
            message: "\(type) \"\(name)\" not found",
            details: details(type.plural, type.group, name)
        )
    }

    static func pathNotFound() -> StatusError {
        StatusError(
            code: 404,
            reason: "NotFound",
            message: "the server could not find the requested resource",
            details: [:]
        )
    }

    static func alreadyExists(_ type: ResourceType, _ name: String) -> StatusError {
        StatusError(
            code: 409,
            reason: "AlreadyExists",
            message: "\(type) \"\(name)\" already exists",
            details: details(type.plural, type.group, name)
        )
    }

    static func conflict(_ type: ResourceType, _ name: String, _ why: String = modified) -> StatusError {
        StatusError(
            code: 409,
            reason: "Conflict",
            message: "Operation cannot be fulfilled on \(type) \"\(name)\": \(why)",
            details: details(type.plural, type.group, name)
        )
    }

    static let modified =
        "the object has been modified; please apply your changes to the latest version and try again"

    static func invalid(_ type: ResourceType, _ name: String, _ errors: [FieldError]) -> StatusError {
        let kind = type.group.isEmpty ? type.kind : "\(type.kind).\(type.group)"
        let texts = errors.map(\.description)
        let list = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
        var details = details(type.kind, type.group, name)
        details["causes"] = .array(errors.map(\.cause))
        return StatusError(
            code: 422,
            reason: "Invalid",
            message: "\(kind) \"\(name)\" is invalid: \(list)",
            details: details
        )
    }

    /// The query of a request cannot be.
    static func invalidOptions(_ kind: String, _ error: FieldError) -> StatusError {
        StatusError(
            code: 422,
            reason: "Invalid",
            message: "\(kind).meta.k8s.io \"\" is invalid: \(error)",
            details: ["group": "meta.k8s.io", "kind": .string(kind), "causes": [error.cause]]
        )
    }

    static func badRequest(_ message: String) -> StatusError {
        StatusError(code: 400, reason: "BadRequest", message: message)
    }

    static func forbidden(_ type: ResourceType, _ name: String, _ why: String) -> StatusError {
        let object = name.isEmpty ? "" : " \"\(name)\""
        return StatusError(
            code: 403,
            reason: "Forbidden",
            message: "\(type)\(object) is forbidden: \(why)",
            details: details(type.plural, type.group, name)
        )
    }

    static func methodNotAllowed() -> StatusError {
        StatusError(
            code: 405,
            reason: "MethodNotAllowed",
            message: "the server does not allow this method on the requested resource",
            details: [:]
        )
    }

    /// The watch or list begins at a version whose successors are no longer kept.
    static func expired(_ asked: Int64, oldest: Int64) -> StatusError {
        StatusError(code: 410, reason: "Expired", message: "too old resource version: \(asked) (\(oldest))")
    }

    /// The list is to show a state that the store has not reached.
    static func tooNew(_ asked: Int64, current: Int64) -> StatusError {
        let message = "Too large resource version: \(asked), current: \(current)"
        return StatusError(
            code: 504,
            reason: "Timeout",
            message: "Timeout: \(message)",
            details: [
                "causes": [["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]],
                "retryAfterSeconds": 1,
            ]
        )
    }

    static func tooLarge(limit: Int) -> StatusError {
        StatusError(
            code: 413,
            reason: "RequestEntityTooLarge",
            message: "Request entity too large: limit is \(limit)"
        )
    }

    static func internalError(_ message: String) -> StatusError {
        StatusError(
            code: 500,
            reason: "InternalError",
            message: "Internal error occurred: \(message)",
            details: ["causes": [["message": .string(message)]]]
        )
    }

    static func storageFailure(_ error: any Error) -> StatusError {
        StatusError(
            code: 507,
            reason: "InsufficientStorage",
            message: "nothing was stored, and nothing has changed: \(error); "
                + "is the disk full? Then free some space on it"
        )
    }

    private static func details(_ kind: String, _ group: String, _ name: String) -> JSON {
        var details: JSON = ["kind": .string(kind)]
        if !group.isEmpty { details["group"] = .string(group) }
        if !name.isEmpty { details["name"] = .string(name) }
        return details
    }
}
