internal import Base
internal import Discovery
internal import GRPC
internal import HTTP
internal import Identity
internal import Network
internal import Synchronization
internal import TLS

/// `apus-proxy proxy sidecar` and `proxy router`: the data plane of one pod, and the agent that keeps it supplied.
///
/// The workers serve connections on threads of their own; everything here is about configuration, certificates and
/// questions about the proxy, and never on the way of a request.
struct AgentCommand {
    private let settings: AgentSettings
    private let state: ProxyState
    private let log = Log("agent")

    init(role: AgentRole, arguments: [String], environment: [String: String]) throws(MeshError) {
        settings = try AgentSettings(role: role, arguments: arguments, environment: environment)
        state = ProxyState(trustDomain: settings.trustDomain, required: role.required)
    }

    /// Serves until SIGTERM, or until somebody asks it to quit.
    func run() async throws -> Int32 {
        let control = ControlPlaneConnection(settings: settings, state: state)
        let discovery = DiscoveryClient(
            node: NodeIdentity(
                role: settings.role.rawValue,
                address: settings.address.description,
                pod: settings.pod,
                namespace: settings.namespace,
                version: Version.current
            ),
            subscriptions: settings.role.required,
            transport: .init(
                connect: { try await control.connect(settings.discoveryAddress) },
                metadata: { control.metadata }
            ),
            apply: { [state] update in try await state.prepareAndApply(update) }
        )
        let plane = try DataPlane(
            workers: settings.workers,
            addresses: settings.role.addresses,
            tables: state.tables,
            discovery: OnDemandSubscriptions(discovery)
        )
        let report: @Sendable (GatewayTables?) -> Void = { tables in
            discovery.report(tables?.failures(unopened: plane.listeningProblems) ?? [:])
        }
        state.onChange { tables in
            plane.replace(tables)
            report(tables.gateway)
        }
        let lifecycle = Lifecycle()
        let pages = AgentPages(
            settings: settings,
            state: state,
            plane: plane,
            lifecycle: lifecycle,
            discovery: discovery
        )
        log.info(
            "\(settings.pod).\(settings.namespace) with \(settings.workers) workers, control plane \(settings.discoveryAddress)"
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await rotate(control) }
            group.addTask { await discovery.run() }
            group.addTask { await watchNames() }
            if settings.role == .router { group.addTask { await watchGateway(plane, report) } }
            for server in try pages.servers() { group.addTask { try await server.run() } }
            group.addTask {
                await lifecycle.untilAskedToEnd()
                await drain(plane)
                throw CancellationError()
            }
            defer { group.cancelAll() }
            do {
                // Not `waitForAll`, which waits for the others too when one has thrown.
                for try await _ in group {}
            } catch is CancellationError {
                // The usual end.
            }
        }
        plane.stop()
        log.info("ended")
        return 0
    }

    /// Keeps the workload's certificate fresh, with a new key each time.
    private func rotate(_ control: ControlPlaneConnection) async {
        let requester = CertificateRequester(
            connect: { try await control.connect(settings.authorityAddress) },
            token: { control.token },
            lifetime: .seconds(settings.certificateSeconds),
            cluster: settings.clusterID
        )
        let name = SPIFFEID(
            trustDomain: settings.trustDomain,
            namespace: settings.namespace,
            serviceAccount: settings.serviceAccount
        )
        await CertificateRotation { try await requester.obtain(name) }.run { certificate in
            do {
                try state.use(certificate.identity, roots: certificate.rootsPEM)
            } catch {
                log.error("the new certificate cannot be used, the old one stays: \(error)")
            }
        }
    }

    /// Follows the addresses of endpoints that are given by name.
    private func watchNames() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: NameResolution.interval)  // Cancelled: the loop ends.
            await state.refreshNames()
        }
    }

    /// Looks after what no event tells of: certificate files, certificates that run out, and ports that were taken.
    private func watchGateway(_ plane: DataPlane, _ report: @Sendable (GatewayTables?) -> Void) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: GatewayTables.watchInterval)  // Cancelled: the loop ends.
            state.refreshGateway()
            if plane.retryListening() { report(state.gateway) }
        }
    }

    /// Lets connections finish: ends when the time is over, or when there has been none for a second.
    private func drain(_ plane: DataPlane) async {
        log.info("draining for at most \(settings.drainDuration)")
        plane.drain()
        let end = ContinuousClock.now + settings.drainDuration
        var quiet = 0
        while ContinuousClock.now < end, quiet < 4 {
            try? await Task.sleep(for: .milliseconds(250))  // Cancelled: nothing is left to wait for.
            quiet = await plane.collect().connections == 0 ? quiet + 1 : 0
        }
    }
}

extension DataPlane {
    /// Adds up the workers' counters.
    func collect() async -> (metrics: Metrics, connections: Int) {
        await withCheckedContinuation { continuation in
            collect { metrics, connections in continuation.resume(returning: (metrics, connections)) }
        }
    }
}
