internal import Base
internal import JSON

/// One `--set path=value`.
struct SettingPath {
    enum Step: Hashable {
        case member(String)
        case element(Int)
    }

    let steps: [Step]
    let value: JSON

    /// - Throws: `invalidConfiguration` for a text without `=` or with a path that is none.
    init(parsing text: String) throws(MeshError) {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw MeshError(.invalidConfiguration, "--set \(text): write it as path=value, such as profile=demo")
        }
        steps = try Self.steps(String(text[..<equals]))
        value = Self.value(String(text[text.index(after: equals)...]))
    }

    /// Sets the value in `target`; lists and objects on the way are made.
    func apply(to target: inout JSON) throws(MeshError) { try Self.set(&target, steps[...], value) }

    /// An object in which nothing but this path is set, with the first element for any.
    var shape: JSON {
        steps.reversed().reduce(value) { below, step in
            switch step {
            case .member(let name): [name: below]
            case .element: [below]
            }
        }
    }

    private static func set(_ target: inout JSON, _ steps: ArraySlice<Step>, _ value: JSON) throws(MeshError) {
        switch steps.first {
        case nil: target = value
        case .member(let name):
            var child = target[name] ?? .null
            try set(&child, steps.dropFirst(), value)
            target[name] = child
        case .element(let index):
            var elements = target.array ?? []
            guard index <= elements.count else {
                throw MeshError(.invalidConfiguration, "--set: list index [\(index)] is beyond the list's end")
            }
            if index == elements.count { elements.append(.null) }
            try set(&elements[index], steps.dropFirst(), value)
            target = .array(elements)
        }
    }

    /// `a.b[0].c`; a dot inside a name is written `\.`.
    private static func steps(_ path: String) throws(MeshError) -> [Step] {
        var steps: [Step] = []
        var name = ""
        var isEscaped = false
        func finish() throws(MeshError) {
            guard !name.isEmpty else {
                throw MeshError(.invalidConfiguration, "--set \(path): a name in the path is empty")
            }
            let parts = name.split(separator: "[", omittingEmptySubsequences: false)
            steps.append(.member(String(parts[0])))
            for part in parts.dropFirst() {
                guard part.hasSuffix("]"), let index = Int(part.dropLast()), (0..<1000).contains(index) else {
                    throw MeshError(.invalidConfiguration, "--set \(path): [\(part) is no list index such as [0]")
                }
                steps.append(.element(index))
            }
            name = ""
        }
        for character in path {
            if isEscaped {
                name.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "." {
                try finish()
            } else {
                name.append(character)
            }
        }
        try finish()
        return steps
    }

    /// Booleans, whole numbers and `null` are read as such, `{a,b}` as a list, everything else as text.
    private static func value(_ text: String) -> JSON {
        if text.hasPrefix("{"), text.hasSuffix("}") {
            return .array(text.dropFirst().dropLast().split(separator: ",").map { value(String($0)) })
        }
        switch text {
        case "true": return true
        case "false": return false
        case "null": return .null
        default: return Int64(text).map { String($0) == text ? .int($0) : .string(text) } ?? .string(text)
        }
    }
}
