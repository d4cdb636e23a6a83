internal import Discovery
internal import JSON
internal import Kubernetes
internal import Mesh
internal import MeshAPI
internal import TLS

/// Says in the words of `Discovery` what `Mesh` decides: the one place where one becomes the other.
struct ResourceResolver {
    let model: MeshModel
    /// PEM of what peers must trust.
    let roots: String

    /// What `name` means to the proxy of `workload`; nil when there is no such thing.
    ///
    /// - Parameter gateway: What the proxy is a gateway for; nil when it is none.
    func resource(_ name: ResourceName, for workload: Workload, gateway: GatewayView? = nil) -> EncodedResource? {
        switch name {
        case .mesh: EncodedResource(.mesh(settings))
        case .trust: EncodedResource(.trust(trust))
        case .inbound: EncodedResource(.inbound(inbound(workload)))
        case .address(let address, let port): self.address(address, port, Client(workload))
        case .host(let host, let port): EncodedResource(.host(route(host, Int(port), Client(workload))))
        case .destination(let name): destination(name, Client(workload)).map { EncodedResource(.destination($0)) }
        case .gateway: gateway.map { EncodedResource(.gateway(self.gateway($0))) }
        case .routes(let name): gateway.flatMap { routes(name, $0) }.map { EncodedResource(.routes($0)) }
        case .credential: nil
        }
    }

    private var settings: MeshSettings {
        let config = model.config
        var settings = MeshSettings()
        settings.accessLogFile = config.accessLogFile
        settings.accessLogIsJSON = config.accessLogEncoding == .json
        settings.accessLogFormat = config.accessLogFormat
        settings.protocolDetectionTimeout = config.protocolDetectionTimeout
        settings.connectTimeout = config.connectTimeout
        settings.terminationDrainDuration = config.terminationDrainDuration
        return settings
    }

    private var trust: TrustBundle {
        var trust = TrustBundle()
        let foreign = model.config.document["caCertificates"]?.array?.compactMap { $0["pem"]?.string } ?? []
        trust.rootsPEM = ([roots] + foreign).map { $0.hasSuffix("\n") ? $0 : $0 + "\n" }.joined()
        trust.trustDomains = model.config.trustDomains
        return trust
    }

    // Server side

    private func inbound(_ workload: Workload) -> InboundPolicy {
        let decision = model.inbound(of: workload)
        var policy = InboundPolicy()
        policy.ports = decision.ports.compactMap { port in
            guard let number = UInt16(exactly: port.number) else { return nil }
            var result = InboundPolicy.Port(
                number: number,
                application: application(port.application),
                mode: mode(port.mode),
                reason: port.mode.reason,
                service: port.service,
                servicePort: UInt16(exactly: port.servicePort) ?? 0
            )
            result.target = Self.target(port.endpoint)
            result.translatesGRPCWeb = port.translatesGRPCWeb
            return result
        }
        policy.listeners = decision.listeners.compactMap { listener in
            UInt16(exactly: listener.port).map {
                InboundPolicy.Listener(address: listener.address, port: $0, isInbound: listener.isInbound)
            }
        }
        policy.otherMode = mode(decision.otherMode)
        policy.otherReason = decision.otherMode.reason
        policy.minimumVersion = decision.minimumVersion == .tls13 ? .tls13 : .tls12
        policy.cipherSuites = decision.cipherSuites
        policy.sendsToLocalhost = decision.sendsToLocalhost
        return policy
    }

    private static func target(_ endpoint: Sidecar.Endpoint?) -> InboundPolicy.Target {
        switch endpoint {
        case nil: .same
        case .workload(let port): .port(UInt16(exactly: port) ?? 0)
        case .loopback(let port, let isIPv6): .loopback(UInt16(exactly: port) ?? 0, isIPv6: isIPv6)
        case .socket(let path): .socket(path)
        }
    }

    private func mode(_ decision: ModeDecision) -> Discovery.MutualTLSMode {
        switch decision.mode {
        case .disable: .disable
        case .permissive: .permissive
        case .strict: .strict
        }
    }

