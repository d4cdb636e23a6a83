internal import Base
internal import Discovery
internal import Identity
internal import Kubernetes
internal import Mesh
internal import Synchronization

/// One proxy that is connected: its session, and how it is doing.
final class ConnectedProxy: Sendable {
    /// What is known of a proxy for `proxy-status` and metrics.
    struct Status: Sendable {
        var sent = 0
        var acknowledged = 0
        var refused = 0
        /// Resources whose current version the proxy refused, with its words.
        var refusals: [ResourceName: String] = [:]
        /// Why servers of a gateway cannot serve, in the proxy's words, by their origins.
        var serverProblems: [String: String] = [:]
        var lastSent: Timestamp?
        var lastAcknowledged: Timestamp?
        /// From the change to the acknowledgement of the last push.
        var lastLatency: Duration?
        var subscriptions = 0
        var resources = 0
        var isWaitingForAnswer = false
    }

    private struct State {
        var session: ServerSession
        var status = Status()
        /// Since when there may be something to tell that was not sent yet; nil when there is nothing.
        var wokenAt: ContinuousClock.Instant?
        /// The same of the response on its way.
        var changedAt: ContinuousClock.Instant?
    }

    let number: Int
    let node: NodeIdentity
    let pod: ObjectKey
    let identity: SPIFFEID
    let peer: String
    let connected = Timestamp.now
    private let state: Mutex<State>
    private let signal: AsyncStream<Void>.Continuation
    /// Yields when there may be something to send.
    let wakeups: AsyncStream<Void>
    private let log = Log("ads")

    init(number: Int, node: NodeIdentity, pod: ObjectKey, identity: SPIFFEID, peer: String, session: ServerSession) {
        self.number = number
        self.node = node
        self.pod = pod
        self.identity = identity
        self.peer = peer
        state = Mutex(State(session: session))
        (wakeups, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Whether it proved to be what its pod runs as.
    func isOf(_ workload: Workload) -> Bool { workload.serviceAccount == identity.serviceAccount }

    /// There may be something to send.
    func wake() {
        state.withLock { state in
            if state.wokenAt == nil { state.wokenAt = .now }
        }
        signal.yield()
    }

    var status: Status {
        state.withLock { state in
            var status = state.status
            status.subscriptions = state.session.subscriptions.count
            status.resources = state.session.versions.count { !$0.value.isEmpty }
            status.serverProblems = state.session.report.problems
            status.isWaitingForAnswer = state.session.isWaitingForAnswer
            return status
        }
    }

    /// The versions of what the proxy has.
    var versions: [ResourceName: String] { state.withLock { $0.session.versions } }

    func nextResponse(
        _ resolve: (ResourceName) -> EncodedResource?,
        isUndecided: (ResourceName) -> Bool = { _ in false }
    ) -> DeltaResponse? {
        state.withLock { state in
            guard let response = state.session.nextResponse(resolve, isUndecided: isUndecided) else {
                if !state.session.isWaitingForAnswer { state.wokenAt = nil }
                return nil
            }
            state.changedAt = state.wokenAt.take()
            state.status.sent += 1
            state.status.lastSent = .now
            return response
        }
    }

    /// Takes a request; the words to end the stream with when it breaks the protocol.
    func received(_ request: DeltaRequest) -> String? {
        let reception = state.withLock { state in
            let reception = state.session.received(request)
            Self.note(reception, &state)
            return reception
        }
        switch reception {
        case .refused(let names, let reason):
            log.error("\(pod) refuses \(names.map(\.description).joined(separator: ", ")): \(reason)")
        case .violation(let words): return words
        case .subscribed, .acknowledged, .stale: break
        }
        wake()
        return nil
    }

    private static func note(_ reception: ServerSession.Reception, _ state: inout State) {
        switch reception {
        case .acknowledged:
            state.status.acknowledged += 1
            state.status.lastAcknowledged = .now
            state.status.lastLatency = state.changedAt.map { ContinuousClock.now - $0 }
        case .refused(let names, let reason):
            state.status.refused += 1
            for name in names where state.session.refusals[name] != nil { state.status.refusals[name] = reason }
        case .subscribed, .stale, .violation: return
        }
        state.status.refusals = state.status.refusals.filter { state.session.refusals[$0.key] != nil }
    }
}
