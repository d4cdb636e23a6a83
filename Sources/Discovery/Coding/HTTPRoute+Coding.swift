internal import Protobuf

/// What to do is one of several messages; one that is not known, or none, is refused rather than guessed.
extension HTTPRoute: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.string(1, name)
        for match in matches { writer.message(2, match) }
        switch action {
        case .forward(let forwarding): writer.message(3, forwarding)
        case .redirect(let redirect): writer.message(4, redirect)
        case .respond(let response): writer.message(5, response)
        }
        if !requestHeaders.isEmpty { writer.message(6, requestHeaders) }
        if !responseHeaders.isEmpty { writer.message(7, responseHeaders) }
        if let cors { writer.message(8, cors) }
        if !fault.isEmpty { writer.message(9, fault) }
        writer.string(10, origin)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        var action: Action?
        self.init(.redirect(HTTPRedirect()))
        name = ""
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: name = try field.string()
            case 2: matches.append(try field.message())
            case 3: action = .forward(try field.message())
            case 4: action = .redirect(try field.message())
            case 5: action = .respond(try field.message())
            case 6: requestHeaders = try field.message()
            case 7: responseHeaders = try field.message()
            case 8: cors = try field.message(CORSPolicy.self)
            case 9: fault = try field.message()
            case 10: origin = try field.string()
            default: break
            }
        }
        guard let action else { throw .unknownValue(field: 3) }
        self.action = action
    }
}

extension HTTPForwarding: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        for destination in destinations { writer.message(1, destination) }
        switch pathRewrite {
        case .matched(let path): writer.message(2) { $0.string(1, path) }
        case .expression(let expression, let substitution):
            writer.message(3) {
                $0.string(1, expression)
                $0.string(2, substitution)
            }
        case nil: break
        }
        writer.string(4, authority)
        writer.duration(5, timeout)
        writer.message(6, retries)
        for mirror in mirrors {
            writer.message(7) {
                $0.string(1, mirror.destination)
                $0.number(2, mirror.share.millionths)
            }
        }
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init([])
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: destinations.append(try field.message())
            case 2: pathRewrite = .matched(try field.message(TextPair.self).first)
            case 3:
                let pair: TextPair = try field.message()
                pathRewrite = .expression(pair.first, substitution: pair.second)
            case 4: authority = try field.string()
            case 5: timeout = try field.duration()
            case 6: retries = try field.message()
            case 7:
                let pair: TextAndNumber = try field.message()
                mirrors.append(Mirror(pair.text, share: Percentage(millionths: pair.number)))
            default: break
            }
        }
        if destinations.isEmpty { throw .unknownValue(field: 1) }
    }
}

extension WeightedDestination: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.string(1, name)
        writer.number(2, weight)
        if !requestHeaders.isEmpty { writer.message(3, requestHeaders) }
        if !responseHeaders.isEmpty { writer.message(4, responseHeaders) }
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init("", weight: 0)
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: name = try field.string()
            case 2: weight = try field.number()
            case 3: requestHeaders = try field.message()
            case 4: responseHeaders = try field.message()
            default: break
            }
        }
        if weight < 1 { throw .unknownValue(field: 2) }
    }
}

extension RetryPolicy: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.number(1, attempts)
        writer.number(2, conditions.rawValue)
        for code in statusCodes { writer.message(3) { $0.number(1, code) } }
        writer.duration(4, perTryTimeout)
        writer.duration(5, backoff)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init(attempts: 0)
        (conditions, backoff) = ([], .zero)  // What is not sent is zero.
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: attempts = try field.number()
            case 2: conditions = Conditions(rawValue: try field.number())
            case 3: statusCodes.append(try field.message(SingleNumber.self).narrowed(field.number))
            case 4: perTryTimeout = try field.duration()
            case 5: backoff = try field.duration()
            default: break
            }
        }
    }
}

extension HTTPRedirect: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.number(1, status)
        writer.string(2, scheme)
        writer.string(3, authority)
        switch port {
        case .standard: writer.number(4, -1)
        case .request: writer.number(4, -2)
        case .number(let number): writer.number(4, number)
        case nil: break
        }
        writer.string(5, path)
        writer.string(6, prefix)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init()
        status = 0
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: status = try field.number()
            case 2: scheme = try field.string()
            case 3: authority = try field.string()
            case 4: port = try Self.port(field)
            case 5: path = try field.string()
            case 6: prefix = try field.string()
            default: break
            }
        }
    }

    private static func port(_ field: ProtobufField) throws(ProtobufError) -> Port {
        switch try field.signed() {
        case -1: .standard
        case -2: .request
        default: .number(try field.number())
        }
    }
}

extension DirectResponse: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.number(1, status)
        writer.bytes(2, body)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init(status: 0)
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: status = try field.number()
            case 2: body = try field.bytes()
            default: break
            }
        }
    }
}
