internal import Base
internal import CLinux
internal import Discovery
internal import EventLoop
internal import HTTP

/// A connection that its worker keeps alive, and ends when the proxy ends.
protocol WorkerConnection: AnyObject {
    /// Whether nothing would be lost by closing it now.
    var isIdle: Bool { get }
    /// What inbound connections must be is no longer what it was.
    func inboundPolicyChanged()
    /// The worker drains: whatever it is doing is the last that it does.
    func workerDrains()
    func close()
}

extension WorkerConnection {
    func workerDrains() { if isIdle { close() } }
}

/// What one thread owns: its listeners, connections and pools, and the configuration it decides by.
///
/// Not Sendable: it never leaves its thread. Configuration comes in as a whole between two events; connections go on.
final class Worker {
    let loop: EventLoop
    let limits: WorkerLimits
    private(set) var tables: ProxyTables
    var random = SplitMix64()
    private(set) var isDraining = false
    /// Copies of requests under way.
    var mirrors = 0
    let telemetry: WorkerTelemetry
    private let discovery: (any DiscoveryRequests)?
    private var connections: [ObjectIdentifier: any WorkerConnection] = [:]
    /// The most there were since memory was given back.
    private var mostConnections = 0
    private var listeners: [Listener] = []
    private var sidecarListeners = SidecarListeners()
    private var gatewayPorts = GatewayPorts()
    /// A gateway's connections that have said nothing yet, and those that shake hands.
    var silent: PendingConnections<GatewayAcceptance>
    var handshaking: PendingConnections<GatewayAcceptance>
    /// Names that requests ask for, of destinations that are found by them.
    let names: NameCache
    private var destinations: [String: DestinationPool] = [:]
    private var applications: [ApplicationKey: Application] = [:]
    private var waiters = ConfigurationWaiters()
    let http2Memory = HTTP2Memory()
    /// As many requests find memory when they come at the same time.
    private var workspaces = Spares<HTTP1Workspace>(limit: 256)
    private var nextShrink = MonotonicTime(nanoseconds: 0)
    private var readBuffer = Worker.makeReadBuffer()

    /// The application as seen from one inbound destination.
    struct ApplicationKey: Hashable {
        var address: SocketAddress
        var isDeclared: Bool
    }

    /// Where what comes in for the application goes, and who says so for requests of all connections.
    struct Application {
        let pool: DestinationPool
        let router: RequestRouter

        init(_ pool: DestinationPool) { (self.pool, router) = (pool, RequestRouter(application: pool)) }
    }

    init(
        _ loop: EventLoop,
        limits: WorkerLimits,
        tables: ProxyTables,
        telemetry: WorkerTelemetry,
        discovery: (any DiscoveryRequests)?
    ) {
        self.loop = loop
        self.limits = limits
        names = NameCache(loop)
        silent = PendingConnections(limit: limits.silentConnections)
        handshaking = PendingConnections(limit: limits.handshakes)
        self.tables = tables
        self.telemetry = telemetry
        self.discovery = discovery
    }

    // Listening

    func listen(_ listener: Listener) throws(SystemError) {
        try listener.start()
        listeners.append(listener)
    }

    /// Listens on one of a gateway's places.
    func listen(_ place: GatewayTables.Place, _ socket: consuming Socket) {
        // The configuration may have changed while the socket was on its way.
        guard tables.gateway?.listeners[place] != nil else { return }
        gatewayPorts.open(place, socket, on: self)
    }

    /// Opens and closes the listeners that the tables have.
    func openSidecarListeners() { sidecarListeners.follow(tables.content.inbound?.listeners ?? [], on: self) }

    /// Connections are no longer kept for another request, and the listeners that `stops` names close.
    func drain(stopping stops: (Listener) -> Bool) {
        isDraining = true
        for listener in listeners + sidecarListeners.all where stops(listener) { listener.stop() }
        for connection in connections.values { connection.workerDrains() }
    }

    var openConnections: Int { connections.count }

    // Connections

    func add(_ connection: any WorkerConnection) {
        connections[ObjectIdentifier(connection)] = connection
        mostConnections = max(mostConnections, connections.count)
    }

    func remove(_ connection: any WorkerConnection) {
        connections[ObjectIdentifier(connection)] = nil
        guard mostConnections >= Self.manyConnections, connections.count < mostConnections / 8 else { return }
        mostConnections = connections.count
        connections = Dictionary(uniqueKeysWithValues: Array(connections))
        workspaces = Spares(limit: workspaces.limit)
        CLinux_trim_heap()
    }

    /// After so many connections, and when most of them are gone, the heap is given back to the system.
    private static let manyConnections = 1000

    /// Room for one read; empty hands are filled anew, so that a read within a read works too.
    func takeReadBuffer() -> [UInt8] {
        var buffer: [UInt8] = []
        swap(&buffer, &readBuffer)
        return buffer.isEmpty ? Self.makeReadBuffer() : buffer
    }

