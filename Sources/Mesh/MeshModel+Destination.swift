internal import MeshAPI

// How a client talks to a service's port: explicit rules first, else automatic mutual TLS.
extension MeshModel {
    /// What `client` does with an upstream.
    ///
    /// - Returns: nil when the client sees no such service or port, or its rule has no such subset.
    public func destination(_ name: DestinationName, for client: Client) -> DestinationDecision? {
        guard let service = services[name.host], let port = service.port(name.port), port.spoken != .udp,
            mayReach(client, service)
        else { return nil }
        let rule = rule(for: client, to: service)
        if !name.subset.isEmpty, rule?.subset(name.subset) == nil { return nil }
        let settings = rule?.settings(port: name.port, subset: name.subset) ?? TrafficPolicy.Settings()

        let application = application(of: port, settings.connectionPool)
        var decision = DestinationDecision(name: name, application: application)
        decision.rule = rule?.reference
        decision.proxyProtocol = rule?.proxyProtocol(subset: name.subset)
        decision.usesOriginalDestination =
            service.resolution == .originalDestination || settings.loadBalancer?.simple == .passthrough
        // Other bytes than HTTP and TLS name no host.
        let namesHost = port.spoken.isHTTP || port.spoken.isTLS
        if service.resolution == .requestedHost, !namesHost { decision.usesOriginalDestination = true }
        decision.resolvesRequestedHost = service.resolution == .requestedHost && !decision.usesOriginalDestination
        apply(settings, to: &decision)
        let standsForAll = service.resolution == .requestedHost && decision.usesOriginalDestination
        let backends = standsForAll ? [] : backends(of: service, port: port, subset: rule?.subset(name.subset))
        if let tls = settings.tls, let rule {
            applyExplicit(tls, of: rule, for: client, service, backends, &decision)
        } else {
            applyAutomatic(rule, service, port, backends, &decision)
        }
        return decision
    }

    /// What is spoken to the port: what it declares, unless a rule or the mesh has requests go on in another version.
    private func application(of port: Service.Port, _ pool: ConnectionPool?) -> Application {
        guard port.spoken.isHTTP else { return port.spoken.application }
        // The client's own version is what a port without a declaration gets.
        if pool?.usesClientProtocol == true { return .auto }
        let policy = pool?.h2UpgradePolicy ?? .inherited
        let isUpgraded = policy == .inherited ? config.h2UpgradePolicy == .always : policy == .always
        return isUpgraded ? .http2 : port.spoken.application
    }

    private func apply(_ settings: TrafficPolicy.Settings, to decision: inout DestinationDecision) {
        decision.loadBalancing =
            switch settings.loadBalancer?.simple {
            case .roundRobin: .roundRobin
            case .random: .random
            default: .leastRequest
            }
        decision.consistentHash = settings.loadBalancer?.consistentHash
        decision.warmup = decision.loadBalancing == .random ? nil : settings.loadBalancer?.warmup
        let pool = settings.connectionPool
        decision.connectionPool = pool
        decision.connectTimeout = pool?.connectTimeout ?? config.connectTimeout
        decision.maxConnections = pool?.maxConnections ?? 0
        decision.maxPendingRequests = pool?.maxPendingRequests ?? 0
        decision.maxRequestsPerConnection = pool?.maxRequestsPerConnection ?? 0
        decision.outlierDetection = settings.outlierDetection
    }

    /// An endpoint with what is known of the workload behind it.
    struct Backend {
        var endpoint: ServiceEndpoint
        var port: Int
        var workload: Workload?

        var labels: [String: String] { workload?.labels ?? endpoint.attributes?.labels ?? [:] }
        var speaksMutualTLS: Bool {
            workload?.speaksMutualTLS ?? (endpoint.attributes?.tlsMode == Workload.speaksMutualTLS)
        }
        /// Namespace and name of the service account.
        var account: (namespace: String, name: String)? {
            if let workload { return (workload.namespace, workload.serviceAccount) }
            guard let attributes = endpoint.attributes, !attributes.serviceAccount.isEmpty else { return nil }
            return (attributes.namespace, attributes.serviceAccount)
        }
    }

