extension HTTP1Head {
    /// Appends the start line, the fields that were not removed, and the empty line.
    ///
    /// The version is always 1.1, which is what we speak (RFC 9110 §2.5), whatever the other side's was.
    public func write(to output: inout [UInt8]) {
        output.reserveCapacity(output.count + bytes.count + 16)
        if isRequest {
            output.append(method)
            output.append(ASCII.space)
            output.append(target)
            output.append(" HTTP/1.1\r\n".utf8.span)
        } else {
            output.append("HTTP/1.1 ".utf8.span)
            output.appendDecimal(status)
            output.append(ASCII.space)
            if reasonRange.isEmpty {
                output.append(contentsOf: HTTPResponseHead.reason(for: status).utf8)  // HTTP/2 has none.
            } else {
                output.append(reason)
            }
            output.append("\r\n".utf8.span)
        }
        writeFields(to: &output)
    }

    /// Appends the fields and the empty line: what ends a head, or chunks with trailers.
    public func writeFields(to output: inout [UInt8]) {
        var index = 0
        while index < fields.count {
            let field = fields[index]
            index += 1
            if field.isRemoved { continue }
            if field.lineEnd > 0 {
                // Lines that came one after the other go out with one copy.
                var end = field.lineEnd
                while index < fields.count, fields[index].nameStart == end, fields[index].isWholeLine {
                    end = fields[index].lineEnd
                    index += 1
                }
                output.append(bytes.span.extracting(Int(field.nameStart)..<Int(end)))
            } else {
                output.append(bytes.span.extracting(field.name))
                output.append(": ".utf8.span)
                output.append(bytes.span.extracting(field.value))
                output.append("\r\n".utf8.span)
            }
        }
        output.append("\r\n".utf8.span)
    }
}

/// Writes the framing of a chunked body (RFC 9112 §7.1).
public enum ChunkWriter {
    /// Appends what comes before `count` octets of data; `count` 0 would end the body and is left out.
    public static func begin(_ count: Int, to output: inout [UInt8]) {
        precondition(count > 0, "a chunk of no octets ends the body")
        var shift = (Int.bitWidth - 1 - count.leadingZeroBitCount) & ~3
        while shift >= 0 {
            let digit = UInt8(truncatingIfNeeded: count >> shift & 15)
            output.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
            shift -= 4
        }
        output.append("\r\n".utf8.span)
    }

    /// Appends what comes after the data of each chunk.
    public static func finish(to output: inout [UInt8]) { output.append("\r\n".utf8.span) }

    /// Appends one whole chunk; nothing for no data.
    public static func chunk(_ data: Span<UInt8>, to output: inout [UInt8]) {
        if data.isEmpty { return }
        begin(data.count, to: &output)
        output.append(data)
        finish(to: &output)
    }

    /// Appends the end of a body without trailers.
    public static func end(to output: inout [UInt8]) { output.append("0\r\n\r\n".utf8.span) }

    /// Appends the end of a body with `trailers`.
    public static func end(with trailers: HTTP1Head, to output: inout [UInt8]) {
        output.append("0\r\n".utf8.span)
        trailers.writeFields(to: &output)
    }
}

extension [UInt8] {
    /// Appends a copy of `span`.
    public mutating func append(_ span: Span<UInt8>) {
        unsafe span.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }

    /// Appends a number that is not negative in decimal.
    public mutating func appendDecimal(_ number: Int) {
        precondition(number >= 0, "only for numbers that are not negative")
        var divisor = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }
}
