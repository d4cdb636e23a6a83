public import Base

extension LabelSelector {
    /// Reads kubectl's syntax: `app=sleep,version!=v1,tier in (a, b),track notin (c),canary,!old,n>3`.
    ///
    /// - Throws: ``MeshError`` `.invalidConfiguration`, with what the API server would say.
    public init(parsing text: String) throws(MeshError) {
        var parser = Parser(text)
        requirements = try parser.requirements()
    }
}

private struct Parser {
    private let bytes: [UInt8]
    private var index = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    mutating func requirements() throws(MeshError) -> [LabelSelector.Requirement] {
        var result: [LabelSelector.Requirement] = []
        skipSpace()
        if index == bytes.count { return [] }
        while true {
            result.append(try requirement())
            if index == bytes.count { return result }
            guard take(",") else {
                throw MeshError(.invalidConfiguration, "found '\(token)', expected: ',' or 'end of string'")
            }
        }
    }

    private mutating func requirement() throws(MeshError) -> LabelSelector.Requirement {
        if take("!") { return .doesNotExist(try key()) }
        let key = try key()
        if take("!=") { return .isNotIn(key, [try value()]) }
        if take("==") || take("=") { return .isIn(key, [try value()]) }
        if take(">") { return .isGreater(key, than: try number()) }
        if take("<") { return .isLess(key, than: try number()) }
        if takeWord("notin") { return .isNotIn(key, try values()) }
        if takeWord("in") { return .isIn(key, try values()) }
        return .exists(key)
    }

    private mutating func key() throws(MeshError) -> String {
        let key = word()
        guard Self.isKey(key) else {
            throw error(
                key.isEmpty ? "found '\(token)', expected: '!', identifier" : "'\(key)' is not the name of a label"
            )
        }
        return key
    }

    private mutating func value() throws(MeshError) -> String {
        let value = word()
        guard Self.isValue(value) else { throw error("'\(value)' is not the value of a label") }
        return value
    }

    private mutating func number() throws(MeshError) -> Int64 {
        let text = word()
        guard let number = Int64(text) else { throw error("for 'Gt', 'Lt' operators, the value must be an integer") }
        return number
    }

    private mutating func values() throws(MeshError) -> Set<String> {
        guard take("(") else { throw error("found '\(token)', expected: '('") }
        var values: Set<String> = []
        while true {
            values.insert(try value())
            if take(")") { return values }
            guard take(",") else { throw error("found '\(token)', expected: ',' or ')'") }
        }
    }

    /// Takes the letters, digits and `-_./` that come next, and the space after them.
    private mutating func word() -> String {
        let start = index
        while index < bytes.count, Self.isNameByte(bytes[index]) || bytes[index] == UInt8(ascii: "/") { index += 1 }
        let word = String(decoding: bytes[start..<index], as: UTF8.self)
        skipSpace()
        return word
    }

    private mutating func take(_ token: String) -> Bool {
        guard bytes[index...].starts(with: token.utf8) else { return false }
        index += token.utf8.count
        skipSpace()
        return true
    }

    private mutating func takeWord(_ token: String) -> Bool {
        let start = index
        if word() == token { return true }
        index = start
        return false
    }

    private mutating func skipSpace() {
        while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
    }

    /// What comes next, for an error: a run of operators, or of what is none.
    private var token: String {
        let operators = "=!<>(),".utf8
        guard let first = bytes[index...].first else { return "" }
        let isOperator = operators.contains(first)
        let run = bytes[index...].prefix { operators.contains($0) == isOperator && $0 != 0x20 && $0 != 0x09 }
        return String(decoding: run, as: UTF8.self)
    }

    private func error(_ reason: String) -> MeshError {
        MeshError(.invalidConfiguration, "unable to parse requirement: \(reason)")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
        default: isAlphanumeric(byte)
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    /// Whether `text` may be a label's value: at most 63 octets, an alphanumeric one at either end; or empty.
    private static func isValue(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return true }
        return text.utf8.count <= 63 && isAlphanumeric(first) && isAlphanumeric(last)
            && text.utf8.allSatisfy(isNameByte)
    }

    /// Whether `text` may be a label's name: like a value but not empty, after an optional DNS prefix and a slash.
    private static func isKey(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let name = parts.last, !name.isEmpty, parts.count <= 2, isValue(String(name)) else { return false }
        return parts.count == 1 || (!parts[0].isEmpty && parts[0].utf8.count <= 253)
    }
}
