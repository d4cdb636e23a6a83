internal import Base
internal import Discovery
internal import GRPC
internal import HTTP
internal import Identity
internal import JSON
internal import Kubernetes
internal import MeshAPI
internal import Network
internal import Synchronization
internal import TLS

/// The control plane as a whole: watches, decides, issues certificates, tells proxies, answers webhooks.
final class ControlPlane: Sendable {
    /// Where it listens, once it does; of use with ports that the system chose.
    struct Addresses: Sendable {
        var secure: SocketAddress
        var plaintext: SocketAddress?
        var webhooks: SocketAddress
        var monitoring: SocketAddress
        var readiness: SocketAddress
    }

    private let api: any KubernetesAPI
    private let options: Options
    private let counters = Counters()
    /// One for all ports: what one of them refuses is refused.
    private let tokens: TokenReviewGate
    private let isReady = Atomic(false)
    private let log = Log("apusd")

    init(api: any KubernetesAPI, options: Options) {
        self.api = api
        self.options = options
        tokens = TokenReviewGate(TokenReview(api: api))
    }

    /// Runs until the task is cancelled.
    ///
    /// - Parameter started: Called when everything is served.
    /// - Throws: ``MeshError`` when a port is taken, or there is a CA that cannot be used.
    func run(started: @escaping @Sendable (Addresses) -> Void = { _ in }) async throws {
        let began = ContinuousClock.now
        let readiness = try listener(options.readinessPort)
        let settings = Settings(api: api, namespace: options.namespace, revision: options.revision)
        let feed = ChangeFeed()
        let watch = ObjectWatch(api: api, feed: feed)
        let credentials = CredentialStore(api: api, counters: counters)
        let statuses = StatusWriter(api: api)
        let state = MeshState(
            clusterDomain: options.domain,
            credentials: credentials,
            scopesGatewaysToNamespace: options.scopesGatewaysToNamespace
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await HTTPServer(listener: readiness, handler: self.answerReadiness).run() }
            group.addTask { await settings.run { state.set($0) } }
            group.addTask { await watch.run() }
            group.addTask { await credentials.run { state.wake($0) } }
            group.addTask { await statuses.run() }
            group.addTask { await self.judgeGateways(state, statuses) }
            await settings.waitUntilSynced()
            let keeper = try await openAuthority(trustDomain: settings.mesh.trustDomain)
            // Nothing is served before everything is known: half of the policies would be too lax a mesh.
            await watch.waitUntilSynced()
            try Task.checkCancellation()
            state.set(settings.mesh)
            state.set(roots: keeper.authority.rootsPEM)
            let services = Services(
                settings: settings,
                watch: watch,
                keeper: keeper,
                state: state,
                readiness: readiness.address
            )
            let addresses = try serve(services, &group)
            group.addTask { await self.follow(feed, state, statuses, initial: feed.takeAll()) }
            isReady.store(true, ordering: .releasing)
            log.info("serving discovery and CA on \(addresses.secure) after \(ContinuousClock.now - began)")
            started(addresses)
            try await group.next()
        }
    }

    /// What serving needs.
    private struct Services {
        let settings: Settings
        let watch: ObjectWatch
        let keeper: AuthorityKeeper
        let state: MeshState
        let readiness: SocketAddress
    }

    private func openAuthority(trustDomain: String) async throws -> AuthorityKeeper {
        var limits = MeshAuthority.Limits()
        limits.defaultLifetime = options.defaultLifetime
        limits.longestLifetime = options.longestLifetime
        return try await AuthorityKeeper.open(
            api: api,
            namespace: options.namespace,
            trustDomain: trustDomain,
            limits: limits
        )
    }

    // Serving

    private func listener(_ port: UInt16) throws -> AsyncListener {
        try AsyncListener(binding: SocketAddress(.any, port: port))
    }

    private func serve(_ services: Services, _ group: inout ThrowingTaskGroup<Void, any Error>) throws -> Addresses {
        let authority = services.keeper.authority
        let certificate = try ServerCertificate(authority: authority, options: options)
        let (secure, webhooks) = (certificate.secure, certificate.webhooks)
        let monitoring = try listener(options.monitoringPort)
        let plaintext = try options.plaintextPort.map { try listener($0) }

        let handlers = grpcHandlers(services)
        for listener in [secure, plaintext].compactMap(\.self) {
            group.addTask { try await GRPCServer(listener: listener, handlers: handlers).run() }
        }
        let pages = WebhookPages(settings: services.settings, nodes: services.watch.nodes, counters: counters)
        group.addTask { try await HTTPServer(listener: webhooks, handler: pages.serve).run() }
        let debug = DebugPages(state: services.state, podName: options.podName, counters: counters)
        let access = DebugAccess(authenticator: authenticator(services.settings), namespace: options.namespace)
        group.addTask { try await HTTPServer(listener: monitoring) { try await Self.answer($0, debug, access) }.run() }
        addKeepers(services, certificate, &group)
        return Addresses(
            secure: secure.address,
            plaintext: plaintext?.address,
            webhooks: webhooks.address,
            monitoring: monitoring.address,
            readiness: services.readiness
        )
    }

    /// What keeps the cluster's objects as the mesh needs them.
    private func addKeepers(
        _ services: Services,
        _ certificate: ServerCertificate,
        _ group: inout ThrowingTaskGroup<Void, any Error>
    ) {
        let authority = services.keeper.authority
        let distributor = RootDistributor(api: api, namespaces: services.watch.namespaces) { authority.rootsPEM }
        let configurator = WebhookConfigurator(
            api: api,
            namespace: options.namespace,
            service: options.serviceName,
            roots: { authority.rootsPEM }
        )
        group.addTask { await distributor.run() }
        group.addTask { await configurator.run() }
        group.addTask { await certificate.run() }
        group.addTask {
            await services.keeper.run {
                certificate.renew()
                services.state.set(roots: authority.rootsPEM)
                await distributor.reconcile()
                await configurator.reconcile()
            }
        }
    }

    private func authenticator(_ settings: Settings) -> CallerAuthenticator {
        CallerAuthenticator(
            trustDomains: { settings.mesh.trustDomains },
            audience: options.audience,
            reviewer: tokens
        )
    }

    private func grpcHandlers(_ services: Services) -> [String: GRPCServer.Handler] {
        let authenticator = authenticator(services.settings)
        let signing = SigningService(authority: services.keeper.authority, authenticator: authenticator)
        let discovery = DiscoveryService(state: services.state, authenticator: authenticator, counters: counters)
        let counters = counters
        let sign = GRPCServer.unary { call, message in
            do {
                let answer = try await signing.createCertificate(
                    message,
                    credentials: CallerCredentials(call),
                    peer: call.peer.description
                )
                counters.count(.certificates)
                return answer
            } catch let refusal as SigningService.Refusal {
                counters.count(.certificateFailures)
                throw GRPCStatus(GRPCStatus.Code(rawValue: refusal.code.rawValue) ?? .unknown, refusal.message)
            }
        }
        return [DiscoveryProtocol.path: discovery.serve, SigningProtocol.path: sign]
    }

    @Sendable private func answerReadiness(_ exchange: HTTPExchange) async throws {
        guard exchange.request.path == "/ready" else { throw HTTPFailure(404, "only /ready is here") }
        guard isReady.load(ordering: .acquiring) else { throw HTTPFailure(503, "the mesh is not known yet") }
        try await exchange.respond(HTTPResponseHead(200))
    }

    private static func answer(_ exchange: HTTPExchange, _ pages: DebugPages, _ access: DebugAccess) async throws {
        try await access.check(exchange.request, from: exchange.peer.ip)
        guard let page = try pages.page(exchange.request) else {
            throw HTTPFailure(404, "no page \(exchange.request.path); see /debug")
        }
        try await exchange.respond(HTTPResponseHead(200, fields: ["Content-Type": page.type]), body: page.body)
    }

    /// Writes into Gateways what of them is in force, whenever that changes; many changes together are one, and what
    /// proxies say of a change is part of it.
    private func judgeGateways(_ state: MeshState, _ statuses: StatusWriter) async {
        for await _ in state.gatewayChanges {
            try? await Task.sleep(for: .milliseconds(100))  // Cancelled: the stream ends too.
            statuses.add(state.judgeGateways())
        }
    }

    /// Puts every change into effect; at most one round of pushes each few milliseconds, the first one at once.
    private func follow(
        _ feed: ChangeFeed,
        _ state: MeshState,
        _ statuses: StatusWriter,
        initial: [ObjectChange]
    ) async {
        let pause: Duration = .milliseconds(5)
        statuses.add(state.apply(initial))
        while let batch = await feed.next() {
            let began = ContinuousClock.now
            statuses.add(state.apply(batch))
            try? await Task.sleep(until: began + pause)  // Cancelled: the feed ends too.
        }
    }
}
