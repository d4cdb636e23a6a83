import JSON

/// The part of kubectl's JSONPath that printer columns use: `.spec.hosts`, `.a['b.c']`, `.list[0]`, `.list[*].name`,
/// `.status.conditions[?(@.type=="Ready")].status`.
struct JSONPath: Sendable {
    private enum Step: Sendable {
        case member(String)
        case index(Int)
        case all
        case filter(path: [String], value: JSON)
    }

    private let steps: [Step]

    /// nil when `text` is none.
    init?(_ text: String) {
        var steps: [Step] = []
        var rest = text[...]
        while let first = rest.first {
            rest = rest.dropFirst()
            if first == "." {
                let name = rest.prefix { $0 != "." && $0 != "[" }
                rest = rest.dropFirst(name.count)
                if name == "*" { steps.append(.all) } else if !name.isEmpty { steps.append(.member(String(name))) }
            } else if first == "[", let end = Self.closing(rest) {
                guard let step = Self.step(rest[..<end]) else { return nil }
                steps.append(step)
                rest = rest[rest.index(after: end)...]
            } else {
                return nil
            }
        }
        self.steps = steps
    }

    /// Where the bracket ends that was opened before `text`.
    private static func closing(_ text: Substring) -> Substring.Index? {
        var quote: Character?
        for index in text.indices {
            let character = text[index]
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "'" || character == "\"" {
                quote = character
            } else if character == "]" {
                return index
            }
        }
        return nil
    }

    private static func step(_ text: Substring) -> Step? {
        if text == "*" { return .all }
        if let index = Int(text) { return .index(index) }
        if let name = unquoted(text) { return .member(name) }
        guard text.hasPrefix("?("), text.hasSuffix(")") else { return nil }
        let parts = text.dropFirst(2).dropLast().split(separator: "=", omittingEmptySubsequences: true)
        guard parts.count == 2 else { return nil }
        let left = parts[0].filter { $0 != " " }
        guard left.hasPrefix("@.") else { return nil }
        let right = parts[1].drop { $0 == " " }
        let value =
            unquoted(right).map { JSON.string($0) } ?? (try? JSON(parsing: String(right))) ?? .string(String(right))
        return .filter(path: left.dropFirst(2).split(separator: ".").map(String.init), value: value)
    }

    private static func unquoted(_ text: Substring) -> String? {
        guard text.count >= 2, let quote = text.first, quote == "'" || quote == "\"", text.last == quote else {
            return nil
        }
        return String(text.dropFirst().dropLast())
    }

    /// All that the path leads to, in order.
    func values(in root: JSON) -> [JSON] {
        steps.reduce([root]) { values, step in
            values.flatMap { value -> [JSON] in
                switch step {
                case .member(let name): return value[name].map { [$0] } ?? []
                case .index(let index):
                    let elements = value.array ?? []
                    let position = index < 0 ? elements.count + index : index
                    return elements.indices.contains(position) ? [elements[position]] : []
                case .all: return value.array ?? value.object.map { $0.sorted { $0.key < $1.key }.map(\.value) } ?? []
                case .filter(let path, let wanted): return (value.array ?? []).filter { $0[path] == wanted }
                }
            }
        }
    }
}
