internal import Base
public import JSON

/// What is wrong with fields of one object, in the order found.
public final class FieldProblems {
    public private(set) var texts: [String] = []

    public init() {}

    public func add(_ text: String) { texts.append(text) }
}

/// Reads the members of one JSON object strictly: what is of the wrong type, or not a field at all, is a problem.
///
/// A member that is null counts as absent, as in protobuf's JSON. Reading goes on after a problem, so that one reading
/// tells them all; whoever reads asks ``problems`` at the end.
public struct FieldReader {
    /// Where the object is, such as `spec.trafficPolicy`.
    public let path: String
    public let problems: FieldProblems
    private let members: [String: JSON]
    private var known: Set<String> = []

    public init(_ value: JSON, path: String, problems: FieldProblems) {
        self.path = path
        self.problems = problems
        members = value.object ?? [:]
        isNull = value.isNull
        if value.object == nil, !value.isNull { reportType("object", value, at: path) }
    }

    /// Whether there was a `null` in place of the object.
    public let isNull: Bool

    /// The path of a member.
    public func path(of name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    private func reportType(_ expected: String, _ value: JSON, at path: String) {
        let found = value.typeName
        problems.add("\(path): Invalid value: \"\(found)\": \(path) in body must be of type \(expected): \"\(found)\"")
    }

    /// Reports a value of the right type that cannot be used.
    public func report(_ name: String, _ reason: String) { problems.add("\(path(of: name)): \(reason)") }

    /// The member as it is; nil when absent or null.
    public mutating func value(_ name: String) -> JSON? {
        known.insert(name)
        guard let value = members[name], !value.isNull else { return nil }
        return value
    }

    /// Whether the member is there, be it null.
    public mutating func has(_ name: String) -> Bool {
        known.insert(name)
        return members[name] != nil
    }

    private mutating func typed<Value>(_ name: String, _ type: String, _ read: (JSON) -> Value?) -> Value? {
        guard let value = value(name) else { return nil }
        guard let result = read(value) else {
            reportType(type, value, at: path(of: name))
            return nil
        }
        return result
    }

    public mutating func string(_ name: String) -> String? { typed(name, "string", \.string) }
    public mutating func bool(_ name: String) -> Bool? { typed(name, "boolean", \.bool) }
    public mutating func number(_ name: String) -> Double? { typed(name, "number", \.double) }
    public mutating func stringMap(_ name: String) -> [String: String]? { typed(name, "object of strings", \.strings) }

    public mutating func strings(_ name: String) -> [String]? {
        typed(name, "array of strings") { value in
            guard let elements = value.array else { return nil }
            let texts = elements.compactMap(\.string)
            return texts.count == elements.count ? texts : nil
        }
    }

    /// A whole number within `range`.
    public mutating func int(_ name: String, in range: ClosedRange<Int> = 0...Int(UInt32.max)) -> Int? {
        guard let number = typed(name, "integer", \.int) else { return nil }
        guard let value = Int(exactly: number), range.contains(value) else {
            report(name, "Invalid value: \(number): must be between \(range.lowerBound) and \(range.upperBound)")
            return nil
        }
        return value
    }

    /// A duration in Go's notation, such as `10s`, `1.5s`, `1h5m`, `30ms`.
    public mutating func duration(_ name: String) -> Duration? {
        guard let text = string(name) else { return nil }
        guard let duration = Duration(goText: text) else {
            report(name, "Invalid value: \"\(text)\": must be a duration such as 10s, 1.5s or 30ms")
            return nil
        }
        return duration
    }

    /// One of the names of an enumeration.
    public mutating func choice<Choice>(_ name: String, _ type: Choice.Type) -> Choice?
    where Choice: RawRepresentable<String> & CaseIterable {
        guard let text = string(name) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let names = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
            report(name, "Unsupported value: \"\(text)\": supported values: \(names)")
            return nil
        }
        return choice
    }

    /// A message: its fields are read by `read`, and others refused.
    public mutating func object<Value>(_ name: String, _ read: (inout FieldReader) -> Value) -> Value? {
        guard let value = typed(name, "object", { $0.object.map(JSON.object) }) else { return nil }
        return nested(value, path(of: name), read)
    }

    /// A list of messages; empty when absent.
    public mutating func list<Value>(_ name: String, _ read: (inout FieldReader) -> Value) -> [Value] {
        let elements = typed(name, "array", \.array) ?? []
        return elements.enumerated().map { nested($1, "\(path(of: name))[\($0)]", read) }
    }

    /// A map of messages; nil when absent.
    public mutating func map<Value>(_ name: String, _ read: (inout FieldReader) -> Value) -> [String: Value]? {
        guard let members = typed(name, "object", \.object) else { return nil }
        var result: [String: Value] = [:]
        for (key, value) in members.sorted(by: { $0.key < $1.key }) {
            result[key] = nested(value, "\(path(of: name))[\(key)]", read)
        }
        return result
    }

    private func nested<Value>(_ value: JSON, _ path: String, _ read: (inout FieldReader) -> Value) -> Value {
        var reader = FieldReader(value, path: path, problems: problems)
        let result = read(&reader)
        reader.finish()
        return result
    }

    /// Accepts members without looking at them: fields that this project does not read.
    public mutating func ignore(_ names: String...) { known.formUnion(names) }

    /// Reports every member that nobody asked for.
    public func finish() {
        for name in members.keys.sorted() where !known.contains(name) {
            problems.add("unknown field \"\(path(of: name))\"")
        }
    }
}
