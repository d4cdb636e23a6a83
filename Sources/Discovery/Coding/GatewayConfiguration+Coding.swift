internal import Protobuf

extension GatewayConfiguration: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        for listener in listeners { writer.message(1, listener) }
        writer.number(2, trustedProxies)
        writer.value(3, clientCertificateForwarding)
        writer.bool(4, expectsProxyProtocol)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init()
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: listeners.append(try field.message())
            case 2: trustedProxies = try field.number()
            case 3: clientCertificateForwarding = try field.value()
            case 4: expectsProxyProtocol = try field.bool()
            default: break
            }
        }
    }
}

extension GatewayListener: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.string(1, address)
        writer.number(2, port)
        for chain in chains { writer.message(3, chain) }
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init(address: "", port: 0)
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: address = try field.string()
            case 2: port = try field.number()
            case 3: chains.append(try field.message())
            default: break
            }
        }
    }
}

/// How a connection is transported, and what it carries: either is one of several, and must be known.
extension GatewayListener.Chain: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.strings(1, serverNames)
        writer.strings(2, applicationProtocols)
        switch transport {
        case .plaintext: writer.message(3) { _ in }
        case .terminate(let tls): writer.message(4, tls)
        case .passthrough: writer.message(5) { _ in }
        }
        switch content {
        case .http(let routes): writer.message(6) { $0.string(1, routes) }
        case .bytes(let destinations):
            for destination in destinations { writer.message(7, destination) }
        }
        writer.string(8, origin)
        writer.bool(9, translatesGRPCWeb)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        var transport: Transport?
        var routes: String?
        var destinations: [WeightedDestination] = []
        self.init(.plaintext, .bytes([]))
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: serverNames.append(try field.string())
            case 2: applicationProtocols.append(try field.string())
            case 3: transport = .plaintext
            case 4: transport = .terminate(try field.message())
            case 5: transport = .passthrough
            case 6: routes = try field.message(TextPair.self).first
            case 7: destinations.append(try field.message())
            case 8: origin = try field.string()
            case 9: translatesGRPCWeb = try field.bool()
            default: break
            }
        }
        guard let transport else { throw .unknownValue(field: 3) }
        guard routes != nil || !destinations.isEmpty else { throw .unknownValue(field: 6) }
        self.transport = transport
        content = routes.map { .http(routes: $0) } ?? .bytes(destinations)
    }
}

extension Credential: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.string(1, certificatesPEM)
        writer.string(2, keyPEM)
        writer.string(3, rootsPEM)
        writer.string(4, revocationsPEM)
        writer.bytes(5, ocspStaple)
        writer.string(6, problem)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init()
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: certificatesPEM = try field.string()
            case 2: keyPEM = try field.string()
            case 3: rootsPEM = try field.string()
            case 4: revocationsPEM = try field.string()
            case 5: ocspStaple = try field.bytes()
            case 6: problem = try field.string()
            default: break
            }
        }
    }
}

extension RouteTable: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.string(1, name)
        writer.number(2, port)
        for host in virtualHosts { writer.message(3, host) }
        writer.strings(4, serverHosts)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init(name: "", port: 0)
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: name = try field.string()
            case 2: port = try field.number()
            case 3: virtualHosts.append(try field.message())
            case 4: serverHosts.append(try field.string())
            default: break
            }
        }
    }
}

extension RouteTable.VirtualHost: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.strings(1, domains)
        for route in routes { writer.message(2, route) }
        writer.bool(3, redirectsToHTTPS)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init(domains: [])
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: domains.append(try field.string())
            case 2: routes.append(try field.message())
            case 3: redirectsToHTTPS = try field.bool()
            default: break
            }
        }
    }
}
