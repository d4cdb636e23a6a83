import Base
import Glibc
import JSON
import Kubernetes

/// What the server does with `metadata`, whatever the kind.
enum MetadataRules {
    /// Fields of metadata that only the server sets.
    private static let serverFields = [
        "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
        "selfLink",
    ]

    /// Gives a new object its identity.
    static func prepareForCreate(_ object: inout JSON, hasGeneration: Bool) {
        for field in serverFields { object["metadata", field] = nil }
        object["metadata", "uid"] = .string(newUID())
        object["metadata", "creationTimestamp"] = .string(Timestamp.now.description)
        if hasGeneration { object["metadata", "generation"] = 1 }
        if object.metadata.name.isEmpty, let prefix = object["metadata", "generateName"]?.string, !prefix.isEmpty {
            object["metadata", "name"] = .string(prefix.prefix(58) + randomSuffix())
        }
    }

    /// Carries over what an update cannot change.
    static func prepareForUpdate(_ object: inout JSON, old: JSON) {
        for field in serverFields { object["metadata", field] = old["metadata", field] }
        object["metadata", "name"] = old["metadata", "name"]
        object["metadata", "namespace"] = old["metadata", "namespace"]
        object["metadata", "generateName"] = old["metadata", "generateName"]
    }

    static func validate(_ object: JSON, nameRule: NameRule, old: JSON?) -> [FieldError] {
        var errors: [FieldError] = []
        let metadata = object.metadata
        if metadata.name.isEmpty {
            errors.append(.required("metadata.name", "name or generateName is required"))
        } else if old == nil, let problem = nameRule.problem(metadata.name) {
            errors.append(.invalid("metadata.name", .string(metadata.name), problem))
        }
        errors += labels(metadata.labels, field: "metadata.labels")
        errors += annotations(metadata.annotations)
        for finalizer in metadata.finalizers where finalizer.isEmpty {
            errors.append(.invalid("metadata.finalizers", "", "name part must be non-empty"))
        }
        for (index, owner) in metadata.ownerReferences.enumerated() where owner.uid.isEmpty || owner.name.isEmpty {
            errors.append(.invalid("metadata.ownerReferences[\(index)]", "", "uid and name must not be empty"))
        }
        if let old, old.metadata.isBeingDeleted {
            let added = Set(metadata.finalizers).subtracting(old.metadata.finalizers)
            if !added.isEmpty {
                let detail = "no new finalizers can be added if the object is being deleted, found new finalizers"
                errors.append(.forbidden("metadata.finalizers", "\(detail) \(JSON.strings(added.sorted()))"))
            }
        }
        return errors
    }

    static func labels(_ labels: [String: String], field: String) -> [FieldError] {
        labels.sorted { $0.key < $1.key }.flatMap { key, value in
            var errors: [FieldError] = []
            if let problem = qualifiedNameProblem(key) { errors.append(.invalid(field, .string(key), problem)) }
            if value.utf8.count > 63 {
                errors.append(.invalid(field, .string(value), "must be no more than 63 characters"))
            } else if !isNamePart(value), !value.isEmpty {
                errors.append(.invalid(field, .string(value), labelValueRule))
            }
            return errors
        }
    }

    private static func annotations(_ annotations: [String: String]) -> [FieldError] {
        let field = "metadata.annotations"
        var errors: [FieldError] = annotations.keys.sorted().compactMap { key in
            qualifiedNameProblem(key.lowercased()).map { .invalid(field, .string(key), $0) }
        }
        let size = annotations.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        if size > 256 << 10 { errors.append(.tooLong(field, limit: 256 << 10)) }
        return errors
    }

    private static func qualifiedNameProblem(_ key: String) -> String? {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let name = parts.last ?? ""
        if parts.count > 2 || !isNamePart(name) { return qualifiedNameRule }
        if name.utf8.count > 63 { return "name part must be no more than 63 characters" }
        if parts.count == 2, parts[0].isEmpty { return "prefix part must be non-empty" }
        if parts.count == 2, let problem = NameRule.subdomain.problem(parts[0]) { return "prefix part \(problem)" }
        return nil
    }

    /// Letters, digits and `-_.`, an alphanumeric one at either end.
    private static func isNamePart(_ text: String) -> Bool {
        guard let first = text.first, let last = text.last else { return false }
        func isAlphanumeric(_ character: Character) -> Bool {
            character.isASCII && (character.isLetter || character.isNumber)
        }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && text.allSatisfy { isAlphanumeric($0) || "-_.".contains($0) }
    }

    private static let qualifiedNameRule =
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
    private static let labelValueRule =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

    /// A random UUID (RFC 9562 §5.4).
    static func newUID() -> String {
        var bytes = (0..<16).map { _ in UInt8.random(in: 0...255) }
        bytes[6] = bytes[6] & 0x0f | 0x40
        bytes[8] = bytes[8] & 0x3f | 0x80
        let digits = Hex.encode(bytes)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(digit)
        }
        return text
    }

    /// Five letters and digits without vowels, as generated names end.
    static func randomSuffix() -> String {
        let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
        return String((0..<5).map { _ in alphabet[Int.random(in: alphabet.indices)] })
    }
}
