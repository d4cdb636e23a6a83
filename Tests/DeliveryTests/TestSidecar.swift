import Base
import Discovery
import HTTP
import Identity
import Synchronization
import Testing

@testable import Proxy

/// A sidecar in this process: all of the real one but for the packet filter, and the pages about itself.
final class TestSidecar: Sendable {
    let state = ProxyState(trustDomain: "cluster.local")
    let discovery: DiscoveryClient
    let traffic: Traffic
    private let plane: DataPlane
    /// Where an application's connections are taken to be for ``World/serviceAddress``.
    private let outbound: ReservedPort
    private let inbound: ReservedPort

    /// - Parameters:
    ///   - inbound: Where connections to the pod arrive.
    ///   - application: Where these go.
    init(
        _ app: String,
        in mesh: Mesh,
        inbound: ReservedPort,
        application: SocketAddress? = nil,
        limits: WorkerLimits = .patient
    ) throws {
        outbound = try ReservedPort("127.0.0.1")
        self.inbound = inbound
        let traffic = Traffic()
        discovery = DiscoveryClient(
            node: NodeIdentity(address: "127.0.0.1", pod: "\(app)-1", namespace: "full", version: "1"),
            transport: .init(connect: { try await mesh.connect() }, metadata: { ["authorization": "Bearer \(app)"] }),
            apply: { [state] update in
                traffic.received()
                try await state.prepareAndApply(update)
            }
        )
        traffic.next.withLock { [discovery] in $0 = OnDemandSubscriptions(discovery) }
        self.traffic = traffic
        let addresses = DataPlane.Addresses(
            outbound: outbound.address,
            inbound: inbound.address,
            outboundFallback: World.serviceAddress,
            inboundFallback: application
        )
        plane = try DataPlane(
            workers: 1,
            addresses: addresses,
            limits: limits,
            tables: state.tables,
            discovery: traffic
        )
        state.onChange { [plane] tables in plane.replace(tables) }
    }

    deinit { plane.stop() }

    /// Fetches the workload's certificate.
    func enroll(_ app: String, in mesh: Mesh) async throws {
        let certificate = try await mesh.certificate(of: app)
        try state.use(certificate.identity, roots: certificate.rootsPEM)
    }

    /// Waits until nothing is missing to serve the application.
    func becomeReady() async throws {
        try await eventually("the sidecar is ready") { state.missing.isEmpty && discovery.isConnected }
    }

    /// Status and body of a request that the application sends to `host`; every one on a connection of its own.
    func get(_ host: String) async throws -> (status: Int, body: String) {
        let client = HTTPClient(host: outbound.address.ip.description, port: outbound.address.port)
        defer { client.close() }
        let response = try await client.send(HTTPRequestHead("GET", "/", fields: ["Host": host]))
        return (response.head.status, String(decoding: try await response.collectBody(), as: UTF8.self))
    }
}

/// What goes to and fro between a data plane and the control plane.
final class Traffic: DiscoveryRequests {
    struct Counts: Sendable, Equatable {
        /// Names that the data plane asked for, in the order of asking.
        var requests: [ResourceName] = []
        var responses = 0
    }

    let next = Mutex<OnDemandSubscriptions?>(nil)
    private let state = Mutex(Counts())

    var counts: Counts { state.withLock { $0 } }

    func request(_ name: ResourceName) {
        state.withLock { $0.requests.append(name) }
        next.withLock { $0 }?.request(name)
    }

    func received() { state.withLock { $0.responses += 1 } }
}