    func backends(of service: Service, port: Service.Port, subset: DestinationRule.Subset?) -> [Backend] {
        endpoints(of: service).compactMap { endpoint in
            guard let number = endpoint.ports[port.name] else { return nil }
            let workload = endpoint.pod.flatMap { workloads[$0] }
            let backend = Backend(endpoint: endpoint, port: number, workload: workload)
            if let subset, !subset.labels.allSatisfy({ backend.labels[$0] == $1 }) { return nil }
            return backend
        }
    }

    /// The rule says how: the same for every endpoint, whether it can or not.
    private func applyExplicit(
        _ tls: ClientTLSSettings,
        of rule: MergedRule,
        for client: Client,
        _ service: Service,
        _ backends: [Backend],
        _ decision: inout DestinationDecision
    ) {
        let reason = rule.reference.description
        decision.reason = reason
        if let refusal = Self.refusal(of: tls, rule, client) {
            decision.refusal = "\(reason): \(refusal)"
        } else if tls.mode != .disable {
            decision.tls = explicitTLS(tls, service, decision.name)
        }
        let isEncrypted = tls.mode != .disable
        decision.encryptsUnlisted = isEncrypted
        decision.endpoints = backends.map { endpoint($0, isEncrypted: isEncrypted, reason: reason) }
    }

    private func endpoint(_ backend: Backend, isEncrypted: Bool, reason: String) -> DestinationDecision.Endpoint {
        DestinationDecision.Endpoint(
            address: backend.endpoint.address,
            port: backend.port,
            isEncrypted: isEncrypted,
            reason: reason,
            weight: backend.endpoint.weight,
            workload: backend.workload
        )
    }

    /// Why the TLS that a rule asks for cannot be had; Istio would send plaintext then.
    private static func refusal(of tls: ClientTLSSettings, _ rule: MergedRule, _ client: Client) -> String? {
        guard tls.mode == .simple || tls.mode == .mutual else { return nil }
        let isForAnyProxy = client.isGateway || tls.credentialName.hasPrefix(ClientTLSSettings.configMapPrefix)
        if !tls.credentialName.isEmpty, !isForAnyProxy, rule.workloadSelector == nil {
            return "tls.credentialName is used by sidecars only with a workloadSelector; add one, or name files"
        }
        guard tls.mode == .mutual, tls.credentialName.isEmpty,
            tls.clientCertificate.isEmpty || tls.privateKey.isEmpty
        else { return nil }
        return "tls.mode MUTUAL needs clientCertificate and privateKey, or credentialName"
    }

    private func explicitTLS(
        _ settings: ClientTLSSettings,
        _ service: Service,
        _ name: DestinationName
    ) -> TLSDecision {
        if settings.mode == .istioMutual {
            var tls = mutualTLS(service, name)
            if !settings.sni.isEmpty { tls.serverName = settings.sni }
            if !settings.subjectAltNames.isEmpty { tls.subjectAltNames = settings.subjectAltNames }
            return tls
        }
        var tls = TLSDecision(credential: Self.credential(settings))
        tls.rootsFile = settings.caCertificates
        tls.revocationsFile = settings.caCrl
        if !settings.credentialName.isEmpty, !settings.insecureSkipVerify {
            tls.rootsSecret = CredentialReference.rootsName(for: settings.credentialName)
        }
        tls.serverName = settings.sni
        tls.skipsVerification = settings.insecureSkipVerify
        tls.subjectAltNames = settings.subjectAltNames
        if tls.subjectAltNames.isEmpty, service.isExternal { tls.subjectAltNames = service.subjectAltNames }
        tls.verifiesHost = tls.subjectAltNames.isEmpty && settings.sni.isEmpty && !settings.insecureSkipVerify
        return tls
    }

    private static func credential(_ settings: ClientTLSSettings) -> TLSDecision.Credential {
        if settings.mode == .simple { return .none }
        if settings.credentialName.isEmpty {
            return .files(certificate: settings.clientCertificate, key: settings.privateKey)
        }
        return .secret(CredentialReference.fullName(settings.credentialName))
    }

    /// The TLS of the mesh: the workload's certificate, and a server with one of the service's identities.
    private func mutualTLS(_ service: Service, _ name: DestinationName) -> TLSDecision {
        var tls = TLSDecision(credential: .workload)
        tls.serverName = name.serverName
        tls.subjectAltNames = identities(of: service)
        return tls
    }

