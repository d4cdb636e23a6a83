public import JSON

/// Why text is not YAML that this project reads.
public struct YAMLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The line of the problem, counted from 1; 0 when it is about the text as a whole.
    public let line: Int
    public let reason: String

    public init(line: Int, reason: String) {
        self.line = line
        self.reason = reason
    }

    /// In kubectl's words: `yaml: line 3: did not find expected key`.
    public var description: String { line > 0 ? "yaml: line \(line): \(reason)" : "yaml: \(reason)" }
}

/// YAML 1.1 as Kubernetes reads and writes it: a notation for JSON values (sigs.k8s.io/yaml).
public enum YAML {
    /// One document of a text.
    public struct Document: Hashable, Sendable {
        public let value: JSON
        /// The line on which the value begins, counted from 1.
        public let line: Int
    }

    /// How much a text may ask of its reader.
    public struct Limits: Hashable, Sendable {
        /// Octets of the text.
        public var octets = 64 << 20
        /// Values in all documents together, those that aliases repeat included.
        public var values = 4_000_000
        /// How often aliases may repeat values, counted in values; stops "billion laughs" while they are small.
        public var repeatedValues = 100_000
        /// Collections inside each other.
        public var depth = 100

        public init() {}
    }

    /// The documents of `text`, without the empty ones.
    ///
    /// Keys become strings; a key that stands twice in one mapping is refused.
    public static func documents(_ text: [UInt8], limits: Limits = Limits()) throws(YAMLError) -> [Document] {
        guard text.count <= limits.octets else {
            throw YAMLError(line: 0, reason: "the text is longer than \(limits.octets) octets")
        }
        var composer = Composer(text, limits: limits)
        return try composer.documents()
    }

    public static func documents(_ text: String, limits: Limits = Limits()) throws(YAMLError) -> [Document] {
        try documents(Array(text.utf8), limits: limits)
    }

    /// The values of ``documents(_:limits:)-([UInt8],_)``.
    public static func values(_ text: String, limits: Limits = Limits()) throws(YAMLError) -> [JSON] {
        try documents(text, limits: limits).map(\.value)
    }

    /// The one value of `text`: null when it is empty.
    ///
    /// - Throws: also when there is more than one document.
    public static func value(_ text: String, limits: Limits = Limits()) throws(YAMLError) -> JSON {
        let documents = try documents(text, limits: limits)
        if documents.count > 1 {
            throw YAMLError(line: documents[1].line, reason: "expected a single document, found another one")
        }
        return documents.first?.value ?? .null
    }

    /// The value as `kubectl get -o yaml` prints it, ending in a line feed.
    ///
    /// Keys are sorted, lists are not indented under their key, a string is quoted only when it would otherwise be
    /// read as something else, and one with line feeds is written as a block.
    public static func text(_ value: JSON) -> String {
        var writer = EventWriter()
        writer.write(value)
        return writer.finish()
    }

    /// The documents one after another, with `---` between them.
    public static func text(documents: [JSON]) -> String {
        documents.map { text($0) }.joined(separator: "---\n")
    }
}
