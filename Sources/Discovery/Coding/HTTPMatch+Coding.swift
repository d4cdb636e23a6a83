internal import Protobuf

extension HTTPMatch: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        if let path { writer.message(1, path) }
        writer.bool(2, ignoresPathCase)
        if let scheme { writer.message(3, scheme) }
        if let method { writer.message(4, method) }
        if let authority { writer.message(5, authority) }
        for header in headers { writer.message(6, header) }
        for parameter in parameters { writer.message(7, parameter) }
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init()
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: path = try field.message(TextMatch.self)
            case 2: ignoresPathCase = try field.bool()
            case 3: scheme = try field.message(TextMatch.self)
            case 4: method = try field.message(TextMatch.self)
            case 5: authority = try field.message(TextMatch.self)
            case 6: headers.append(try field.message())
            case 7: parameters.append(try field.message())
            default: break
            }
        }
    }
}

extension HTTPMatch.Value: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.string(1, name)
        if let text { writer.message(2, text) }
        writer.bool(3, isInverted)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init("", nil)
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: name = try field.string()
            case 2: text = try field.message(TextMatch.self)
            case 3: isInverted = try field.bool()
            default: break
            }
        }
    }
}

extension TextMatch: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        let (kind, text) =
            switch self {
            case .exact(let text): (1, text)
            case .prefix(let text): (2, text)
            case .expression(let text): (3, text)
            }
        writer.number(1, kind)
        writer.string(2, text)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        var kind = 0
        var text = ""
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: kind = try field.number()
            case 2: text = try field.string()
            default: break
            }
        }
        switch kind {
        case 1: self = .exact(text)
        case 2: self = .prefix(text)
        case 3: self = .expression(text)
        default: throw .unknownValue(field: 1)
        }
    }
}

extension HeaderChanges: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.strings(1, remove)
        for field in set { writer.message(2, TextPair(first: field.name, second: field.value)) }
        for field in add { writer.message(3, TextPair(first: field.name, second: field.value)) }
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init()
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: remove.append(try field.string())
            case 2: set.append(try Self.field(field))
            case 3: add.append(try Self.field(field))
            default: break
            }
        }
    }

    private static func field(_ field: ProtobufField) throws(ProtobufError) -> Field {
        let pair: TextPair = try field.message()
        return Field(pair.first, pair.second)
    }
}

extension CORSPolicy: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        for origin in allowOrigins { writer.message(1, origin) }
        writer.strings(2, allowMethods)
        writer.strings(3, allowHeaders)
        writer.strings(4, exposeHeaders)
        if let maxAge { writer.message(5, SingleNumber(number: Int64(maxAge))) }
        writer.bool(6, allowsCredentials)
        writer.bool(7, forwardsUnmatchedPreflights)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init()
        forwardsUnmatchedPreflights = false  // What is not sent is false.
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: allowOrigins.append(try field.message())
            case 2: allowMethods.append(try field.string())
            case 3: allowHeaders.append(try field.string())
            case 4: exposeHeaders.append(try field.string())
            case 5: maxAge = try field.message(SingleNumber.self).narrowed(5)
            case 6: allowsCredentials = try field.bool()
            case 7: forwardsUnmatchedPreflights = try field.bool()
            default: break
            }
        }
    }
}

extension FaultInjection: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.duration(1, delay)
        writer.number(2, delayed.millionths)
        switch abort {
        case .status(let status): writer.number(3, status)
        case .grpcStatus(let status): writer.message(4, SingleNumber(number: Int64(status)))
        case nil: break
        }
        writer.number(5, aborted.millionths)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init()
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: delay = try field.duration()
            case 2: delayed = Percentage(millionths: try field.number())
            case 3: abort = .status(try field.number())
            case 4: abort = .grpcStatus(try field.message(SingleNumber.self).narrowed(4))
            case 5: aborted = Percentage(millionths: try field.number())
            default: break
            }
        }
    }
}
