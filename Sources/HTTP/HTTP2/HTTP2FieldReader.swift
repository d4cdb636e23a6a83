/// Makes a head of the decoded fields of an HTTP/2 section (RFC 9113 §8.2, §8.3).
///
/// What comes out can be written as HTTP/1 and be read there as it was meant: names are tokens, values have no line ends,
/// there is one authority, and the framing is decided by frames. nghttp2 checks most of that too; here is where nothing
/// passes.
struct HTTP2FieldReader {
    private(set) var fault: HTTP2Fault?
    private var octets = 0
    private var fieldCount = 0
    private var cookies = 0
    private let settings: HTTP2Settings

    init(_ settings: HTTP2Settings) { self.settings = settings }

    /// How many times over the section is larger than it may be; 0 for one that fits.
    var excess: Int { octets / (settings.headOctets + 1) }

    /// Takes the next field of the section.
    mutating func receive(_ name: Span<UInt8>, _ value: Span<UInt8>, into head: inout HTTP1Head) {
        octets += name.count + value.count + 32  // As RFC 9113 §6.5.2 counts.
        fieldCount += 1
        if octets > settings.headOctets { fault = .headTooLarge }
        if fieldCount > settings.fields { fault = fault ?? .tooManyFields }
        if fault != nil { return }
        if !name.isEmpty, name[0] == UInt8(ascii: ":") { return receivePseudo(name, value, &head) }
        guard Self.isName(name) else { return refuse(.invalidFieldName) }
        guard Self.isValue(value) else { return refuse(.invalidFieldValue) }
        let id = FieldID(name: name)
        switch id {
        case .connection, .keepAlive, .proxyConnection, .transferEncoding, .upgrade:
            return refuse(.connectionSpecificField)
        case .te where !ASCII.equalsIgnoringCase(value, lowercase: "trailers".utf8.span):
            return refuse(.connectionSpecificField)
        case .host: return receiveAuthority(value, &head)
        case .cookie: cookies += 1
        default: break
        }
        head.receiveField(name, value)
    }

    private mutating func receivePseudo(_ name: Span<UInt8>, _ value: Span<UInt8>, _ head: inout HTTP1Head) {
        guard name.count >= 5, Self.isValue(value) else { return refuse(.invalidFieldValue) }
        switch (name[1], name[2]) {
        case (UInt8(ascii: "m"), _):
            head.methodRange = head.appendedText(value)
            head.methodID = HTTPMethod(name: value)
        case (UInt8(ascii: "p"), UInt8(ascii: "a")): head.targetRange = head.appendedText(value)
        case (UInt8(ascii: "p"), _): head.protocolRange = head.appendedText(value)
        case (UInt8(ascii: "a"), _): receiveAuthority(value, &head)
        case (UInt8(ascii: "s"), UInt8(ascii: "c")):
            if ASCII.equalsIgnoringCase(value, lowercase: "https".utf8.span) {
                head.sentScheme = .https
            } else if ASCII.equalsIgnoringCase(value, lowercase: "http".utf8.span) {
                head.sentScheme = .http
            } else {
                refuse(.invalidScheme)
            }
        case (UInt8(ascii: "s"), _): receiveStatus(value, &head)
        default: break
        }
    }

    private mutating func receiveAuthority(_ value: Span<UInt8>, _ head: inout HTTP1Head) {
        if let index = head.firstIndex(of: .host) {
            if !ASCII.equalsIgnoringCase(head.value(at: index), value) { refuse(.contradictingHost) }
            return
        }
        guard RequestTarget.isAuthority(value) else { return refuse(.invalidAuthority) }
        head.receiveField("host".utf8.span, value)
    }

    private mutating func receiveStatus(_ value: Span<UInt8>, _ head: inout HTTP1Head) {
        guard value.count == 3 else { return refuse(.invalidStatus) }
        var code = 0
        for index in value.indices {
            let digit = value[index] &- UInt8(ascii: "0")
            if digit > 9 { return refuse(.invalidStatus) }
            code = code * 10 + Int(digit)
        }
        if code < 100 { return refuse(.invalidStatus) }
        head.status = code
    }

    private mutating func refuse(_ fault: HTTP2Fault) { self.fault = self.fault ?? fault }

    // The end of the section

