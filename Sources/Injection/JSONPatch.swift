public import JSON

/// The operations that turn one value into another (RFC 6902), as an admission webhook answers with.
public enum JSONPatch {
    /// Arrays that differ are replaced as a whole.
    public static func difference(from old: JSON, to new: JSON) -> [JSON] {
        var operations: [JSON] = []
        compare(old, new, path: "", &operations)
        return operations
    }

    private static func compare(_ old: JSON, _ new: JSON, path: String, _ operations: inout [JSON]) {
        guard old != new else { return }
        guard case .object(let before) = old, case .object(let after) = new else {
            operations.append(["op": "replace", "path": .string(path), "value": new])
            return
        }
        for key in Set(before.keys).union(after.keys).sorted() {
            let member = "\(path)/\(escaped(key))"
            switch (before[key], after[key]) {
            case (let value?, let change?): compare(value, change, path: member, &operations)
            case (nil, let value?): operations.append(["op": "add", "path": .string(member), "value": value])
            case (_, nil): operations.append(["op": "remove", "path": .string(member)])
            }
        }
    }

    /// A member's name as a reference token (RFC 6901 §3).
    private static func escaped(_ key: String) -> String {
        var result = ""
        for character in key {
            switch character {
            case "~": result += "~0"
            case "/": result += "~1"
            default: result.append(character)
            }
        }
        return result
    }
}