    private func application(_ application: Application) -> ApplicationProtocol {
        switch application {
        case .auto: .auto
        case .http: .http
        case .http2: .http2
        case .tcp: .tcp
        }
    }

    // Client side

    /// What an address means, and the hosts that requests on their way to it name: who connects asks for one of them next,
    /// and is not to wait twice.
    private func address(_ address: String, _ port: UInt16, _ client: Client) -> EncodedResource {
        let decision = model.route(for: client, to: address, port: Int(port))
        let hosts: [String] =
            switch decision.route {
            case .http, .auto: decision.host.map { model.authorities(of: $0, for: client) } ?? []
            case .bytes: []
            }
        return EncodedResource(.address(route(decision)), alsoNeeding: hosts.map { .host($0, port: port) })
    }

    private func route(_ decision: AddressDecision) -> AddressRoute {
        func listener(_ port: Int) -> HTTPListener {
            HTTPListener(port: UInt16(exactly: port) ?? 0, allowsUnknownHosts: decision.allowsUnknownHosts)
        }
        return switch decision.route {
        case .http(let port): .http(listener(port))
        case .auto(let port, let other): .auto(listener(port), other: routes(decision, other))
        case .bytes(let target):
            if !decision.serverNames.isEmpty {
                .tls(routes(decision, target))
            } else if let shared = decision.shared {
                .tcp(Self.destinations(shared.destinations))
            } else {
                Self.route(target)
            }
        }
    }

    private func routes(_ decision: AddressDecision, _ target: AddressDecision.Target) -> ServerNameRoutes {
        ServerNameRoutes(
            routes: decision.serverNames.map(Self.serverNames),
            other: decision.shared.map { Self.destinations($0.destinations) }
                ?? [WeightedDestination(Self.name(of: target))]
        )
    }

    private static func route(_ target: AddressDecision.Target) -> AddressRoute {
        switch target {
        case .destination(let name): .tcp([WeightedDestination(name.description)])
        case .passthrough: .passthrough
        case .blackHole: .blackHole
        }
    }

    private static func name(of target: AddressDecision.Target) -> String {
        switch target {
        case .destination(let name): name.description
        case .passthrough: "PassthroughCluster"
        case .blackHole: "BlackHoleCluster"
        }
    }

    private func route(_ host: String, _ port: Int, _ client: Client) -> HostRoute {
        let decision = model.route(for: client, toHost: host, port: port)
        if let routes = decision.routes { return .routes(routes.map(Self.route)) }
        return decision.destination.map {
            .destination($0.description, retries: Self.retries(decision.retries))
        } ?? .unknown
    }

    private func destination(_ name: String, _ client: Client) -> Destination? {
        let passed = DestinationName(serverName: name)
        guard let parsed = passed ?? DestinationName(name), let port = UInt16(exactly: parsed.port),
            let decision = passed == nil
                ? model.destination(parsed, for: client) : model.passthroughDestination(parsed, for: client)
        else { return nil }
        var destination = Destination(
            name: name,
            host: parsed.host,
            port: port,
            application: application(decision.application)
        )
        apply(decision, to: &destination)
        if let refusal = decision.refusal {
            destination.refusal = refusal  // And nothing to connect to.
            return destination
        }
        destination.usesOriginalDestination = decision.usesOriginalDestination
        destination.resolvesRequestedHost = decision.resolvesRequestedHost
        destination.tlsForUnlisted = decision.encryptsUnlisted ? .configured : .plaintext
        destination.tls = decision.tls.map(clientTLS)
        destination.endpoints = decision.endpoints.compactMap(endpoint)
        return destination
    }

