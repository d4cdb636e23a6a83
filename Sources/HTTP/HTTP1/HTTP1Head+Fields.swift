extension HTTP1Head {
    /// The positions of the fields; those for which ``isRemoved(at:)`` holds are to be skipped.
    public var fieldIndices: Range<Int> { fields.indices }

    public func isRemoved(at index: Int) -> Bool { fields[index].isRemoved }
    public func id(at index: Int) -> FieldID { fields[index].id }

    /// The name in the case in which it came.
    @_lifetime(borrow self)
    public func name(at index: Int) -> Span<UInt8> { bytes.span.extracting(fields[index].name) }

    /// The value without white space around it.
    @_lifetime(borrow self)
    public func value(at index: Int) -> Span<UInt8> { bytes.span.extracting(fields[index].value) }

    /// The position of the first field with that id, from `start` on.
    public func firstIndex(of id: FieldID, from start: Int = 0) -> Int? {
        if seen >> UInt64(id.rawValue) & 1 == 0 { return nil }
        var index = start
        while index < fields.count {
            if fields[index].id == id && !fields[index].isRemoved { return index }
            index += 1
        }
        return nil
    }

    /// The position of the first field with that name, which must be in lower case.
    public func firstIndex(ofLowercase name: Span<UInt8>, from start: Int = 0) -> Int? {
        var index = start
        while index < fields.count {
            if !fields[index].isRemoved, ASCII.equalsIgnoringCase(self.name(at: index), lowercase: name) {
                return index
            }
            index += 1
        }
        return nil
    }

    public func contains(_ id: FieldID) -> Bool { firstIndex(of: id) != nil }

    /// The value of the first field with that id.
    @_lifetime(borrow self)
    public func value(of id: FieldID) -> Span<UInt8>? {
        guard let index = firstIndex(of: id) else { return nil }
        return value(at: index)
    }

    /// The value of the first field with that id as text, for what is not on the way of every request.
    public func text(of id: FieldID) -> String? { firstIndex(of: id).map { String(octets: value(at: $0)) } }

    /// Whether some field with that id lists `token`, given in lower case, in whatever case it came.
    public func lists(_ token: String, in id: FieldID) -> Bool {
        var isListed = false
        var next = firstIndex(of: id)
        while let index = next {
            let list = value(at: index)
            ASCII.forEachElement(of: list) { range in
                let element = list.extracting(range)
                if ASCII.equalsIgnoringCase(element, lowercase: token.utf8.span) { isListed = true }
            }
            next = firstIndex(of: id, from: index + 1)
        }
        return isListed
    }
}

extension HTTP1Head {
    /// Whether the connection may carry another message after this one and its body (RFC 9112 §9.3).
    public var keepsAlive: Bool {
        if framing == .untilClose || options.contains(.close) { return false }
        return version == .http11 || options.contains(.keepAlive)
    }

    /// Whether the client waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1).
    public var expectsContinue: Bool {
        guard version != .http10, let value = value(of: .expect) else { return false }
        return ASCII.equalsIgnoringCase(value, lowercase: "100-continue".utf8.span)
    }

    /// Whether the sender offers, or with status 101 has made, a switch to the protocol in its Upgrade field.
    public var isUpgrade: Bool { version == .http11 && options.contains(.upgrade) && contains(.upgrade) }

    /// The host and port the request is for: from an absolute target if it has one, else from Host (RFC 9112 §3.3).
    public var authority: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            if let range = RequestTarget.authority(in: target, of: methodID) { return target.extracting(range) }
            guard let index = firstIndex(of: .host) else { return target.extracting(0..<0) }
            return value(at: index)
        }
    }

    /// Path and query of the request: the target without scheme and authority, `/` for none, `*` as it is.
    public var path: Span<UInt8> {
        @_lifetime(borrow self)
        get { target.extracting(RequestTarget.path(in: target, of: methodID)) }
    }
}