    /// The names that servers of the service may have, sorted: the service accounts of all its endpoints in each trust
    /// domain, and what an entry inside the mesh adds.
    func identities(of service: Service) -> [String] {
        var names: Set<String> = service.isExternal ? [] : Set(service.subjectAltNames)
        var accounts: Set<String> = []
        for endpoint in endpoints(of: service) {
            let backend = Backend(endpoint: endpoint, port: 0, workload: endpoint.pod.flatMap { workloads[$0] })
            guard let account = backend.account else { continue }
            accounts.insert("/ns/\(account.namespace)/sa/\(account.name)")
        }
        for domain in [config.trustDomain] + config.trustDomainAliases {
            for account in accounts { names.insert("spiffe://\(domain)\(account)") }
        }
        return names.sorted()
    }

    /// No rule says how: mutual TLS with every endpoint that can and may.
    private func applyAutomatic(
        _ rule: MergedRule?,
        _ service: Service,
        _ port: Service.Port,
        _ backends: [Backend],
        _ decision: inout DestinationDecision
    ) {
        if let obstacle = obstacle(service, backends, decision) {
            decision.reason = obstacle
            decision.endpoints = backends.map { backend in
                endpoint(
                    backend,
                    isEncrypted: false,
                    reason: backend.speaksMutualTLS ? obstacle : Self.noSidecar(obstacle)
                )
            }
            return
        }
        decision.reason = "auto mTLS"
        let explicitMode = rule?.endpointMode(port: port.number, subset: decision.name.subset)
        decision.encryptsUnlisted = decision.usesOriginalDestination
        decision.endpoints = backends.map { backend in
            let obstacle =
                decision.usesOriginalDestination ? nil : endpointObstacle(backend, explicitMode, rule)
            return endpoint(backend, isEncrypted: obstacle == nil, reason: obstacle ?? "auto mTLS")
        }
        if decision.usesOriginalDestination || decision.endpoints.contains(where: \.isEncrypted) {
            decision.tls = mutualTLS(service, decision.name)
        }
    }

    private static func noSidecar(_ obstacle: String) -> String {
        obstacle.hasPrefix("headless") ? "no sidecar" : obstacle
    }

    /// Why no endpoint of the service gets automatic mutual TLS; nil when some may.
    private func obstacle(_ service: Service, _ backends: [Backend], _ decision: DestinationDecision) -> String? {
        if service.isExternal { return "outside the mesh" }
        if !config.enableAutoMtls { return "auto mTLS is off (meshConfig.enableAutoMtls)" }
        if decision.usesOriginalDestination {
            // One TLS setting for all addresses: all can, or none does.
            if backends.isEmpty { return "headless service without endpoints" }
            if backends.contains(where: { !$0.speaksMutualTLS }) { return "headless service with pods without sidecar" }
            if let plaintext = legacyPlaintext(backends) { return plaintext }
        }
        // Istio looks no further than the namespace here: a stricter policy for a workload below does not count.
        guard let mode = namespaceMode(service.namespace), mode.mode == .disable else { return nil }
        return mode.reason
    }

    /// Policies of Istio 1.4's kind are for services: those that forbid TLS do so for headless ones too.
    private func legacyPlaintext(_ backends: [Backend]) -> String? {
        guard hasLegacyPolicies else { return nil }
        for backend in backends {
            guard let workload = backend.workload else { continue }
            let mode = serverMode(of: workload, port: backend.port)
            if mode.mode == .disable, mode.object?.kind != "PeerAuthentication" { return mode.reason }
        }
        return nil
    }

    /// Why an endpoint gets no automatic mutual TLS; nil when it does.
    private func endpointObstacle(
        _ backend: Backend,
        _ explicitMode: ClientTLSSettings.Mode?,
        _ rule: MergedRule?
    ) -> String? {
        guard backend.speaksMutualTLS else { return "no sidecar" }
        if let explicitMode, let rule { return explicitMode == .istioMutual ? nil : rule.reference.description }
        let mode: ModeDecision? =
            if let workload = backend.workload {
                serverMode(of: workload, port: backend.port)
            } else if let attributes = backend.endpoint.attributes {
                peerAuthenticationMode(namespace: attributes.namespace, labels: attributes.labels, port: backend.port)
            } else {
                nil
            }
        guard let mode, mode.mode == .disable else { return nil }
        return mode.reason
    }
}
