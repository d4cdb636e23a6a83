internal import Base

extension AccessLogEntry {
    /// Appends one value as text; what is missing prints as `-`.
    func append(_ value: AccessLogFormat.Operator, to line: inout [UInt8]) {
        switch value {
        case .startTime: line += start.formatted(fractionDigits: 3).utf8
        case .status: line.appendDecimal(status)
        case .bytesReceived: line.appendDecimal(bytesReceived)
        case .bytesSent: line.appendDecimal(bytesSent)
        case .duration: line.appendDecimal(duration.milliseconds)
        case .upstreamServiceTime:
            guard let upstreamServiceTime else { return line.append(UInt8(ascii: "-")) }
            line.appendDecimal(upstreamServiceTime)
        case .flag: line += flag.text.utf8
        case .upstreamFailure: append(LocalReply.underscored(upstreamFailure), to: &line)
        default: append(text(value), to: &line)
        }
    }

    /// Appends text that a peer may have written: no control character and no quote may forge another line or column.
    private func append(_ text: String, to line: inout [UInt8]) {
        if text.isEmpty { return line.append(UInt8(ascii: "-")) }
        for byte in text.utf8 {
            switch byte {
            case 0..<0x20, 0x7f: line += "\\x\(Hex.encode([byte]))".utf8
            case UInt8(ascii: "\""): line += "\\\"".utf8
            default: line.append(byte)
            }
        }
    }

    /// The value of a textual operator; empty when it is missing.
    func text(_ value: AccessLogFormat.Operator) -> String {
        switch value {
        case .method: method
        case .path: path
        case .httpVersion: httpVersion
        case .details: details
        case .terminationDetails: terminationDetails
        case .upstreamFailure: upstreamFailure
        case .forwardedFor: forwardedFor
        case .userAgent: userAgent
        case .requestID: requestID
        case .authority: authority
        case .upstreamHost: upstreamHost
        case .cluster: cluster
        case .upstreamLocalAddress: upstreamLocalAddress
        case .downstreamLocalAddress: downstreamLocalAddress
        case .downstreamRemoteAddress: downstreamRemoteAddress
        case .serverName: serverName
        case .tlsVersion: tlsVersion
        case .tlsCipher: tlsCipher
        case .downstreamFailure: downstreamFailure
        case .routeName: routeName
        case .tlsReason: tlsReason
        case .requestHeader(let name): requestHeader(name) ?? ""
        case .responseHeader(let name): responseHeader(name) ?? ""
        default: ""
        }
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}

extension [UInt8] {
    /// Appends a number's decimal digits without making a string.
    mutating func appendDecimal(_ number: Int) {
        if number < 0 { append(UInt8(ascii: "-")) }
        var rest = number.magnitude
        let start = count
        repeat {
            append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        self[start...].reverse()
    }
}
