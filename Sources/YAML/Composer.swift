internal import JSON

/// Builds values from events, within limits.
struct Composer: ~Copyable {
    /// A value and what it costs to repeat it.
    private struct Node {
        var value: JSON
        /// The values it consists of, itself included.
        var size: Int
    }

    private var reader: EventReader
    private let limits: YAML.Limits
    private var anchors: [String: Node] = [:]
    private var values = 0
    private var repeatedValues = 0

    init(_ text: [UInt8], limits: YAML.Limits) {
        reader = EventReader(text)
        self.limits = limits
    }

    mutating func documents() throws(YAMLError) -> [YAML.Document] {
        var documents: [YAML.Document] = []
        while true {
            switch try reader.next() {
            case .streamEnd: return documents
            case .documentStart:
                anchors = [:]
                let event = try reader.next()
                let line = reader.line
                let value = try node(event, depth: 0).value
                if !value.isNull { documents.append(YAML.Document(value: value, line: line)) }
            default: continue
            }
        }
    }

    private func error(_ reason: String, line: Int? = nil) -> YAMLError {
        YAMLError(line: line ?? reader.line, reason: reason)
    }

    private mutating func node(_ event: Event, depth: Int) throws(YAMLError) -> Node {
        values += 1
        guard values <= limits.values else { throw error("more than \(limits.values) values") }
        guard depth <= limits.depth else { throw error("nested more than \(limits.depth) levels deep") }
        switch event {
        case .alias(let name): return try alias(name)
        case .scalar(let scalar):
            let node = Node(value: try value(of: scalar), size: 1)
            if let anchor = scalar.anchor { anchors[anchor] = node }
            return node
        case .sequenceStart(let anchor):
            let node = try sequence(depth: depth)
            if let anchor { anchors[anchor] = node }
            return node
        case .mappingStart(let anchor):
            let node = try mapping(depth: depth)
            if let anchor { anchors[anchor] = node }
            return node
        default: throw error("did not find expected node content")
        }
    }

    private mutating func alias(_ name: String) throws(YAMLError) -> Node {
        guard let node = anchors[name] else { throw error("unknown anchor '\(name)' referenced") }
        repeatedValues += node.size
        values += node.size
        guard repeatedValues <= limits.repeatedValues else {
            throw error("aliases repeat more than \(limits.repeatedValues) values")
        }
        return node
    }

    private func value(of scalar: Scalar) throws(YAMLError) -> JSON {
        do {
            return try scalar.value
        } catch {
            throw self.error(error.reason)
        }
    }

    private mutating func sequence(depth: Int) throws(YAMLError) -> Node {
        var elements: [JSON] = []
        var size = 1
        while true {
            let event = try reader.next()
            if case .sequenceEnd = event { return Node(value: .array(elements), size: size) }
            let element = try node(event, depth: depth + 1)
            elements.append(element.value)
            size += element.size
        }
    }

    private mutating func mapping(depth: Int) throws(YAMLError) -> Node {
        var members: [String: JSON] = [:]
        var merged: [String: JSON] = [:]
        var size = 1
        while true {
            let event = try reader.next()
            if case .mappingEnd = event { break }
            let line = reader.line
            let isMerge = if case .scalar(let scalar) = event { scalar.isMergeKey } else { false }
            let key = try node(event, depth: depth + 1)
            let value = try node(try reader.next(), depth: depth + 1)
            size += value.size
            if isMerge {
                try merge(value.value, into: &merged, line: line)
            } else {
                let name = try memberName(key.value, line: line)
                guard members.updateValue(value.value, forKey: name) == nil else {
                    throw error("key \"\(name)\" already set in map", line: line)
                }
            }
        }
        if !merged.isEmpty { members.merge(merged) { own, _ in own } }
        return Node(value: .object(members), size: size)
    }

    /// Adds the members that `<<` brings; of two that bring the same member the first counts.
    private func merge(_ value: JSON, into merged: inout [String: JSON], line: Int) throws(YAMLError) {
        switch value {
        case .object(let members): merged.merge(members) { first, _ in first }
        case .array(let elements):
            for element in elements {
                guard case .object(let members) = element else {
                    throw error("map merge requires map or sequence of maps as the value", line: line)
                }
                merged.merge(members) { first, _ in first }
            }
        default: throw error("map merge requires map or sequence of maps as the value", line: line)
        }
    }

    private func memberName(_ key: JSON, line: Int) throws(YAMLError) -> String {
        switch key {
        case .string(let name): return name
        case .int, .double, .bool: return key.text()
        default: throw error("a map key must be a string, not \(key.typeName)", line: line)
        }
    }
}
