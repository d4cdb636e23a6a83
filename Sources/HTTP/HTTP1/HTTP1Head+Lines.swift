extension HTTP1Head {
    /// Parses `METHOD SP target SP HTTP/1.x` (RFC 9112 §3).
    mutating func parseRequestLine(_ line: Range<Int>) throws(HTTP1Error) {
        let index = endOfToken(in: line)
        if index == line.lowerBound { throw .invalidMethod }
        guard index < line.upperBound, bytes[index] == ASCII.space else { throw .invalidMethod }
        methodRange = line.lowerBound..<index
        methodID = HTTPMethod(name: method)
        // The version has eight octets and a space before it.
        let versionStart = line.upperBound - 8
        guard versionStart > index + 1, bytes[versionStart - 1] == ASCII.space else { throw .invalidRequestLine }
        targetRange = index + 1..<versionStart - 1
        guard RequestTarget.isValid(target, of: methodID) else { throw .invalidTarget }
        version = try parseVersion(at: versionStart, otherwise: .invalidRequestLine)
    }

    /// Parses `HTTP/1.x SP code SP reason`; the last space may be missing when the reason is (RFC 9112 §4).
    mutating func parseStatusLine(_ line: Range<Int>) throws(HTTP1Error) {
        guard line.count >= 12 else { throw .invalidStatusLine }
        let start = line.lowerBound
        version = try parseVersion(at: start, otherwise: .invalidStatusLine)
        guard bytes[start + 8] == ASCII.space else { throw .invalidStatusLine }
        var code = 0
        for index in start + 9..<start + 12 {
            let digit = bytes[index] &- UInt8(ascii: "0")
            if digit > 9 { throw .invalidStatusLine }
            code = code * 10 + Int(digit)
        }
        guard code >= 100 else { throw .invalidStatusLine }
        status = code
        if line.count == 12 { return }
        guard bytes[start + 12] == ASCII.space else { throw .invalidStatusLine }
        reasonRange = start + 13..<line.upperBound
        guard isFieldContent(reasonRange) else { throw .invalidStatusLine }
    }

    private func parseVersion(at start: Int, otherwise error: HTTP1Error) throws(HTTP1Error) -> Version {
        let text = bytes.span.extracting(start..<start + 8)
        guard ASCII.equals(text.extracting(0..<5), "HTTP/".utf8.span), text[6] == UInt8(ascii: "."),
            text[5] &- UInt8(ascii: "0") <= 9, text[7] &- UInt8(ascii: "0") <= 9
        else { throw error }
        guard text[5] == UInt8(ascii: "1") else { throw .unsupportedVersion }
        switch text[7] {
        case UInt8(ascii: "0"): return .http10
        case UInt8(ascii: "1"): return .http11
        default: throw .unsupportedVersion
        }
    }

    /// Parses `name: value` (RFC 9112 §5).
    mutating func parseField(_ line: Range<Int>, limit: Int) throws(HTTP1Error) {
        if ASCII.isSpace(bytes[line.lowerBound]) { throw .foldedField }
        if fields.count >= limit { throw .tooManyFields }
        let colon = endOfToken(in: line)
        guard colon > line.lowerBound, colon < line.upperBound, bytes[colon] == UInt8(ascii: ":") else {
            throw .invalidFieldName
        }
        let value = ASCII.trimmed(bytes.span, colon + 1..<line.upperBound)
        guard isFieldContent(value) else { throw .invalidFieldValue }
        record(name: line.lowerBound..<colon, value: value, lineEnd: line.upperBound + 2)
    }

    /// The position after the token that the line begins with.
    private func endOfToken(in line: Range<Int>) -> Int {
        let text = bytes.span.extracting(line)
        var count = 0
        while count < text.count, ASCII.isToken(text[count]) { count += 1 }
        return line.lowerBound + count
    }

    private func isFieldContent(_ range: Range<Int>) -> Bool {
        let text = bytes.span.extracting(range)
        // Without an early exit, so that the compiler checks many octets at once.
        var faults: UInt8 = 0
        for index in text.indices {
            let byte = text[index]
            let isControl: UInt8 = byte < 0x20 ? 1 : 0
            let isTab: UInt8 = byte == ASCII.tab ? 1 : 0
            let isDelete: UInt8 = byte == 0x7f ? 1 : 0
            faults |= (isControl ^ isTab) | isDelete
        }
        return faults == 0
    }

    mutating func record(name: Range<Int>, value: Range<Int>, lineEnd: Int) {
        record(FieldID(name: bytes.span.extracting(name)), name: name, value: value, lineEnd: lineEnd)
    }

    /// Notes a field whose name was looked up already.
    mutating func record(_ id: FieldID, name: Range<Int>, value: Range<Int>, lineEnd: Int) {
        seen |= 1 << UInt64(id.rawValue)
        fields.append(
            Field(
                nameStart: UInt32(truncatingIfNeeded: name.lowerBound),
                nameCount: UInt32(truncatingIfNeeded: name.count),
                valueStart: UInt32(truncatingIfNeeded: value.lowerBound),
                valueCount: UInt32(truncatingIfNeeded: value.count),
                lineEnd: UInt32(truncatingIfNeeded: lineEnd),
                id: id
            )
        )
    }
}
