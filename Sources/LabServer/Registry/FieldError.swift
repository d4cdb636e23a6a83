import JSON

/// What is wrong with one field of an object, in the API server's words.
struct FieldError: Hashable, Sendable, CustomStringConvertible {
    enum Reason: String, Sendable {
        case required = "FieldValueRequired"
        case invalid = "FieldValueInvalid"
        case unsupported = "FieldValueNotSupported"
        case duplicate = "FieldValueDuplicate"
        case forbidden = "FieldValueForbidden"
        case notFound = "FieldValueNotFound"
        case tooLong = "FieldValueTooLong"
        case tooMany = "FieldValueTooMany"
        case typeInvalid = "FieldValueTypeInvalid"
    }

    let reason: Reason
    /// Such as `spec.ports[0].port`.
    let field: String
    /// What follows the field's name.
    let message: String

    static func required(_ field: String, _ detail: String = "") -> FieldError {
        FieldError(reason: .required, field: field, message: "Required value" + suffix(detail))
    }
    static func invalid(_ field: String, _ value: JSON, _ detail: String) -> FieldError {
        FieldError(reason: .invalid, field: field, message: "Invalid value: \(shown(value))" + suffix(detail))
    }
    static func invalidHex(_ field: String, _ value: Int, _ detail: String) -> FieldError {
        let text = "0x" + String(value, radix: 16)
        return FieldError(reason: .invalid, field: field, message: "Invalid value: \(text)" + suffix(detail))
    }
    static func wrongType(_ field: String, _ value: JSON, _ detail: String) -> FieldError {
        FieldError(reason: .typeInvalid, field: field, message: "Invalid value: \(shown(value))" + suffix(detail))
    }
    static func unsupported(_ field: String, _ value: JSON, _ supported: [String]) -> FieldError {
        let list = supported.map { "\"\($0)\"" }.joined(separator: ", ")
        return FieldError(
            reason: .unsupported,
            field: field,
            message: "Unsupported value: \(shown(value)): supported values: \(list)"
        )
    }
    static func duplicate(_ field: String, _ value: JSON) -> FieldError {
        FieldError(reason: .duplicate, field: field, message: "Duplicate value: \(shown(value))")
    }
    static func forbidden(_ field: String, _ detail: String) -> FieldError {
        FieldError(reason: .forbidden, field: field, message: "Forbidden" + suffix(detail))
    }
    static func notFound(_ field: String, _ value: JSON) -> FieldError {
        FieldError(reason: .notFound, field: field, message: "Not found: \(shown(value))")
    }
    static func tooLong(_ field: String, limit: Int) -> FieldError {
        FieldError(reason: .tooLong, field: field, message: "Too long: may not be more than \(limit) bytes")
    }
    static func tooMany(_ field: String, count: Int, limit: Int) -> FieldError {
        FieldError(reason: .tooMany, field: field, message: "Too many: \(count): must have at most \(limit) items")
    }

    var description: String { "\(field): \(message)" }

    /// The entry of the status' `details.causes`.
    var cause: JSON {
        ["reason": .string(reason.rawValue), "message": .string(message), "field": .string(field)]
    }

    private static func suffix(_ detail: String) -> String { detail.isEmpty ? "" : ": \(detail)" }

    private static func shown(_ value: JSON) -> String { value.text() }
}
