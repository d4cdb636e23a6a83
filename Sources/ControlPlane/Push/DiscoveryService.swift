internal import Base
internal import Discovery
internal import GRPC
internal import Identity
internal import Kubernetes
internal import Protobuf

/// Serves the delta stream to proxies, each as the workload that it proves to be.
struct DiscoveryService: Sendable {
    private let state: MeshState
    private let authenticator: CallerAuthenticator
    private let counters: Counters
    private let log = Log("ads")

    init(state: MeshState, authenticator: CallerAuthenticator, counters: Counters) {
        self.state = state
        self.authenticator = authenticator
        self.counters = counters
    }

    /// Serves one stream until either side ends it.
    @Sendable func serve(_ call: GRPCCall) async throws {
        let caller = try await authenticate(call)
        guard let message = try await call.next() else { return }
        let request = try Self.request(message)
        guard let node = request.node else {
            throw GRPCStatus(.invalidArgument, "the first request of a stream names no node")
        }
        let pod = try pod(of: node, caller)
        let proxy = state.connect { number in
            ConnectedProxy(
                number: number,
                node: node,
                pod: pod,
                identity: caller.identity,
                peer: call.peer.description,
                session: ServerSession()
            )
        }
        defer { state.disconnect(proxy) }
        log.info("proxy \(pod) (\(caller.identity), version \(node.version)) connected from \(call.peer)")
        defer { log.info("proxy \(pod) disconnected") }
        try take(request, proxy)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await receive(from: call, proxy) }
            group.addTask { try await send(to: proxy, call) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func authenticate(_ call: GRPCCall) async throws(GRPCStatus) -> Caller {
        do {
            return try await authenticator.authenticate(CallerCredentials(call))
        } catch {
            log.warn("a proxy at \(call.peer) is not authenticated: \(error)")
            throw GRPCStatus(error.code == .unavailable ? .unavailable : .unauthenticated, "authentication failure")
        }
    }

    /// The pod that the node says it is, if that can be true of the caller.
    private func pod(of node: NodeIdentity, _ caller: Caller) throws(GRPCStatus) -> ObjectKey {
        guard let workload = node.workload else {
            throw GRPCStatus(.invalidArgument, "\(node.id) is not a node id such as sidecar~IP~pod.namespace~domain")
        }
        guard workload.namespace == caller.identity.namespace, caller.pod == nil || caller.pod == workload.pod else {
            log.warn("\(caller.identity) claims to be \(node.id): refused")
            throw GRPCStatus(.permissionDenied, "\(caller.identity) may not act as \(node.id)")
        }
        return ObjectKey(namespace: workload.namespace, name: workload.pod)
    }

    // Swift 6.3.1 crashes on typed throws within an async loop when it optimizes, hence the untyped ones below.

    private func receive(from call: GRPCCall, _ proxy: ConnectedProxy) async throws {
        while let message = try await call.next() { try take(try Self.request(message), proxy) }
    }

    private static func request(_ message: [UInt8]) throws -> DeltaRequest {
        do {
            return try DeltaRequest(message)
        } catch {
            throw GRPCStatus(.invalidArgument, "\(error)")
        }
    }

    private func take(_ request: DeltaRequest, _ proxy: ConnectedProxy) throws {
        if request.error != nil { counters.count(.refusals) }
        if let words = proxy.received(request) { throw GRPCStatus(.invalidArgument, words) }
        if request.report != nil { state.serversChanged(of: proxy) }
    }

    /// Sends whatever there is to tell, as soon as there is.
    private func send(to proxy: ConnectedProxy, _ call: GRPCCall) async throws {
        try call.begin()
        for await _ in proxy.wakeups {
            switch state.nextResponse(for: proxy) {
            case .nothing: continue
            case .response(let response):
                try await call.send(response.bytes)
                counters.count(.pushes)
            case .impostor(let account):
                log.warn("\(proxy.identity) claims to be pod \(proxy.pod), which runs as \(account): refused")
                throw GRPCStatus(.permissionDenied, "\(proxy.identity) may not act as pod \(proxy.pod)")
            }
        }
    }
}