    private func apply(_ decision: DestinationDecision, to destination: inout Destination) {
        destination.connectTimeout = decision.connectTimeout
        destination.maxConnections = decision.maxConnections
        destination.maxPendingRequests = decision.maxPendingRequests
        destination.maxRequestsPerConnection = decision.maxRequestsPerConnection
        destination.outlierDetection = decision.outlierDetection.map(outlierDetection)
        destination.affinity = decision.consistentHash.flatMap(Self.affinity)
        destination.warmup = decision.warmup.map { warmup in
            var result = Destination.Warmup(duration: warmup.duration)
            result.minimumShare = Int(min(max(warmup.minimumPercent, 0), 100) * 10)
            result.aggression = Int(min(max(warmup.aggression, 1), 1000) * 1000)
            return result
        }
        destination.proxyProtocol =
            switch decision.proxyProtocol {
            case nil: .none
            case .version1: .version1
            case .version2: .version2
            }
        if let pool = decision.connectionPool { Self.apply(pool, to: &destination) }
        destination.loadBalancing =
            switch decision.loadBalancing {
            case .leastRequest: .leastRequest
            case .roundRobin: .roundRobin
            case .random: .random
            }
    }

    private static func apply(_ pool: ConnectionPool, to destination: inout Destination) {
        destination.maxRequests = pool.maxRequests ?? 0
        destination.maxRetries = pool.maxRetries ?? 0
        destination.maxStreams = pool.maxConcurrentStreams ?? 0
        destination.idleTimeout = pool.httpIdleTimeout ?? .zero
        destination.tcpIdleTimeout = pool.tcpIdleTimeout ?? .zero
        destination.maxConnectionDuration = pool.maxConnectionDuration ?? .zero
        destination.keepalive = pool.tcpKeepalive.map { keepalive in
            var result = Destination.TCPKeepalive()
            result.probes = keepalive.probes ?? 0
            result.time = keepalive.time ?? .zero
            result.interval = keepalive.interval ?? .zero
            return result
        }
    }

    private static func affinity(_ hash: LoadBalancer.ConsistentHash) -> Destination.Affinity? {
        let key: Destination.Affinity.Key
        switch hash.key {
        case nil: return nil
        case .header(let name): key = .header(name.lowercased())
        case .cookie(let cookie): key = .cookie(cookie.name, path: cookie.path, lifetime: cookie.lifetime)
        case .sourceAddress: key = .sourceAddress
        case .parameter(let name): key = .parameter(name)
        }
        var affinity = Destination.Affinity(key)
        affinity.ringSize = hash.minimumRingSize
        affinity.tableSize = hash.tableSize ?? 0
        return affinity
    }

    private func outlierDetection(_ rule: MeshAPI.OutlierDetection) -> Discovery.OutlierDetection {
        var result = Discovery.OutlierDetection()
        result.consecutive5xxErrors = rule.consecutive5xxErrors ?? result.consecutive5xxErrors
        result.consecutiveGatewayErrors = rule.consecutiveGatewayErrors ?? result.consecutiveGatewayErrors
        result.interval = rule.interval ?? result.interval
        result.baseEjectionTime = rule.baseEjectionTime ?? result.baseEjectionTime
        // Zero means the default, as in Istio.
        if let percent = rule.maxEjectionPercent, percent > 0 { result.maxEjectionPercent = percent }
        return result
    }

    private func endpoint(_ endpoint: DestinationDecision.Endpoint) -> Destination.Endpoint? {
        guard let port = UInt16(exactly: endpoint.port) else { return nil }
        var result = Destination.Endpoint(
            address: endpoint.address,
            port: port,
            tls: endpoint.isEncrypted ? .configured : .plaintext,
            reason: endpoint.reason
        )
        result.weight = endpoint.weight
        return result
    }

    private func clientTLS(_ decision: TLSDecision) -> ClientTLS {
        let credential: ClientTLS.Credential =
            switch decision.credential {
            case .none: .none
            case .workload: .workload
            case .files(let certificate, let key): .files(certificate: certificate, key: key)
            case .secret(let name): .secret(name)
            }
        var tls = ClientTLS(credential: credential)
        tls.rootsFile = decision.rootsFile
        tls.rootsSecret = decision.rootsSecret
        tls.revocationsFile = decision.revocationsFile
        tls.serverName = decision.serverName
        tls.subjectAlternativeNames = decision.subjectAltNames
        tls.verifiesHost = decision.verifiesHost
        tls.skipsVerification = decision.skipsVerification
        return tls
    }
}
