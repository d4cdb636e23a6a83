internal import Discovery
internal import Mesh
internal import MeshAPI
internal import TLS

// Gateways in the words of `Discovery`.
extension ResourceResolver {
    func gateway(_ view: GatewayView) -> GatewayConfiguration {
        var configuration = GatewayConfiguration()
        let decision = view.decision(in: model)
        configuration.listeners = decision.listeners.compactMap(Self.listener)
        configuration.trustedProxies = decision.topology.numTrustedProxies
        configuration.expectsProxyProtocol = decision.topology.expectsProxyProtocol
        configuration.clientCertificateForwarding =
            switch decision.topology.forwardClientCertDetails {
            case .undefined, .sanitizeSet: .replaced
            case .sanitize: .removed
            case .forwardOnly: .kept
            case .appendForward: .appended
            case .alwaysForwardOnly: .alwaysKept
            }
        return configuration
    }

    func routes(_ name: String, _ view: GatewayView) -> RouteTable? {
        guard let decision = view.routes(name, in: model) else { return nil }
        var table = RouteTable(name: name, port: UInt16(exactly: decision.port) ?? 0)
        table.serverHosts = decision.serverHosts
        table.virtualHosts = decision.virtualHosts.map { host in
            var result = RouteTable.VirtualHost(domains: [host.domain], routes: host.routes.map(Self.route))
            result.redirectsToHTTPS = host.redirectsToHTTPS
            return result
        }
        return table
    }

    private static func listener(_ listener: GatewayDecision.Listener) -> GatewayListener? {
        guard let port = UInt16(exactly: listener.address.port) else { return nil }
        let scheme = "unix://"
        let bind = listener.address.bind
        let address = bind.hasPrefix(scheme) ? String(bind.dropFirst(scheme.count)) : bind
        return GatewayListener(address: address, port: port, chains: listener.chains.map(chain))
    }

    private static func chain(_ decision: GatewayDecision.Chain) -> GatewayListener.Chain {
        let transport: GatewayListener.Chain.Transport =
            switch decision.transport {
            case .plaintext: .plaintext
            case .terminate(let tls): .terminate(serverTLS(tls))
            case .passthrough: .passthrough
            }
        let content: GatewayListener.Chain.Content =
            switch decision.content {
            case .http(let routes): .http(routes: routes)
            case .bytes(let shared): .bytes(destinations(shared))
            case .mutualTLS(let name): .bytes([WeightedDestination(name.serverName)])
            }
        var chain = GatewayListener.Chain(transport, content)
        chain.serverNames = decision.serverNames
        chain.applicationProtocols = decision.applicationProtocols
        chain.translatesGRPCWeb = decision.translatesGRPCWeb
        chain.origin = decision.server.description
        return chain
    }

    private static func serverTLS(_ decision: GatewayTLS) -> ServerTLS {
        var tls = ServerTLS(certificates(decision.certificates))
        tls.clientCertificate =
            switch decision.mode {
            case .mutual, .istioMutual: .required
            case .optionalMutual: .optional
            case .simple, .passthrough, .autoPassthrough: .none
            }
        tls.roots = decision.roots.map(roots)
        tls.subjectAlternativeNames = decision.subjectAltNames
        tls.publicKeyHashes = decision.publicKeyHashes
        tls.certificateHashes = decision.certificateHashes
        tls.minimumVersion = version(decision.minimumVersion) ?? .tls12
        tls.maximumVersion = version(decision.maximumVersion) ?? .tls13
        tls.cipherSuites = decision.cipherSuites
        tls.curves = decision.curves
        tls.skipsVerification = decision.skipsVerification
        tls.applicationProtocols = decision.applicationProtocols
        return tls
    }

    private static func certificates(_ certificates: GatewayTLS.Certificates) -> ServerTLS.Certificates {
        switch certificates {
        case .workload: .workload
        case .credentials(let names): .credentials(names)
        case .files(let pairs):
            .files(pairs.map { ServerTLS.FilePair(certificate: $0.serverCertificate, key: $0.privateKey) })
        }
    }

    private static func roots(_ roots: GatewayTLS.Roots) -> ServerTLS.Roots {
        switch roots {
        case .workload: .workload
        case .credential(let name): .credential(name)
        case .file(let path, let revocations): .file(path, revocations: revocations)
        }
    }

    private static func version(_ version: ServerTLSSettings.Version) -> TLSVersion? {
        switch version {
        case .auto: nil
        case .tls10: .tls10
        case .tls11: .tls11
        case .tls12: .tls12
        case .tls13: .tls13
        }
    }
}
