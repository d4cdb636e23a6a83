internal import JSON

/// What `kubectl explain` says of the fields of the mesh's kinds.
///
/// A line is a path in `spec` and a sentence. Lists and maps on the way are not mentioned, and a path may leave out its
/// beginning when all fields that end with it mean the same; the longest that fits counts. The empty path is `spec`.
struct FieldDescriptions: Sendable {
    private let sentences: [String: String]

    /// - Parameter text: Lines such as `tls.mode: How connections are encrypted.`; indented ones go on with the line before.
    init(_ text: String) {
        var sentences: [String: String] = [:]
        var last: String?
        for line in text.split(separator: "\n") {
            if line.hasPrefix(" "), let last {
                sentences[last]? += " " + line.drop { $0 == " " }
            } else if let colon = line.firstIndex(of: ":") {
                let path = String(line[..<colon])
                sentences[path] = String(line[line.index(after: colon)...].drop { $0 == " " })
                last = path
            }
        }
        self.sentences = sentences
    }

    var paths: [String] { Array(sentences.keys) }

    func merging(_ other: Self) -> Self { Self(sentences.merging(other.sentences) { $1 }) }

    private init(_ sentences: [String: String]) { self.sentences = sentences }

    /// The path in the table that describes a field.
    func entry(for path: [String]) -> String? {
        guard !path.isEmpty else { return sentences[""] == nil ? nil : "" }
        return path.indices.lazy.map { path[$0...].joined(separator: ".") }.first { sentences[$0] != nil }
    }

    /// The schema of an object with a sentence for each field that has none of its own.
    func applied(to schema: JSON, at path: [String] = []) -> JSON {
        var schema = schema
        if schema["description"] == nil, let entry = entry(for: path) {
            schema["description"] = sentences[entry].map(JSON.string)
        }
        if let fields = schema["properties"]?.object {
            for (name, field) in fields { schema["properties", name] = applied(to: field, at: path + [name]) }
        }
        for keyword in ["items", "additionalProperties"] {
            if let element = schema[keyword], element.object != nil { schema[keyword] = elements(element, at: path) }
        }
        return schema
    }

    /// What is in a list or a map is described by the field itself.
    private func elements(_ schema: JSON, at path: [String]) -> JSON {
        var described = applied(to: schema, at: path)
        if schema["description"] == nil { described["description"] = nil }
        return described
    }
}
