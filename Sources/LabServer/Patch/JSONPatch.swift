import JSON
import Kubernetes

/// A JSON patch (RFC 6902): operations that all succeed, or the value stays as it was.
struct JSONPatch {
    private let operations: [JSON]

    /// Operations accepted in one patch, as by the API server.
    static let limit = 10_000

    /// - Throws: ``StatusError`` when `patch` is no list of operations.
    init(_ patch: JSON) throws {
        guard let operations = patch.array else {
            throw StatusError.badRequest(
                "error decoding patch: json: cannot unmarshal \(patch.typeName) into Go value of type jsonpatch.Patch"
            )
        }
        guard operations.count <= Self.limit else {
            throw StatusError(
                code: 413,
                reason: "RequestEntityTooLarge",
                message: "The allowed maximum operations in a JSON patch is \(Self.limit), got \(operations.count)"
            )
        }
        self.operations = operations
    }

    /// - Throws: ``StatusError`` (422) for the first operation that cannot be done.
    func apply(to value: JSON) throws -> JSON {
        try operations.reduce(value) { value, operation in try Self.apply(operation, to: value) }
    }

    private static func apply(_ operation: JSON, to value: JSON) throws -> JSON {
        let path = try pointer(operation, "path")
        switch operation["op"]?.string ?? "" {
        case "add": return try set(value, path[...], try operand(operation), .add)
        case "replace": return try set(value, path[...], try operand(operation), .replace)
        case "remove": return try set(value, path[...], .null, .remove)
        case "test":
            guard try find(value, path) == operation["value"] ?? .null else {
                throw failure("testing path \(text(path)) failed")
            }
            return value
        case "move":
            let from = try pointer(operation, "from")
            let moved = try find(value, from)
            return try set(try set(value, from[...], .null, .remove), path[...], moved, .add)
        case "copy": return try set(value, path[...], try find(value, try pointer(operation, "from")), .add)
        case let name: throw failure("Unexpected kind: \(name)")
        }
    }

    private enum Action { case add, replace, remove }

    private static func operand(_ operation: JSON) throws -> JSON {
        guard let value = operation["value"] else { throw failure("the operation has no value: \(operation)") }
        return value
    }

    /// A JSON pointer (RFC 6901) as its reference tokens.
    private static func pointer(_ operation: JSON, _ name: String) throws -> [String] {
        guard let text = operation[name]?.string, text.isEmpty || text.hasPrefix("/") else {
            throw failure("the operation's \(name) is no JSON pointer: \(operation)")
        }
        return text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(unescaped)
    }

    private static func unescaped(_ token: Substring) -> String {
        var result = ""
        var isEscaped = false
        for character in token {
            if isEscaped {
                result.append(character == "1" ? "/" : character == "0" ? "~" : character)
                isEscaped = false
            } else if character == "~" {
                isEscaped = true
            } else {
                result.append(character)
            }
        }
        return result
    }

    private static func text(_ path: [String]) -> String { path.map { "/\($0)" }.joined() }

    private static func find(_ value: JSON, _ path: [String]) throws -> JSON {
        try path.reduce(value) { value, token in
            switch value {
            case .object(let members):
                guard let member = members[token] else { throw missing(path) }
                return member
            case .array(let elements):
                guard let index = Int(token), elements.indices.contains(index) else { throw missing(path) }
                return elements[index]
            default: throw missing(path)
            }
        }
    }

    private static func set(_ value: JSON, _ path: ArraySlice<String>, _ new: JSON, _ action: Action) throws -> JSON {
        guard let token = path.first else { return action == .remove ? .null : new }
        let isLast = path.count == 1
        switch value {
        case .object(var members):
            if isLast {
                guard action == .add || members[token] != nil else { throw missing(Array(path)) }
                members[token] = action == .remove ? nil : new
            } else {
                guard let child = members[token] else { throw missing(Array(path)) }
                members[token] = try set(child, path.dropFirst(), new, action)
            }
            return .object(members)
        case .array(var elements):
            let index = token == "-" && isLast && action == .add ? elements.count : Int(token) ?? -1
            guard index >= 0, index < elements.count || (isLast && action == .add && index == elements.count) else {
                throw missing(Array(path))
            }
            switch (isLast, action) {
            case (false, _): elements[index] = try set(elements[index], path.dropFirst(), new, action)
            case (true, .add): elements.insert(new, at: index)
            case (true, .replace): elements[index] = new
            case (true, .remove): elements.remove(at: index)
            }
            return .array(elements)
        default: throw missing(Array(path))
        }
    }

    private static func missing(_ path: [String]) -> StatusError {
        failure("doc is missing path: \(text(path)): missing value")
    }

    private static func failure(_ message: String) -> StatusError {
        StatusError(code: 422, reason: "Invalid", message: "the server rejected our request: \(message)")
    }
}
