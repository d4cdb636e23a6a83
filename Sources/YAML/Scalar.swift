internal import JSON

/// Why a scalar has no value.
struct ScalarError: Error { let reason: String }

extension Scalar {
    private static let core = "tag:yaml.org,2002:"

    /// Whether this, as a key, stands for the members of its value (YAML 1.1 merge key).
    var isMergeKey: Bool { isPlain && text == "<<" && (tag == nil || tag == Self.core + "merge") }

    /// What the scalar means: its tag decides, else a plain scalar is what it looks like, and others are strings.
    var value: JSON {
        get throws(ScalarError) {
            switch tag {
            case nil: return isPlain ? try finite(PlainScalar.value(text)) : .string(text)
            case "!", Self.core + "str": return .string(text)
            case Self.core + "null", Self.core + "bool", Self.core + "int", Self.core + "float":
                let value = try finite(PlainScalar.value(text))
                if case .string = value { throw ScalarError(reason: "cannot decode '\(text)' as its tag says") }
                return value
            case .some(let tag): throw ScalarError(reason: "tag '\(tag)' is not supported")
            }
        }
    }

    private func finite(_ value: JSON) throws(ScalarError) -> JSON {
        if case .double(let number) = value, !number.isFinite {
            throw ScalarError(reason: "'\(text)' is no number in JSON; quote it to make it a string")
        }
        return value
    }
}

/// What a scalar without quotes stands for (YAML 1.1 as go-yaml v2 reads it).
enum PlainScalar {
    private static let words: [String: JSON] = {
        var words: [String: JSON] = ["": .null, "~": .null, "null": .null, "Null": .null, "NULL": .null]
        for (name, value) in [("y", true), ("yes", true), ("true", true), ("on", true)] {
            for spelling in spellings(name) { words[spelling] = .bool(value) }
        }
        for (name, value) in [("n", false), ("no", false), ("false", false), ("off", false)] {
            for spelling in spellings(name) { words[spelling] = .bool(value) }
        }
        for sign in ["", "+", "-"] {
            for name in [".inf", ".Inf", ".INF"] { words[sign + name] = .double(sign == "-" ? -.infinity : .infinity) }
        }
        for name in [".nan", ".NaN", ".NAN"] { words[name] = .double(.nan) }
        return words
    }()

    private static func spellings(_ word: String) -> [String] {
        [word, word.prefix(1).uppercased() + word.dropFirst(), word.uppercased()]
    }