    /// Completes the head of a request.
    ///
    /// - Parameter isEnd: Whether the frame said that there is no body.
    mutating func finishRequest(_ head: inout HTTP1Head, isEnd: Bool) {
        head.version = .http2
        if fault != nil { return }
        if head.method.isEmpty || !Self.isToken(head.method) { return refuse(.invalidMethod) }
        if !head.contains(.host) { return refuse(.missingAuthority) }
        // It becomes the value of an Upgrade field, which must not bring back what those are refused for.
        if let proto = head.connectProtocol, !Self.isToken(proto.utf8.span) || proto.lowercased().hasPrefix("h2") {
            return refuse(.invalidFieldValue)
        }
        let isPlainConnect = head.methodID == .connect && head.protocolRange.isEmpty
        if !isPlainConnect {
            guard head.sentScheme != nil else { return refuse(.invalidScheme) }
            let method = head.methodID == .connect ? .get : head.methodID
            guard RequestTarget.isValid(head.target, of: method),
                head.target[0] == UInt8(ascii: "/") || head.target[0] == UInt8(ascii: "*")
            else { return refuse(.invalidPath) }
        }
        if cookies > 1 { head.joinCookies() }
        decideFraming(&head, isEnd: isEnd)
    }

    /// Completes the head of a response to a request made with `method`.
    mutating func finishResponse(_ head: inout HTTP1Head, to method: HTTPMethod, isEnd: Bool) {
        head.version = .http2
        if fault != nil { return }
        if head.status == 101 { return refuse(.invalidStatus) }  // RFC 9113 §8.6
        decideFraming(&head, isEnd: isEnd || method == .head || head.status == 204 || head.status == 304)
    }

    private mutating func decideFraming(_ head: inout HTTP1Head, isEnd: Bool) {
        do {
            let length = try head.contentLength()
            head.framing = isEnd ? .none : length.map { $0 == 0 ? .none : .length($0) } ?? .chunked
        } catch {
            refuse(.invalidContentLength)
        }
    }

    // Octets

    private static func isToken(_ text: Span<UInt8>) -> Bool {
        for index in text.indices where !ASCII.isToken(text[index]) { return false }
        return true
    }

    private static func isName(_ name: Span<UInt8>) -> Bool {
        if name.isEmpty { return false }
        for index in name.indices where !ASCII.isToken(name[index]) || ASCII.lowercase(name[index]) != name[index] {
            return false
        }
        return true
    }

    private static func isValue(_ value: Span<UInt8>) -> Bool {
        if value.isEmpty { return true }
        if ASCII.isSpace(value[0]) || ASCII.isSpace(value[value.count - 1]) { return false }
        for index in value.indices where !ASCII.isFieldContent(value[index]) { return false }
        return true
    }
}

extension HTTP1Head {
    /// Adds a field in the form of an HTTP/1 line, so that it can be copied on as it is.
    mutating func receiveField(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        let name = appendedText(name)
        append(": ".utf8.span)
        let value = appendedText(value)
        append("\r\n".utf8.span)
        record(name: name, value: value, lineEnd: bytes.count)
    }

    mutating func appendedText(_ text: Span<UInt8>) -> Range<Int> {
        let start = bytes.count
        append(text)
        return start..<bytes.count
    }

    /// Makes one Cookie field of several, which HTTP/2 clients split to compress them better (RFC 9113 §8.2.3).
    mutating func joinCookies() {
        var joined: [UInt8] = []
        for index in fields.indices where fields[index].id == .cookie {
            if !joined.isEmpty { joined.append("; ".utf8.span) }
            joined.append(value(at: index))
        }
        set(.cookie, to: joined.span)
    }
}

extension HTTP1Head {
    /// The protocol that an extended CONNECT of HTTP/2 asks for (RFC 8441 §4); nil in other requests.
    public var connectProtocol: String? {
        protocolRange.isEmpty ? nil : String(octets: bytes.span.extracting(protocolRange))
    }

    /// Makes the GET of HTTP/1 that an extended CONNECT stands for (RFC 8441 §5).
    public mutating func becomeUpgradeRequest() {
        methodRange = appendedText("GET".utf8.span)
        methodID = .get
        framing = .none
    }

    /// Makes another response of it: a switch of protocols is 101 in HTTP/1 and 200 in HTTP/2.
    public mutating func changeStatus(to status: Int, framing: BodyFraming) {
        self.status = status
        self.framing = framing
        reasonRange = 0..<0
    }
}
