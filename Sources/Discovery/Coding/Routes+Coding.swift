internal import Protobuf

/// What to do is one of several messages; one that is not known, or none, is refused: guessing could leak plaintext.
extension AddressRoute: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        switch self {
        case .http(let listener): writer.message(1, listener)
        case .auto(let listener, let other):
            writer.message(2) {
                $0.message(1, listener)
                $0.string(2, other)
            }
        case .tcp(let destination): writer.message(3) { $0.string(1, destination) }
        case .passthrough: writer.message(4) { _ in }
        case .blackHole: writer.message(5) { _ in }
        }
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        var route: Self?
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: route = .http(try field.message())
            case 2: route = try Self.auto(try field.message())
            case 3: route = .tcp(destination: try Self.text(try field.message()))
            case 4: route = .passthrough
            case 5: route = .blackHole
            default: break
            }
        }
        guard let route else { throw .unknownValue(field: 0) }
        self = route
    }

    private static func auto(_ reader: ProtobufReader) throws(ProtobufError) -> Self {
        var listener: HTTPListener?
        var other = ""
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: listener = try field.message()
            case 2: other = try field.string()
            default: break
            }
        }
        guard let listener else { throw .unknownValue(field: 1) }
        return .auto(listener, other: other)
    }

    /// The first field of a message that has only that.
    fileprivate static func text(_ reader: ProtobufReader) throws(ProtobufError) -> String {
        var text = ""
        var reader = reader
        while let field = try reader.nextField() {
            if field.number == 1 { text = try field.string() }
        }
        return text
    }
}

extension HTTPListener: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.number(1, port)
        writer.bool(2, allowsUnknownHosts)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init(port: 0, allowsUnknownHosts: false)
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: port = try field.number()
            case 2: allowsUnknownHosts = try field.bool()
            default: break
            }
        }
    }
}

extension HostRoute: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        switch self {
        case .destination(let name, let retries):
            writer.message(1) {
                $0.string(1, name)
                $0.number(2, retries.attempts)
            }
        case .unknown: writer.message(2) { _ in }
        }
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        var route: Self?
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: route = try Self.destination(try field.message())
            case 2: route = .unknown
            default: break
            }
        }
        guard let route else { throw .unknownValue(field: 0) }
        self = route
    }

    private static func destination(_ reader: ProtobufReader) throws(ProtobufError) -> Self {
        var name = ""
        var retries = RetryPolicy(attempts: 0)
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: name = try field.string()
            case 2: retries.attempts = try field.number()
            default: break
            }
        }
        return .destination(name, retries: retries)
    }
}