    static func value(_ text: String) -> JSON {
        guard let first = text.utf8.first else { return .null }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            return words[text] ?? number(text) ?? .string(text)
        case UInt8(ascii: "~"): return words[text] ?? .string(text)
        default:
            // No word is longer than this; most strings are.
            return text.utf8.count <= 5 ? words[text] ?? .string(text) : .string(text)
        }
    }

    private static func number(_ text: String) -> JSON? {
        var digits = Array(text.utf8)
        if digits.first != UInt8(ascii: ".") { digits.removeAll { $0 == UInt8(ascii: "_") } }
        if let whole = whole(digits[...]) { return whole }
        guard isDecimal(digits[...]), let number = Double(String(decoding: digits, as: UTF8.self)) else { return nil }
        // `1e3` and `08` are whole numbers to whoever reads the JSON that they become.
        if number.magnitude < 1e15, let whole = Int64(exactly: number) {
            return .int(whole)
        }
        return .double(number)
    }

    /// `[-+]? (0x | 0o | 0b | 0)? digits`; what does not fit 64 bits becomes a floating-point number.
    private static func whole(_ text: ArraySlice<UInt8>) -> JSON? {
        var digits = text
        var isNegative = false
        if let sign = digits.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            digits = digits.dropFirst()
        }
        var radix = 10
        if digits.count > 1, digits.first == UInt8(ascii: "0") {
            switch digits[digits.startIndex + 1] | 0x20 {
            case UInt8(ascii: "x"): (radix, digits) = (16, digits.dropFirst(2))
            case UInt8(ascii: "o"): (radix, digits) = (8, digits.dropFirst(2))
            case UInt8(ascii: "b"): (radix, digits) = (2, digits.dropFirst(2))
            default: (radix, digits) = (8, digits.dropFirst())
            }
        }
        guard let first = digits.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "+") else { return nil }
        let unsigned = String(decoding: digits, as: UTF8.self)
        if let value = Int64((isNegative ? "-" : "") + unsigned, radix: radix) { return .int(value) }
        guard !isNegative, let value = UInt64(unsigned, radix: radix) else { return nil }
        return .double(Double(value))
    }

    /// `[-+]? (. digits | digits (. digits*)?) ([eE] [-+]? digits)?`.
    private static func isDecimal(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text
        func skipDigits() -> Int {
            let before = rest.count
            rest = rest.drop { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            return before - rest.count
        }
        func skip(_ first: UInt8, _ second: UInt8) -> Bool {
            guard rest.first == first || rest.first == second else { return false }
            rest = rest.dropFirst()
            return true
        }
        _ = skip(UInt8(ascii: "+"), UInt8(ascii: "-"))
        let wholeDigits = skipDigits()
        if skip(UInt8(ascii: "."), UInt8(ascii: ".")) {
            let fractionDigits = skipDigits()
            guard wholeDigits > 0 || fractionDigits > 0 else { return false }
        } else if wholeDigits == 0 {
            return false
        }
        if skip(UInt8(ascii: "e"), UInt8(ascii: "E")) {
            _ = skip(UInt8(ascii: "+"), UInt8(ascii: "-"))
            guard skipDigits() > 0 else { return false }
        }
        return rest.isEmpty
    }

    /// Whether the text, unquoted, reads as the same string again.
    static func readsAsString(_ text: String) -> Bool {
        guard case .string = value(text) else { return false }
        return text != "<<" && !isSexagesimal(text) && !isTimestamp(text)
    }

    /// `12:30:45.6`, which YAML 1.1 takes for a number; quoted for the sake of other readers.
    private static func isSexagesimal(_ text: String) -> Bool {
        guard text.utf8.contains(UInt8(ascii: ":")), let first = text.utf8.first,
            first == UInt8(ascii: "-") || first == UInt8(ascii: "+") || (0x30...0x39).contains(first)
        else { return false }
        let unsigned = (0x30...0x39).contains(first) ? text[...] : text.dropFirst()
        let parts = unsigned.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count > 1, let last = parts.last else { return false }
        func isDigits(_ text: Substring, atMost count: Int) -> Bool {
            !text.isEmpty && text.utf8.count <= count
                && text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x5f }
        }
        let seconds = last.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard isDigits(parts[0], atMost: .max), isDigits(seconds[0], atMost: 2) else { return false }
        let fraction = seconds.count > 1 ? seconds[1] : ""
        return parts[1..<(parts.count - 1)].allSatisfy { isDigits($0, atMost: 2) }
            && (fraction.isEmpty || isDigits(fraction, atMost: .max))
    }

    /// `2024-01-02` or `2024-01-02T03:04:05Z`, which YAML 1.1 takes for a moment.
    private static func isTimestamp(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        guard bytes.count >= 8, bytes[0..<4].allSatisfy(isDigit), bytes[4] == UInt8(ascii: "-") else { return false }
        let month = bytes[5...].prefix(while: isDigit)
        let afterMonth = bytes[(5 + month.count)...]
        guard (1...2).contains(month.count), afterMonth.first == UInt8(ascii: "-") else { return false }
        let day = afterMonth.dropFirst().prefix(while: isDigit)
        guard (1...2).contains(day.count) else { return false }
        let rest = afterMonth.dropFirst(1 + day.count)
        guard let separator = rest.first else { return true }
        return (separator | 0x20 == UInt8(ascii: "t") || separator == 0x20)
            && rest.dropFirst().first.map(isDigit) == true
            && rest.contains(UInt8(ascii: ":"))
    }
}
