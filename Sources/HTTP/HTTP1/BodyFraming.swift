/// How the end of a message's body is found (RFC 9112 §6.3).
public enum BodyFraming: Hashable, Sendable {
    /// There is no body.
    case none
    /// Exactly so many octets, more than 0.
    case length(Int)
    /// Chunks, then trailers.
    case chunked
    /// All until the peer closes; only in responses.
    case untilClose
    /// The connection is no longer HTTP: CONNECT was accepted, or the protocol switched.
    case tunnel
}

extension HTTP1Head {
    /// Decides on the body of a request (RFC 9112 §6.3), refusing all that two readers could understand differently.
    mutating func decideRequestFraming() throws(HTTP1Error) {
        framing = try declaredFraming(otherwise: .none)
    }

    /// Decides on the body of a response to a request made with `method`.
    mutating func decideResponseFraming(to method: HTTPMethod) throws(HTTP1Error) {
        let hasNoBody = status < 200 || status == 204
        if hasNoBody {
            if contains(.transferEncoding) { throw .misplacedTransferEncoding }
            if let length = try contentLength(), length != 0 { throw .misplacedContentLength }
        }
        if status == 101 || (method == .connect && status / 100 == 2) {
            framing = .tunnel
        } else if hasNoBody || status == 304 || method == .head {
            _ = try declaredFraming(otherwise: .none)  // Still must not contradict itself.
            framing = .none
        } else {
            framing = try declaredFraming(otherwise: .untilClose)
        }
    }

    private func declaredFraming(otherwise framing: BodyFraming) throws(HTTP1Error) -> BodyFraming {
        if let index = firstIndex(of: .transferEncoding) {
            if version == .http10 { throw .misplacedTransferEncoding }
            if contains(.contentLength) { throw .contentLengthWithTransferEncoding }
            let isAlone = firstIndex(of: .transferEncoding, from: index + 1) == nil
            guard isAlone, ASCII.equalsIgnoringCase(value(at: index), lowercase: "chunked".utf8.span) else {
                throw .unsupportedTransferEncoding
            }
            return .chunked
        }
        guard let length = try contentLength() else { return framing }
        return length == 0 ? .none : .length(length)
    }

    /// The declared length; nil without the field.
    public func contentLength() throws(HTTP1Error) -> Int? {
        guard let index = firstIndex(of: .contentLength) else { return nil }
        if firstIndex(of: .contentLength, from: index + 1) != nil { throw .duplicateContentLength }
        let digits = value(at: index)
        // 18 digits always fit 63 bits; nobody sends an exabyte.
        guard (1...18).contains(digits.count) else { throw .invalidContentLength }
        var length = 0
        for index in digits.indices {
            let digit = digits[index] &- UInt8(ascii: "0")
            if digit > 9 { throw .invalidContentLength }
            length = length * 10 + Int(digit)
        }
        return length
    }

    /// Reads what the Connection fields list into ``options``.
    mutating func readConnectionOptions() {
        var options: ConnectionOptions = []
        var next = firstIndex(of: .connection)
        while let index = next {
            let list = value(at: index)
            ASCII.forEachElement(of: list) { range in
                let element = list.extracting(range)
                if ASCII.equalsIgnoringCase(element, lowercase: "close".utf8.span) { options.insert(.close) }
                if ASCII.equalsIgnoringCase(element, lowercase: "keep-alive".utf8.span) { options.insert(.keepAlive) }
                if ASCII.equalsIgnoringCase(element, lowercase: "upgrade".utf8.span) { options.insert(.upgrade) }
            }
            next = firstIndex(of: .connection, from: index + 1)
        }
        self.options = options
    }

    /// Refuses a request that does not say for whom it is, or says it twice (RFC 9112 §3.2).
    func checkHost() throws(HTTP1Error) {
        guard let index = firstIndex(of: .host) else {
            if version == .http10 { return }
            throw .missingHost
        }
        if firstIndex(of: .host, from: index + 1) != nil { throw .duplicateHost }
        let host = value(at: index)
        if !host.isEmpty && !RequestTarget.isAuthority(host) { throw .invalidHost }
    }
}
