internal import Base
internal import Discovery
internal import JSON
internal import TLS

/// A proxy's whole configuration in one JSON file, for tests and benchmarks without a control plane.
///
/// ```json
/// {
///   "outbound": "127.0.0.1:15001", "inbound": "127.0.0.1:15006",
///   "outboundFallback": "10.1.0.2:8000",
///   "certificate": "cert-chain.pem", "key": "key.pem", "roots": "root-cert.pem", "trustDomains": ["cluster.local"],
///   "accessLogFile": "/dev/stdout",
///   "inboundPolicy": { "otherMode": "PERMISSIVE", "ports": [{ "number": 80, "protocol": "http", "mode": "STRICT" }] },
///   "otherAddresses": "passthrough",
///   "addresses": { "10.1.0.2:8000": { "http": 8000 }, "10.1.0.3:9000": { "tcp": "outbound|9000||db.foo" } },
///   "hosts": { "web.foo:8000": "outbound|8000||web.foo", "shop.foo:8000": { "routes": [{ "route": … }] } },
///   "destinations": [{ "name": "outbound|8000||web.foo", "endpoints": ["10.1.0.2:8000"], "tls": "ISTIO_MUTUAL" }]
/// }
/// ```
///
/// Routes are ``StaticRoute``s. With `gateway` the proxy is one; see ``StaticGateway``.
struct StaticConfiguration: Sendable {
    /// Nil for a gateway.
    var addresses: DataPlane.Addresses?
    var content = ProxyTables.Content()
    /// PEM files; empty for a proxy without TLS.
    var certificateFile = ""
    var keyFile = ""
    var rootsFile = ""
    var trustDomains: [String] = []

    /// - Throws: ``MeshError`` that names the member that cannot be used.
    init(_ json: JSON) throws(MeshError) {
        addresses = json["gateway"] == nil ? try Self.addresses(json) : nil
        try StaticGateway.read(json, into: &content)
        certificateFile = json["certificate"]?.string ?? ""
        keyFile = json["key"]?.string ?? ""
        rootsFile = json["roots"]?.string ?? ""
        trustDomains = json["trustDomains"]?.array?.compactMap(\.string) ?? ["cluster.local"]
        content.mesh.accessLogFile = json["accessLogFile"]?.string ?? ""
        content.mesh.accessLogIsJSON = json["accessLogEncoding"]?.string == "JSON"
        if let seconds = json["protocolDetectionTimeoutSeconds"]?.int {
            content.mesh.protocolDetectionTimeout = .seconds(seconds)
        }
        content.inbound = try json["inboundPolicy"].map(Self.policy)
        content.otherAddresses = try json["otherAddresses"].map(Self.route)
        for (key, value) in json["addresses"]?.object ?? [:] {
            guard let address = SocketAddress(key) else { throw Self.wrong("addresses", key) }
            content.addresses[address] = try Self.route(value)
        }
        for (key, value) in json["hosts"]?.object ?? [:] {
            guard let name = HostPort(key) else { throw Self.wrong("hosts", key) }
            content.hosts[.init(host: name.host, port: name.port)] = try Self.host(value)
        }
        content.otherHosts = .unknown
        for value in json["destinations"]?.array ?? [] {
            let destination = try Self.destination(value)
            content.destinations[destination.name] = destination
        }
    }

    private static func host(_ json: JSON) throws(MeshError) -> HostRoute {
        if let name = json.string { return .destination(name, retries: RetryPolicy()) }
        guard let list = json["routes"]?.array else { return .unknown }
        var routes: [HTTPRoute] = []
        for route in list { routes.append(try StaticRoute.read(route)) }
        return .routes(routes)
    }

    private static func addresses(_ json: JSON) throws(MeshError) -> DataPlane.Addresses {
        var addresses = DataPlane.Addresses()
        addresses.outbound = try Self.address(json, "outbound") ?? addresses.outbound
        addresses.inbound = try Self.address(json, "inbound") ?? addresses.inbound
        addresses.outboundFallback = try Self.address(json, "outboundFallback")
        addresses.inboundFallback = try Self.address(json, "inboundFallback")
        return addresses
    }

