extension HTTP1Head {
    /// Begins an empty response of our own.
    public mutating func removeAll(beginning status: Int, reason: String) {
        removeAll()
        self.status = status
        bytes.append(contentsOf: reason.utf8)
        reasonRange = 0..<bytes.count
    }

    /// Begins an empty request of our own.
    public mutating func removeAll(beginning method: String, target: Span<UInt8>) {
        removeAll()
        bytes.append(contentsOf: method.utf8)
        methodRange = 0..<bytes.count
        methodID = HTTPMethod(method)
        setTarget(target)
    }

    /// Replaces the request target.
    public mutating func setTarget(_ target: Span<UInt8>) {
        targetRange = appendedRange(target)
    }

    /// Gives a request of HTTP/1.0 that does not say for whom it is the field that it needs to go on in HTTP/1.1: an empty
    /// Host, which says just that (RFC 9112 §3.2).
    public mutating func completeHost() { if version == .http10, !contains(.host) { append(.host, "") } }

    /// Adds a field after the others.
    ///
    /// Name and value must be valid, which ``HTTPFields`` checks for text of others.
    public mutating func append(_ name: Span<UInt8>, _ value: Span<UInt8>) { append(FieldID(name: name), name, value) }
    public mutating func append(_ id: FieldID, _ value: Span<UInt8>) { append(id, id.name.utf8.span, value) }
    public mutating func append(_ id: FieldID, _ value: String) { append(id, id.name.utf8.span, value.utf8.span) }

    /// Adds the whole line, so that it is written with those before it in one copy.
    private mutating func append(_ id: FieldID, _ name: Span<UInt8>, _ value: Span<UInt8>) {
        bytes.reserveCapacity(bytes.count + name.count + value.count + 4)
        let name = appendedRange(name)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(ASCII.space)
        let value = appendedRange(value)
        bytes.append(ASCII.carriageReturn)
        bytes.append(ASCII.lineFeed)
        record(id, name: name, value: value, lineEnd: bytes.count)
    }

    /// Leaves one field in that place with that value: adds it, or replaces the first and removes the others.
    public mutating func set(_ id: FieldID, to value: Span<UInt8>) {
        guard let index = firstIndex(of: id) else { return append(id, value) }
        let range = appendedRange(value)
        fields[index].valueStart = UInt32(truncatingIfNeeded: range.lowerBound)
        fields[index].valueCount = UInt32(truncatingIfNeeded: range.count)
        fields[index].lineEnd = 0
        remove(id, from: index + 1)
    }

    public mutating func set(_ id: FieldID, to value: String) { set(id, to: value.utf8.span) }

    /// Makes the body one of unknown length, as whoever changes its octets must.
    public mutating func becomeStreamed() {
        remove(.contentLength)
        if framing != .none { framing = .chunked }
    }

    /// Removes all fields with that id.
    public mutating func remove(_ id: FieldID) { remove(id, from: 0) }

    /// Removes all fields with that name, which must be in lower case; for names without a ``FieldID``.
    public mutating func remove(named name: String) {
        for index in fields.indices where ASCII.equalsIgnoringCase(self.name(at: index), lowercase: name.utf8.span) {
            fields[index].isRemoved = true
        }
    }

    public mutating func remove(at index: Int) { fields[index].isRemoved = true }

    private mutating func remove(_ id: FieldID, from start: Int) {
        var next = firstIndex(of: id, from: start)
        while let index = next {
            fields[index].isRemoved = true
            next = firstIndex(of: id, from: index + 1)
        }
    }

    /// Removes what is only for this connection (RFC 9110 §7.6.1): Connection and the fields it names, and the
    /// framing and persistence fields that a forwarder writes itself.
    ///
    /// Host and Cookie stay even if Connection names them: a client must not be able to take from the next hop what it
    /// decides by.
    public mutating func removeHopByHopFields() {
        if seen & Self.hopByHop == 0 { return }
        removeNominatedFields()
        for id in [.connection, .keepAlive, .proxyConnection, .te, .transferEncoding, .upgrade] as [FieldID] {
            remove(id, from: 0)
        }
    }

    private static let hopByHop = mask([.connection, .keepAlive, .proxyConnection, .te, .transferEncoding, .upgrade])

    private static func mask(_ ids: [FieldID]) -> UInt64 { ids.reduce(0) { $0 | 1 << UInt64($1.rawValue) } }

    /// Removes what trailers must not have (RFC 9110 §6.5.1): framing, routing, credentials, and what only proxies say.
    ///
    /// Who puts trailers among a message's fields, as some servers do, would believe them.
    public mutating func removeFieldsUnfitForTrailers() {
        if seen & Self.unfitMask == 0 { return }
        for id in Self.unfitForTrailers { remove(id, from: 0) }
    }

    private static let unfitForTrailers: [FieldID] = [
        .authorization, .connection, .contentLength, .cookie, .expect, .forwarded, .host, .http2Settings, .keepAlive,
        .proxyConnection, .te, .trailer, .transferEncoding, .upgrade, .via, .xEnvoyAttemptCount,
        .xEnvoyDecoratorOperation, .xEnvoyExternalAddress, .xEnvoyInternal, .xEnvoyOriginalPath, .xEnvoyPeerMetadata,
        .xEnvoyPeerMetadataID, .xForwardedClientCert, .xForwardedFor, .xForwardedHost, .xForwardedProto, .xRequestID,
    ]
    private static let unfitMask = mask(unfitForTrailers)

    private mutating func removeNominatedFields() {
        var next = firstIndex(of: .connection)
        while let connection = next {
            for index in fields.indices where !fields[index].isRemoved && isNominated(index, by: connection) {
                fields[index].isRemoved = true
            }
            next = firstIndex(of: .connection, from: connection + 1)
        }
    }

    private func isNominated(_ index: Int, by connection: Int) -> Bool {
        switch fields[index].id {
        case .host, .cookie, .contentLength, .connection, .xForwardedClientCert, .xForwardedFor, .xForwardedProto:
            return false
        default: break
        }
        let list = value(at: connection)
        let name = name(at: index)
        var isNominated = false
        ASCII.forEachElement(of: list) { range in
            if ASCII.equalsIgnoringCase(name, list.extracting(range)) { isNominated = true }
        }
        return isNominated
    }

    private mutating func appendedRange(_ text: Span<UInt8>) -> Range<Int> {
        let start = bytes.count
        append(text)
        return start..<bytes.count
    }
}
