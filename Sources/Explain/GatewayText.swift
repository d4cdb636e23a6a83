internal import Kubernetes
public import Mesh
internal import MeshAPI

/// What a gateway does with a host, in words for people.
public enum GatewayText {
    /// What one gateway pod does with connections and requests for `host`, a line for each fact.
    ///
    /// - Parameter port: As the Gateway's server, or the pod, has it; nil for all ports.
    /// - Returns: Nothing when no server is for the host.
    public static func lines(at gateway: Workload, for host: String, port: Int?, in model: MeshModel) -> [String] {
        let view = model.gatewayView(of: gateway)
        let host = host.lowercased()
        var lines: [String] = []
        for listener in view.decision(in: model).listeners {
            let chains = listener.chains.filter {
                port == nil || $0.server.number == port || listener.address.port == port
            }
            let tls = best(chains.filter { $0.transport != .plaintext }, for: host)
            let plain = chains.first { $0.transport == .plaintext && $0.isFor(host) }
            for chain in [tls, plain].compactMap(\.self) {
                lines.append(
                    "port \(chain.server.number) (\(listener.address.bind):\(listener.address.port)) by \(chain.server.description)"
                )
                lines += facts(of: chain, host, view, model).map { "  \($0)" }
            }
        }
        for conflict in view.decision(in: model).conflicts where isAbout(conflict, host, port, model) {
            lines.append("not opened: Gateway \(conflict.gateway) server \(conflict.server): \(conflict.reason)")
        }
        return lines
    }

    /// The chain that a ClientHello with this name gets: an exact name before the longest suffix before any.
    private static func best(_ chains: [GatewayDecision.Chain], for host: String) -> GatewayDecision.Chain? {
        var found: (chain: GatewayDecision.Chain, rank: Int)?
        for chain in chains {
            let names = chain.serverNames.filter { HostName.covers($0, host) }
            let rank = chain.serverNames.isEmpty ? 0 : names.map { $0 == host ? .max : $0.utf8.count }.max()
            if let rank, rank > found?.rank ?? -1 { found = (chain, rank) }
        }
        return found?.chain
    }

    private static func isAbout(_ conflict: GatewayConflict, _ host: String, _ port: Int?, _ model: MeshModel) -> Bool {
        guard let server = model.gatewayServer(conflict.gateway, named: conflict.server) else { return false }
        return (port == nil || server.port?.number == port)
            && server.hosts.contains { entry in
                let name = entry.lowercased().split(separator: "/").last.map(String.init) ?? ""
                return HostName.covers(name, host)
            }
    }

    private static func facts(
        of chain: GatewayDecision.Chain,
        _ host: String,
        _ view: GatewayView,
        _ model: MeshModel
    ) -> [String] {
        var lines: [String] = []
        switch chain.transport {
        case .plaintext: lines.append("accepts       \(chain.server.spoken.rawValue) without TLS")
        case .passthrough: lines.append("accepts       TLS, which goes on as it is")
        case .terminate(let tls): lines += text(tls)
        }
        switch chain.content {
        case .http(let name): lines += routes(name, host, view, model)
        case .bytes(let destinations):
            let names = destinations.map(\.name.description).joined(separator: ", ")
            lines.append("goes to       \(names)\(chain.route.map { " by \($0)" } ?? "")")
        case .mutualTLS(let name):
            lines.append("goes to       \(name.host):\(name.port), endpoints with mutual TLS only")
        }
        return lines
    }

    private static func text(_ tls: GatewayTLS) -> [String] {
        let certificate =
            switch tls.certificates {
            case .workload: "the workload's own"
            case .credentials(let names): names.joined(separator: ", ")
            case .files(let pairs): pairs.map(\.serverCertificate).joined(separator: ", ")
            }
        let clients =
            switch tls.mode {
            case .mutual, .istioMutual: "required"
            case .optionalMutual: "optional"
            case .simple, .passthrough, .autoPassthrough: "not asked for"
            }
        let roots =
            switch tls.roots {
            case .workload?: ", from the mesh"
            case .credential(let name)?: ", from \(name)"
            case .file(let path, let revocations)?:
                ", from \(path)" + (revocations.isEmpty ? "" : " but not \(revocations)")
            case nil: ""
            }
        let suites = tls.cipherSuites.isEmpty ? "the proxy's" : tls.cipherSuites.joined(separator: " ")
        return [
            "accepts       TLS (\(tls.mode.rawValue))",
            "at least      \(tls.minimumVersion.rawValue) by \(tls.minimumReason)",
            "at most       \(tls.maximumVersion.rawValue) by \(tls.maximumReason)",
            "cipher suites \(suites) by \(tls.cipherSuitesReason)",
            "certificate   \(certificate)",
            "client certs  \(clients)\(tls.skipsVerification ? ", of any origin" : roots)"
                + (tls.subjectAltNames.isEmpty ? "" : ", with \(tls.subjectAltNames.joined(separator: " or "))"),
        ]
    }

    private static func routes(_ name: String, _ host: String, _ view: GatewayView, _ model: MeshModel) -> [String] {
        guard let table = view.routes(name, in: model) else { return [] }
        let hosts = table.virtualHosts.filter { HostName.covers($0.domain, host) }
        let chosen = hosts.first { $0.domain == host } ?? hosts.max { $0.domain.utf8.count < $1.domain.utf8.count }
        guard let chosen else { return ["requests      404, as no VirtualService bound to it has the host"] }
        if chosen.redirectsToHTTPS { return ["requests      301 to https"] }
        return ["requests      by the routes of \(chosen.domain)"]
            + chosen.routes.map { "  \(RouteText.line($0)) (\($0.origin))" } + ["  anything else -> 404"]
    }
}

extension GatewayDecision.Chain {
    fileprivate func isFor(_ host: String) -> Bool { server.names.contains { HostName.covers($0, host) } }
}