    /// Memory that the kernel need not provide before so much is read at a time.
    private static func makeReadBuffer() -> [UInt8] {
        // Safe: every octet is a number, and only those are looked at that a read has put there.
        unsafe [UInt8](unsafeUninitializedCapacity: WorkerLimits.readOctets) { $1 = WorkerLimits.readOctets }
    }

    func giveReadBuffer(_ buffer: inout [UInt8]) { swap(&buffer, &readBuffer) }

    /// Room for a request on `leg`, which has been used before if there is any.
    func takeWorkspace(for leg: any DownstreamLeg) -> HTTP1Workspace {
        guard let workspace = workspaces.take() else { return HTTP1Workspace(self, leg) }
        workspace.exchange.downstream = leg
        return workspace
    }

    /// Keeps the room of a request that is over, with its memory, for another one.
    func give(_ workspace: HTTP1Workspace) { workspaces.give(workspace) }

    /// Gives memory back that was not needed for a while; connections call it whenever they look after themselves.
    func shrink() {
        if loop.now < nextShrink { return }
        nextShrink = loop.now + limits.sweepInterval
        workspaces.shrink()
    }

    func appendRequestID(to head: inout HTTP1Head) {
        let id = RequestID.make(using: &random)
        head.append(.xRequestID, id.span)
    }

    // Configuration

    /// Replaces the tables between two events; endpoints that stay the same keep their connections.
    func replace(_ tables: ProxyTables) {
        let old = self.tables
        self.tables = tables
        for (name, pool) in destinations {
            let destination = tables.content.destinations[name]
            if destination == pool.destination, tables.credentials === old.credentials,
                destination?.tls.map({ tables.hasSameSecrets(as: old, for: $0) }) ?? true
            {
                continue
            }
            let successor = destination.map { makePool($0, predecessor: pool) }
            destinations[name] = successor
            pool.retire(keeping: successor)
        }
        if tables.content.inbound != old.content.inbound { inboundPolicyChanged() }
        openSidecarListeners()
        if tables.gateway !== old.gateway { gatewayChanged() }
        wakeWaiters()
    }

    private func inboundPolicyChanged() {
        for application in applications.values { application.pool.retire(keeping: nil) }
        applications = [:]
        for connection in connections.values { connection.inboundPolicyChanged() }
    }

    private func gatewayChanged() {
        gatewayPorts.close(except: tables.gateway)
        for connection in connections.values { connection.inboundPolicyChanged() }
    }

    /// The destination of that name; nil when the tables have none.
    func pool(named name: String) -> DestinationPool? {
        if let pool = destinations[name] { return pool }
        guard let destination = tables.content.destinations[name] else { return nil }
        let pool = makePool(destination, predecessor: nil)
        destinations[name] = pool
        return pool
    }

    private func makePool(_ destination: Destination, predecessor: DestinationPool?) -> DestinationPool {
        var builder = DestinationPoolBuilder(destination, tables, predecessor, at: loop.now)
        return builder.build()
    }

    /// Where connections go that no route is known for: to where they were going.
    private(set) lazy var passthrough = DestinationPool.originalDestination(
        "PassthroughCluster",
        reason: "not a service of the mesh"
    )

    /// The application behind an inbound connection to `address`.
    func application(_ address: SocketAddress, port: InboundPolicy.Port) -> Application {
        let isDeclared = tables.isDeclared(port: port.number)
        let key = ApplicationKey(address: address, isDeclared: isDeclared)
        if let application = applications[key] { return application }
        let sendsToLocalhost = tables.content.inbound?.sendsToLocalhost ?? false
        let application = Application(
            .application(address, port, isDeclared: isDeclared, sendsToLocalhost: sendsToLocalhost)
        )
        applications[key] = application
        return application
    }

    // Asking the control plane

    /// Calls `waiter` when `name` is known, or when that took too long.
    func wait(for name: ResourceName, _ waiter: any ConfigurationWaiter) {
        guard let discovery else { return waiter.configurationArrived(isThere: false) }
        waiters.add(waiter, for: name, on: self)
        discovery.request(name)
    }

    func stopWaiting(_ waiter: any ConfigurationWaiter) { waiters.remove(waiter) }

    private func wakeWaiters() {
        for entry in waiters.takeAll(for: tables.knows) { entry.waiter?.configurationArrived(isThere: true) }
    }

    /// One has waited long enough.
    func expired(_ entry: Waiter) {
        waiters.take(entry.id)
        entry.waiter?.configurationArrived(isThere: false)
    }
}

/// The worker's way to the control plane's client, which lives on another thread.
protocol DiscoveryRequests: Sendable {
    /// Asks for a resource that is not in the tables.
    func request(_ name: ResourceName)
}
