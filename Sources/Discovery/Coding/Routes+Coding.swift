internal import Protobuf

/// What to do is one of several messages; one that is not known, or none, is refused: guessing could leak plaintext.
extension AddressRoute: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        switch self {
        case .http(let listener): writer.message(1, listener)
        case .auto(let listener, let other):
            writer.message(2) {
                $0.message(1, listener)
                $0.message(3, other)
            }
        case .tcp(let destinations):
            for destination in destinations { writer.message(3, destination) }
        case .passthrough: writer.message(4) { _ in }
        case .blackHole: writer.message(5) { _ in }
        case .tls(let routes): writer.message(6, routes)
        }
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        var route: Self?
        var destinations: [WeightedDestination] = []
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: route = .http(try field.message())
            case 2: route = try Self.auto(try field.message())
            case 3: destinations.append(try field.message())
            case 4: route = .passthrough
            case 5: route = .blackHole
            case 6: route = .tls(try field.message())
            default: break
            }
        }
        if !destinations.isEmpty { route = .tcp(destinations) }
        guard let route else { throw .unknownValue(field: 0) }
        self = route
    }

    private static func auto(_ reader: ProtobufReader) throws(ProtobufError) -> Self {
        var listener: HTTPListener?
        var other: ServerNameRoutes?
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: listener = try field.message()
            case 3: other = try field.message(ServerNameRoutes.self)
            default: break
            }
        }
        guard let listener else { throw .unknownValue(field: 1) }
        guard let other else { throw .unknownValue(field: 3) }
        return .auto(listener, other: other)
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
                $0.message(2, retries)
            }
        case .unknown: writer.message(2) { _ in }
        case .routes(let routes):
            writer.message(3) { for route in routes { $0.message(1, route) } }
        }
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        var route: Self?
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: route = try Self.destination(try field.message())
            case 2: route = .unknown
            case 3: route = try Self.routes(try field.message())
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
            case 2: retries = try field.message()
            default: break
            }
        }
        return .destination(name, retries: retries)
    }

    private static func routes(_ reader: ProtobufReader) throws(ProtobufError) -> Self {
        var routes: [HTTPRoute] = []
        var reader = reader
        while let field = try reader.nextField() {
            if field.number == 1 { routes.append(try field.message()) }
        }
        return .routes(routes)
    }
}

extension ServerNameRoutes: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        for route in routes { writer.message(1, route) }
        for destination in other { writer.message(3, destination) }
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init(other: [])
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: routes.append(try field.message())
            case 3: other.append(try field.message())
            default: break
            }
        }
        if other.isEmpty { throw .unknownValue(field: 3) }
    }
}

extension ServerNameRoutes.Route: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.strings(1, serverNames)
        for destination in destinations { writer.message(2, destination) }
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init(serverNames: [], destinations: [])
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: serverNames.append(try field.string())
            case 2: destinations.append(try field.message())
            default: break
            }
        }
        if serverNames.isEmpty { throw .unknownValue(field: 1) }
        if destinations.isEmpty { throw .unknownValue(field: 2) }
    }
}
