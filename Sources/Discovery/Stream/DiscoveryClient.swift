internal import Base
public import GRPC
public import HTTP
internal import Synchronization

/// Keeps a proxy told of what it subscribes to, for as long as its task runs.
///
/// When the connection is lost it makes another one and gets only what changed in between; what was applied stays
/// good meanwhile.
public final class DiscoveryClient: Sendable {
    /// How to reach the control plane; called for every new connection.
    public struct Transport: Sendable {
        var connect: @Sendable () async throws -> GRPCClient
        var metadata: @Sendable () async throws -> HTTPFields

        /// - Parameters:
        ///   - connect: Opens a connection.
        ///   - metadata: What to send with the call, such as `authorization`.
        public init(
            connect: @escaping @Sendable () async throws -> GRPCClient,
            metadata: @escaping @Sendable () async throws -> HTTPFields
        ) {
            self.connect = connect
            self.metadata = metadata
        }
    }

    private struct State {
        var session: ClientSession
        /// Where requests of the open stream go; nil without one.
        var outgoing: AsyncStream<DeltaRequest>.Continuation?
    }

    /// A stream that lasted this long was a good one: the next attempt after it is not delayed.
    private static let successAge: Duration = .seconds(5)

    private let transport: Transport
    private let apply: @Sendable (DiscoveryUpdate) async throws -> Void
    private let state: Mutex<State>
    private let log = Log("xds")

    /// - Parameters:
    ///   - subscriptions: What to ask for from the beginning.
    ///   - apply: Puts an update into effect; when it throws, nothing of the update counts and the control plane is told
    ///     why.
    public init(
        node: NodeIdentity,
        subscriptions: Set<ResourceName> = [.mesh, .inbound, .trust],
        transport: Transport,
        apply: @escaping @Sendable (DiscoveryUpdate) async throws -> Void
    ) {
        self.transport = transport
        self.apply = apply
        state = Mutex(State(session: ClientSession(node: node, subscriptions: subscriptions)))
    }

    /// Whether a stream is open.
    public var isConnected: Bool { state.withLock { $0.outgoing != nil } }

    /// Asks for more; may be called from any thread, and before there is a connection.
    public func subscribe(to names: some Sequence<ResourceName>) {
        state.withLock { state in
            if let request = state.session.subscribe(to: names) { state.outgoing?.yield(request) }
        }
    }

    /// Gives up what is no longer needed; may be called from any thread.
    public func unsubscribe(from names: some Sequence<ResourceName>) {
        state.withLock { state in
            if let request = state.session.unsubscribe(from: names) { state.outgoing?.yield(request) }
        }
    }

    /// Tells which servers of a gateway cannot serve now, and why, by their origins; may be called from any thread, and
    /// before there is a connection.
    public func report(_ problems: [String: String]) {
        state.withLock { state in
            if let request = state.session.report(problems) { state.outgoing?.yield(request) }
        }
    }

    /// Stays connected until the task is cancelled.
    public func run() async {
        var backoff = Backoff(first: .milliseconds(100), limit: .seconds(3))
        while !Task.isCancelled {
            let began = ContinuousClock.now
            do {
                try await stream()
                log.info("the control plane ended the stream")
            } catch {
                if Task.isCancelled { return }
                log.warn("not connected to the control plane, the last configuration stays in force: \(error)")
            }
            // A stream on which there was nothing to tell has worked all the same.
            if ContinuousClock.now - began > Self.successAge { backoff.succeeded() }
            try? await Task.sleep(for: backoff.failed())  // Cancelled: the loop ends.
        }
    }

    /// One stream, from its beginning to its end.
    private func stream() async throws {
        let client = try await transport.connect()
        defer { client.close() }
        let call = try client.stream(DiscoveryProtocol.path, metadata: try await transport.metadata())
        defer { call.cancel() }
        let (requests, outgoing) = AsyncStream<DeltaRequest>.makeStream()
        state.withLock { state in
            outgoing.yield(state.session.connected())
            state.outgoing = outgoing
        }
        defer {
            state.withLock { state in
                state.session.disconnected()
                state.outgoing = nil
            }
            outgoing.finish()
        }
        let sending = Task {
            for await request in requests { try await call.send(request.bytes) }
        }
        defer { sending.cancel() }
        try await withTaskCancellationHandler {
            while let message = try await call.next() {
                try await received(try DeltaResponse(message))
            }
        } onCancel: {
            call.cancel()
        }
    }

    private func received(_ response: DeltaResponse) async throws {
        switch state.withLock({ $0.session.received(response) }) {
        case .refuse(let request):
            log.error("the control plane sent what cannot be understood: \(request.error ?? "")")
            state.withLock { _ = $0.outgoing?.yield(request) }
        case .update(let update):
            do {
                try await apply(update)
                state.withLock { state in _ = state.outgoing?.yield(state.session.accepted(update)) }
            } catch {
                log.error("an update is refused: \(error)")
                state.withLock { state in
                    _ = state.outgoing?.yield(state.session.refused(update, reason: "\(error)"))
                }
            }
        }
    }
}
