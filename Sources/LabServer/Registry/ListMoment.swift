import Kubernetes

/// Which state of the store a list shows (`resourceVersion` and `resourceVersionMatch`).
enum ListMoment: Equatable, Sendable {
    /// The newest, which is what a list without a version, or with version 0, gets.
    case newest
    /// One of this version or a later one.
    case notOlder(Int64)
    case exactly(Int64)

    /// - Throws: ``StatusError`` (400) for a version that is no number, and for a way of matching without a version.
    init(_ version: String, match: String) throws {
        guard let revision = version.isEmpty ? 0 : Int64(version), revision >= 0 else {
            throw StatusError.badRequest("Invalid value: \"\(version)\": resource version must be a number")
        }
        switch match {
        case "", "NotOlderThan":
            if !match.isEmpty, version.isEmpty { throw Self.lacksVersion }
            self = revision == 0 ? .newest : .notOlder(revision)
        case "Exact":
            guard revision > 0 else { throw Self.lacksVersion }
            self = .exactly(revision)
        default:
            throw StatusError.badRequest(
                "resourceVersionMatch: Unsupported value: \"\(match)\": supported values: \"Exact\", \"NotOlderThan\""
            )
        }
    }

    private static var lacksVersion: StatusError {
        .badRequest("resourceVersionMatch is forbidden unless resourceVersion is provided")
    }
}
