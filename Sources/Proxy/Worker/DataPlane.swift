internal import Base
internal import Discovery
internal import EventLoop
internal import Synchronization

/// The workers of one proxy, each on a thread of its own, behind one pair of ports.
final class DataPlane: Sendable {
    /// Where the proxy listens.
    struct Addresses: Sendable {
        var outbound = SocketAddress(.any6, port: 15001)
        var inbound = SocketAddress(.any6, port: 15006)
        /// Where outbound connections are taken to be going that were not redirected; for tests and benchmarks.
        var outboundFallback: SocketAddress?
        var inboundFallback: SocketAddress?
    }

    private let threads: [EventLoopThread<Worker>]
    private let sinks = LogSinks()
    private let gateway = GatewayListening()

    /// Starts the workers and listens.
    ///
    /// - Parameter addresses: Where redirected connections arrive; nil for a gateway, to which nothing is redirected.
    /// - Throws: ``SystemError`` when one of `addresses` is taken.
    init(
        workers: Int,
        addresses: Addresses?,
        limits: WorkerLimits = WorkerLimits(),
        tables: ProxyTables,
        discovery: (any DiscoveryRequests)? = nil
    ) throws {
        var threads: [EventLoopThread<Worker>] = []
        for index in 0..<max(1, workers) {
            let sinks = sinks
            let thread = try EventLoopThread(name: "worker-\(index)") { loop in
                let telemetry = WorkerTelemetry(loop, sinks: sinks)
                let worker = Worker(loop, limits: limits, tables: tables, telemetry: telemetry, discovery: discovery)
                telemetry.configure(tables.content.mesh)
                if let addresses { try worker.listen(to: addresses) }
                return worker
            }
            threads.append(thread)
        }
        self.threads = threads
        gateway.follow(tables.gateway, threads)
    }

    /// Replaces what every worker decides by; each does so between two events.
    func replace(_ tables: ProxyTables) {
        for thread in threads {
            thread.submit { worker in
                worker.telemetry.configure(tables.content.mesh)
                worker.replace(tables)
            }
        }
        gateway.follow(tables.gateway, threads)
    }

    /// Why some of a gateway's places are not listened on; empty when all are.
    var listeningProblems: [GatewayTables.Place: String] { gateway.problems }

    /// Tries again to listen where it was not possible.
    ///
    /// - Returns: Whether ``listeningProblems`` has changed.
    @discardableResult
    func retryListening() -> Bool { gateway.retry(threads) }

    /// Connections end after what they are doing now; inbound ones are no longer accepted.
    func drain() {
        for thread in threads { thread.submit { worker in worker.drain { $0.direction == .inbound } } }
    }

    /// Adds up something of every worker, and hands it to `body` on the last worker's thread.
    func collect(_ body: @escaping @Sendable (Metrics, _ connections: Int) -> Void) {
        let total = Mutex((Metrics(), 0, threads.count))
        let box = Total(total)
        for thread in threads {
            thread.submit { worker in
                if let (metrics, connections) = box.add(worker.telemetry.metrics, worker.openConnections) {
                    body(metrics, connections)
                }
            }
        }
    }

    /// Calls `body` on the last worker's thread when all workers have done what they were told before.
    func whenDone(_ body: @escaping @Sendable () -> Void) { collect { _, _ in body() } }

    /// Ends all workers, with what they were doing.
    func stop() {
        for thread in threads {
            thread.submit { $0.telemetry.flush() }
            thread.stopAndJoin()
        }
        gateway.follow(nil, [])
        sinks.close()
    }
}

extension Worker {
    fileprivate func listen(to addresses: DataPlane.Addresses) throws(SystemError) {
        try listen(Listener(self, .inbound, addresses.inbound, fallback: addresses.inboundFallback))
        try listen(Listener(self, .outbound, addresses.outbound, fallback: addresses.outboundFallback))
        openSidecarListeners()
    }
}

/// A sum over the workers.
private final class Total: Sendable {
    private let state: Mutex<(Metrics, Int, Int)>

    init(_ state: consuming Mutex<(Metrics, Int, Int)>) { self.state = state }

    /// The whole when this was the last part.
    func add(_ metrics: Metrics, _ connections: Int) -> (Metrics, Int)? {
        state.withLock { state in
            state.0.add(metrics)
            state.1 += connections
            state.2 -= 1
            return state.2 == 0 ? (state.0, state.1) : nil
        }
    }
}