    static func wrong(_ member: String, _ value: String) -> MeshError {
        MeshError(.invalidConfiguration, "\(member): \(value) cannot be used")
    }

    private static func address(_ json: JSON, _ member: String) throws(MeshError) -> SocketAddress? {
        guard let text = json[member]?.string else { return nil }
        guard let address = SocketAddress(text) else { throw wrong(member, text) }
        return address
    }

    private static func mode(_ json: JSON?) throws(MeshError) -> MutualTLSMode {
        switch json?.string ?? "PERMISSIVE" {
        case "DISABLE": .disable
        case "PERMISSIVE": .permissive
        case "STRICT": .strict
        case let other: throw wrong("mode", other)
        }
    }

    private static func application(_ json: JSON?) throws(MeshError) -> ApplicationProtocol {
        switch json?.string ?? "auto" {
        case "auto": .auto
        case "http": .http
        case "http2": .http2
        case "tcp": .tcp
        case let other: throw wrong("protocol", other)
        }
    }

    private static func policy(_ json: JSON) throws(MeshError) -> InboundPolicy {
        var policy = InboundPolicy()
        policy.otherMode = try mode(json["otherMode"])
        policy.otherReason = json["otherReason"]?.string ?? policy.otherReason
        if json["minimumVersion"]?.string == "TLSV1_3" { policy.minimumVersion = .tls13 }
        policy.cipherSuites = json["cipherSuites"]?.array?.compactMap(\.string) ?? []
        policy.sendsToLocalhost = json["sendsToLocalhost"]?.bool ?? false
        for port in json["ports"]?.array ?? [] {
            guard let number = port["number"]?.int.flatMap({ UInt16(exactly: $0) }) else {
                throw wrong("number", "\(port)")
            }
            var result = InboundPolicy.Port(
                number: number,
                application: try application(port["protocol"]),
                mode: try mode(port["mode"]),
                reason: port["reason"]?.string ?? "static configuration",
                service: port["service"]?.string ?? "",
                servicePort: port["servicePort"]?.int.flatMap { UInt16(exactly: $0) } ?? 0
            )
            result.target = try target(port["endpoint"])
            result.translatesGRPCWeb = port["grpcWeb"]?.bool ?? false
            policy.ports.append(result)
        }
        for listener in json["listeners"]?.array ?? [] {
            guard let text = listener["listen"]?.string, let address = SocketAddress(text) else {
                throw wrong("listeners", "\(listener)")
            }
            let isInbound = listener["direction"]?.string == "inbound"
            policy.listeners.append(
                .init(address: address.ip.description, port: address.port, isInbound: isInbound)
            )
        }
        return policy
    }

    /// `unix:///path`, `127.0.0.1:8080`, `[::1]:8080`, `0.0.0.0:8080`; nothing for where the client connected to.
    private static func target(_ json: JSON?) throws(MeshError) -> InboundPolicy.Target {
        guard let text = json?.string else { return .same }
        if text.hasPrefix("unix://") { return .socket(String(text.dropFirst("unix://".count))) }
        guard let address = SocketAddress(text) else { throw wrong("endpoint", text) }
        return address.ip.isLoopback ? .loopback(address.port, isIPv6: address.ip.isIPv6) : .port(address.port)
    }

    private static func route(_ json: JSON) throws(MeshError) -> AddressRoute {
        if json.string == "passthrough" { return .passthrough }
        if json.string == "blackHole" { return .blackHole }
        if let tcp = json["tcp"] { return .tcp(try destinations(tcp)) }
        if let tls = json["tls"]?.array { return .tls(try serverNames(tls, other: json["other"])) }
        if let port = json["http"]?.int.flatMap({ UInt16(exactly: $0) }) {
            let listener = HTTPListener(port: port, allowsUnknownHosts: json["allowsUnknownHosts"]?.bool ?? true)
            return json["other"]?.string.map {
                .auto(listener, other: ServerNameRoutes(other: [WeightedDestination($0)]))
            } ?? .http(listener)
        }
        throw wrong("route", "\(json)")
    }

