/// The fields of a message in their order, looked up without regard to case (RFC 9110 §5).
public struct HTTPFields: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    public struct Field: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public private(set) var all: [Field] = []

    public init() {}
    public init(dictionaryLiteral elements: (String, String)...) {
        all = elements.map { Field(name: $0.0, value: $0.1) }
    }

    /// The value of the first field of that name; setting it leaves exactly one, setting nil none.
    public subscript(name: String) -> String? {
        get { all.first { Self.isEqual($0.name, name) }?.value }
        set {
            let first = all.firstIndex { Self.isEqual($0.name, name) }
            guard let newValue else { return all.removeAll { Self.isEqual($0.name, name) } }
            guard let first else { return append(name, newValue) }
            all[first].value = newValue
            for index in all.indices.reversed() where index > first && Self.isEqual(all[index].name, name) {
                all.remove(at: index)
            }
        }
    }

    /// The values of all fields of that name.
    public func values(_ name: String) -> [String] {
        all.filter { Self.isEqual($0.name, name) }.map(\.value)
    }

    public mutating func append(_ name: String, _ value: String) { all.append(Field(name: name, value: value)) }

    /// Whether some field of that name lists `token`, both without regard to case.
    public func lists(_ token: String, in name: String) -> Bool {
        values(name).contains { value in
            value.split(separator: ",").contains { element in
                let element = String(element)
                let range = ASCII.trimmed(element.utf8.span, 0..<element.utf8.count)
                return ASCII.equalsIgnoringCase(element.utf8.span.extracting(range), token.utf8.span)
            }
        }
    }

    /// Whether all names are tokens and no value has a control character, so that none can break out of its line.
    public var isValid: Bool {
        all.allSatisfy { field in
            !field.name.isEmpty && field.name.utf8.allSatisfy(ASCII.isToken)
                && field.value.utf8.allSatisfy(ASCII.isFieldContent)
        }
    }

    private static func isEqual(_ left: String, _ right: String) -> Bool {
        ASCII.equalsIgnoringCase(left.utf8.span, right.utf8.span)
    }
}

extension HTTPFields {
    /// A copy of the fields of a parsed head.
    init(_ head: HTTP1Head) {
        for index in head.fieldIndices where !head.isRemoved(at: index) {
            append(String(octets: head.name(at: index)), String(octets: head.value(at: index)))
        }
    }

    /// Appends the fields in the form of HTTP/1, without the empty line.
    func write(to output: inout [UInt8]) {
        for field in all {
            output += field.name.utf8
            output += ": ".utf8
            output += field.value.utf8
            output += "\r\n".utf8
        }
    }
}
