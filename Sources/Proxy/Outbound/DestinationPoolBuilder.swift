internal import Base
internal import Discovery
internal import EventLoop

/// Makes a destination's runtime form, and keeps what stays the same of the one before it.
struct DestinationPoolBuilder {
    private let destination: Destination
    private let predecessor: DestinationPool?
    private let limits: EndpointPool.Limits
    private let security: UpstreamSecurity?

    /// When endpoints come into being that are not known yet.
    private let now: MonotonicTime

    init(
        _ destination: Destination,
        _ tables: ProxyTables,
        _ predecessor: DestinationPool?,
        at now: MonotonicTime = MonotonicTime(nanoseconds: 0)
    ) {
        self.destination = destination
        self.now = now
        self.predecessor = predecessor
        limits = EndpointPool.Limits(
            connectTimeout: destination.connectTimeout,
            connections: destination.maxConnections,
            waiting: destination.maxPendingRequests == 0 ? 1024 : destination.maxPendingRequests,
            requestsPerConnection: destination.maxRequestsPerConnection,
            streams: destination.maxStreams,
            idleTimeout: destination.idleTimeout,
            tcpIdleTimeout: destination.tcpIdleTimeout,
            lifetime: destination.maxConnectionDuration,
            keepalive: destination.keepalive
        )
        let secrets = tables.content.secrets
        security = destination.tls.map {
            UpstreamSecurity(ClientMaterial($0, secrets: secrets), destination, tables.credentials)
        }
    }

    mutating func build() -> DestinationPool {
        let known = (predecessor?.endpoints ?? []).map { ($0.address, $0) }
        let old = Dictionary(known) { first, _ in first }
        let endpoints = destination.endpoints.compactMap { endpoint -> EndpointPool? in
            guard let ip = IPAddress(endpoint.address) else { return nil }
            let address = SocketAddress(ip, port: endpoint.port)
            let security = endpoint.tls == .configured ? requiredSecurity : nil
            if let kept = old[address], kept.isInterchangeable(with: security, limits, endpoint.reason),
                kept.proxyProtocol == destination.proxyProtocol
            {
                return kept
            }
            return EndpointPool(
                address,
                security: security,
                proxyProtocol: destination.proxyProtocol,
                reason: endpoint.reason,
                limits: limits,
                birth: old[address]?.birth ?? now
            )
        }
        let (endpointLimits, unlisted) = (limits, destination.tlsForUnlisted == .configured ? requiredSecurity : nil)
        return DestinationPool(destination, endpoints: endpoints, named: named) { [destination] address in
            EndpointPool(
                address,
                security: unlisted,
                proxyProtocol: destination.proxyProtocol,
                reason: "address is no endpoint of the service",
                limits: endpointLimits
            )
        }
    }

    /// Endpoints by name, after the pattern of the one that stands for all of them.
    private var named: NamedEndpoints? {
        guard destination.resolvesRequestedHost else { return nil }
        let (limits, pattern) = (limits, destination.endpoints.first)
        let security = pattern?.tls == .plaintext ? nil : requiredSecurity
        return NamedEndpoints(destination.host) { [destination] address, name in
            EndpointPool(
                SocketAddress(address, port: pattern?.port ?? destination.port),
                security: security?.asking(for: name),
                proxyProtocol: destination.proxyProtocol,
                reason: pattern?.reason ?? "",
                limits: limits
            )
        }
    }

    /// What an endpoint needs that must be encrypted; never nil, so that nothing goes out in plaintext by mistake.
    private var requiredSecurity: UpstreamSecurity { security ?? UpstreamSecurity(missingFor: destination) }
}

extension EndpointPool {
    func isInterchangeable(with security: UpstreamSecurity?, _ limits: Limits, _ reason: String) -> Bool {
        guard isCurrent, self.limits == limits, self.reason == reason else { return false }
        return self.security.map { $0.isEquivalent(to: security) } ?? (security == nil)
    }
}

extension DestinationPool {
    /// A destination that is wherever a connection was going, in plaintext or as it is.
    static func originalDestination(_ name: String, reason: String) -> DestinationPool {
        var destination = Destination(name: name, host: "", port: 0, application: .auto)
        destination.usesOriginalDestination = true
        return DestinationPool(destination, endpoints: []) { EndpointPool($0, reason: reason) }
    }

    /// The application of this pod.
    ///
    /// Connections come from 127.0.0.6, which the packet filter knows not to redirect to the proxy again.
    static func application(
        _ address: SocketAddress,
        _ port: InboundPolicy.Port,
        isDeclared: Bool,
        sendsToLocalhost: Bool
    ) -> DestinationPool {
        let name = isDeclared ? "inbound|\(address.port)||" : "InboundPassthroughCluster"
        var destination = Destination(name: name, host: "", port: address.port, application: port.application)
        destination.usesOriginalDestination = true
        var target = port.target
        if target == .same, sendsToLocalhost, isDeclared {
            target = .loopback(address.port, isIPv6: address.ip.isIPv6)
        }
        return DestinationPool(destination, endpoints: []) { applicationEndpoint($0, target) }
    }

    private static func applicationEndpoint(
        _ original: SocketAddress,
        _ target: InboundPolicy.Target
    ) -> EndpointPool {
        let reason = "application of this pod"
        switch target {
        case .socket(let path): return EndpointPool(original, path: path, reason: reason)
        case .loopback(let port, let isIPv6):
            return EndpointPool(SocketAddress(isIPv6 ? .loopback6 : .loopback, port: port), reason: reason)
        case .same, .port:
            var address = original
            if case .port(let port) = target { address.port = port }
            let isIPv6 = original.ip.isIPv6
            let source = SocketAddress(isIPv6 ? IPAddress(high: 0, low: 6) : IPAddress(ipv4: 0x7F00_0006), port: 0)
            return EndpointPool(address, source: source, reason: reason)
        }
    }
}