    /// One name, or a list of objects with `name` and `weight`.
    private static func destinations(_ json: JSON) throws(MeshError) -> [WeightedDestination] {
        if let name = json.string { return [WeightedDestination(name)] }
        var destinations: [WeightedDestination] = []
        for entry in json.array ?? [] {
            guard let name = entry["name"]?.string else { throw wrong("destinations", "\(entry)") }
            destinations.append(WeightedDestination(name, weight: Int(entry["weight"]?.int ?? 1)))
        }
        return destinations
    }

    private static func serverNames(_ routes: [JSON], other: JSON?) throws(MeshError) -> ServerNameRoutes {
        var table = ServerNameRoutes(other: try other.map(destinations) ?? [WeightedDestination("PassthroughCluster")])
        for route in routes {
            let names = route["serverNames"]?.array?.compactMap(\.string) ?? []
            guard let json = route["destinations"] else { throw wrong("tls", "\(route)") }
            table.routes.append(.init(serverNames: names, destinations: try destinations(json)))
        }
        return table
    }

    private static func destination(_ json: JSON) throws(MeshError) -> Destination {
        guard let name = json["name"]?.string else { throw wrong("destinations", "\(json)") }
        let parts = name.split(separator: "|", omittingEmptySubsequences: false)
        let (host, port) = parts.count == 4 ? (String(parts[3]), UInt16(parts[1]) ?? 0) : (name, 0)
        var destination = Destination(
            name: name,
            host: host,
            port: port,
            application: try application(json["protocol"])
        )
        destination.tls = StaticDestination.tls(json, of: destination)
        let isEncrypted = destination.tls != nil
        StaticDestination.read(json, into: &destination)
        if let rules = json["outlierDetection"] {
            var detection = OutlierDetection()
            detection.consecutive5xxErrors = Int(rules["consecutive5xxErrors"]?.int ?? 5)
            detection.baseEjectionTime = .seconds(rules["baseEjectionSeconds"]?.int ?? 30)
            detection.maxEjectionPercent = Int(rules["maxEjectionPercent"]?.int ?? 10)
            destination.outlierDetection = detection
        }
        destination.usesOriginalDestination = json["usesOriginalDestination"]?.bool ?? false
        destination.tlsForUnlisted = isEncrypted ? .configured : .plaintext
        for text in json["endpoints"]?.array?.compactMap(\.string) ?? [] {
            guard let address = SocketAddress(text) else { throw wrong("endpoints", text) }
            destination.endpoints.append(StaticDestination.endpoint(address.ip.description, address.port, isEncrypted))
        }
        if let port = json["resolvesRequestedHost"]?.int.flatMap({ UInt16(exactly: $0) }) {
            destination.resolvesRequestedHost = true
            destination.endpoints = [StaticDestination.endpoint(host, port, isEncrypted)]
        }
        return destination
    }
}

extension StaticConfiguration {
    /// The tables and credentials, with the certificates read from their files.
    ///
    /// - Parameter predecessor: Of whose gateway tables is kept what stays the same.
    func tables(predecessor: GatewayTables? = nil) throws -> ProxyTables {
        let routing = try RoutingTables(content)
        if certificateFile.isEmpty {
            return ProxyTables(content, credentials: nil, routing: routing, predecessor: predecessor)
        }
        let identity = try TLSIdentity(
            certificatePEM: Files.readText(certificateFile),
            keyPEM: Files.readText(keyFile)
        )
        let credentials = try Credentials(
            identity: identity,
            trust: TrustStore(pem: Files.readText(rootsFile)),
            trustDomains: trustDomains,
            inbound: content.inbound
        )
        return ProxyTables(content, credentials: credentials, routing: routing, predecessor: predecessor)
    }
}
