import Base
import JSON
internal import RegularExpressions

/// Checks values against a JSON Schema as CustomResourceDefinitions have it.
///
/// Rules in CEL (`x-kubernetes-validations`) are not evaluated.
struct SchemaValidation: Sendable {
    private let root: JSON

    init(_ schema: JSON) { root = schema }

    func errors(_ value: JSON, path: String) -> [FieldError] { Self.errors(value, root, path: path) }

    private static func errors(_ value: JSON, _ schema: JSON, path: String) -> [FieldError] {
        if value.isNull, schema["nullable"]?.bool == true { return [] }
        if let error = typeError(value, schema, path: path) { return [error] }
        var errors: [FieldError] = []
        if let allowed = schema["enum"]?.array, !allowed.contains(value) {
            errors.append(.unsupported(path, value, allowed.map(\.plainText)))
        }
        switch value {
        case .string(let text): errors += textErrors(text, schema, path)
        case .int, .double: errors += numberErrors(value, schema, path)
        case .array(let elements): errors += listErrors(elements, schema, path)
        case .object(let members): errors += objectErrors(members, schema, path)
        case .null, .bool: break
        }
        return errors + combinationErrors(value, schema, path)
    }

    private static func typeError(_ value: JSON, _ schema: JSON, path: String) -> FieldError? {
        let expected: [String]
        if schema["x-kubernetes-int-or-string"]?.bool == true {
            expected = ["integer", "string"]
        } else if let type = schema["type"]?.string {
            expected = [type]
        } else {
            return nil
        }
        let found = value.typeName
        let isWhole = found == "number" && value.int != nil
        let fits = expected.contains(found) || (found == "integer" && expected.contains("number"))
        if fits || (isWhole && expected.contains("integer")) { return nil }
        let text = "\(path) in body must be of type \(expected.joined(separator: ",")): \"\(found)\""
        return .wrongType(path, .string(found), text)
    }

    private static func textErrors(_ text: String, _ schema: JSON, _ path: String) -> [FieldError] {
        var errors: [FieldError] = []
        let count = text.unicodeScalars.count
        // The first of the three is told, as Kubernetes does.
        if let most = schema["maxLength"]?.int, count > most {
            errors.append(.tooLong(path, limit: Int(most)))
        } else if let least = schema["minLength"]?.int, count < least {
            errors.append(.invalid(path, .string(text), "\(path) in body should be at least \(least) chars long"))
        } else if let pattern = schema["pattern"]?.string, !matches(text, pattern) {
            errors.append(.invalid(path, .string(text), "\(path) in body should match '\(pattern)'"))
        }
        if schema["format"]?.string == "date-time", Timestamp(text) == nil {
            errors.append(.invalid(path, .string(text), "\(path) in body must be of type date-time: \"\(text)\""))
        }
        return errors
    }

    /// A pattern that cannot be read refuses nothing: the definition is at fault, not the object.
    private static func matches(_ text: String, _ pattern: String) -> Bool {
        guard let expression = try? RegularExpression(pattern) else { return true }
        return expression.matches(somewhereIn: text.utf8.span)
    }

    private static func numberErrors(_ value: JSON, _ schema: JSON, _ path: String) -> [FieldError] {
        guard let number = value.double else { return [] }
        var errors: [FieldError] = []
        func fail(_ text: String) { errors.append(.invalid(path, value, "\(path) in body should be \(text)")) }
        if let least = schema["minimum"], let limit = least.double {
            let isOpen = schema["exclusiveMinimum"]?.bool ?? false
            if isOpen ? number <= limit : number < limit {
                fail("greater than \(isOpen ? "" : "or equal to ")\(least)")
            }
        }
        if let most = schema["maximum"], let limit = most.double {
            let isOpen = schema["exclusiveMaximum"]?.bool ?? false
            if isOpen ? number >= limit : number > limit { fail("less than \(isOpen ? "" : "or equal to ")\(most)") }
        }
        if let unit = schema["multipleOf"], let step = unit.double, step > 0,
            (number / step).rounded() * step != number
        {
            fail("a multiple of \(unit)")
        }
        if schema["format"]?.string == "int32", value.int.flatMap({ Int32(exactly: $0) }) == nil {
            errors.append(.invalid(path, value, "\(path) in body must be of type int32: \"\(value.typeName)\""))
        }
        return errors
    }

    private static func listErrors(_ elements: [JSON], _ schema: JSON, _ path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if let least = schema["minItems"]?.int, elements.count < least {
            let count = JSON.int(Int64(elements.count))
            errors.append(.invalid(path, count, "\(path) in body should have at least \(least) items"))
        }
        if let most = schema["maxItems"]?.int, elements.count > most {
            errors.append(.tooMany(path, count: elements.count, limit: Int(most)))
        }
        if let items = schema["items"] {
            for (index, element) in elements.enumerated() {
                errors += self.errors(element, items, path: "\(path)[\(index)]")
            }
        }
        return errors + duplicates(elements, schema, path)
    }

    private static func duplicates(_ elements: [JSON], _ schema: JSON, _ path: String) -> [FieldError] {
        let identity: (JSON) -> JSON
        switch schema["x-kubernetes-list-type"]?.string {
        case "set": identity = { $0 }
        case "map":
            let keys = schema["x-kubernetes-list-map-keys"]?.array?.compactMap(\.string) ?? []
            identity = { element in
                .object(Dictionary(keys.map { ($0, element[$0] ?? .null) }) { first, _ in first })
            }
        default: return []
        }
        var seen: Set<JSON> = []
        return elements.enumerated().compactMap { index, element in
            let key = identity(element)
            return seen.insert(key).inserted ? nil : .duplicate("\(path)[\(index)]", key)
        }
    }

    private static func objectErrors(_ members: [String: JSON], _ schema: JSON, _ path: String) -> [FieldError] {
        var errors: [FieldError] = []
        func child(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
        for name in schema["required"]?.array?.compactMap(\.string) ?? [] where members[name] == nil {
            errors.append(.required(child(name)))
        }
        let count = JSON.int(Int64(members.count))
        if let least = schema["minProperties"]?.int, members.count < least {
            errors.append(.invalid(path, count, "\(path) in body should have at least \(least) properties"))
        }
        if let most = schema["maxProperties"]?.int, members.count > most {
            errors.append(.tooMany(path, count: members.count, limit: Int(most)))
        }
        for (name, member) in members.sorted(by: { $0.key < $1.key }) {
            if let property = schema["properties", name] {
                errors += self.errors(member, property, path: child(name))
            } else if let additional = schema["additionalProperties"], additional.object != nil {
                errors += self.errors(member, additional, path: child(name))
            }
        }
        return errors
    }

    private static func combinationErrors(_ value: JSON, _ schema: JSON, _ path: String) -> [FieldError] {
        func fits(_ option: JSON) -> Bool { errors(value, option, path: path).isEmpty }
        func failure(_ text: String) -> FieldError {
            .invalid(path.isEmpty ? "<nil>" : path, "", "\"\(path)\" must \(text)")
        }
        var result: [FieldError] = []
        for option in schema["allOf"]?.array ?? [] { result += errors(value, option, path: path) }
        if let options = schema["anyOf"]?.array, !options.contains(where: fits) {
            result.append(failure("validate at least one schema (anyOf)"))
        }
        if let options = schema["oneOf"]?.array {
            let count = options.count(where: fits)
            if count != 1 {
                let found = count == 0 ? "none valid" : "\(count) valid alternatives"
                result.append(failure("validate one and only one schema (oneOf). Found \(found)"))
            }
        }
        if let option = schema["not"], fits(option) { result.append(failure("not validate the schema (not)")) }
        return result
    }
}
