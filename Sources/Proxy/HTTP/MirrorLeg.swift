internal import Base
internal import Discovery
internal import HTTP

/// The client's side of a request's copy (VirtualService `mirrors`): says what the client says, and hears nothing.
///
/// A copy that cannot keep up is given up, so that it costs neither the client's time nor much memory.
final class MirrorLeg: DownstreamLeg, WorkerConnection {
    let info: ConnectionInfo
    private let worker: Worker
    private(set) lazy var exchange = Exchange(worker, self)

    /// Octets of a copy that may wait for its endpoint.
    private static let mostWaiting = 64 * 1024
    /// Copies under way in one worker at most; more requests are not copied.
    static let mostUnderWay = 256
    /// For a copy whose request has no timeout of its own.
    static let longest: Duration = .seconds(60)

    init(_ worker: Worker, _ info: ConnectionInfo) {
        self.worker = worker
        self.info = info
    }

    /// Begins to send the copy.
    ///
    /// - Parameter body: What has come of the body already.
    func start(_ head: HTTP1Head, body: [UInt8], to pool: DestinationPool, timeout: Duration) {
        worker.add(self)
        worker.mirrors += 1
        exchange.beginMirror(of: head, body: body, to: pool, timeout: timeout > .zero ? timeout : Self.longest)
    }

    /// The client has gone, or been answered, before it said everything.
    func cancel() {
        if exchange.phase == .idle { return }
        exchange.downstreamClosed()
        end()
    }

    private var hasEnded = false

    private func end() {
        if hasEnded { return }
        hasEnded = true
        worker.mirrors -= 1
        worker.remove(self)
    }

    // From the exchange

    func resolve(_ head: inout HTTP1Head) -> RequestRouter.Outcome { .reply(.noRoute, routeName: "") }
    func requestWaits(_ octets: Int) { if octets > Self.mostWaiting { cancel() } }
    func interimResponse(_ response: inout HTTP1Head) {}
    func beginResponse(_ response: inout HTTP1Head, isRequestComplete: Bool) {}
    func responseBody(_ data: Span<UInt8>) {}
    func endResponse(trailers: HTTP1Head?) {}
    func respond(_ reply: LocalReply, isRequestComplete: Bool) {}
    func exchangeEnded() { end() }
    func abort() { end() }
    func flush() {}
    var isOutputFull: Bool { false }

    // From the worker

    var isIdle: Bool { false }
    func inboundPolicyChanged() {}
    func close() { cancel() }
}

extension Exchange {
    /// Has copies of the request sent, as it goes on itself.
    func startMirrors(_ wanted: [HTTPForwarding.Mirror]) {
        for mirror in wanted where mirror.share.occurs(&worker.random) {
            guard worker.mirrors < MirrorLeg.mostUnderWay, let pool = worker.pool(named: mirror.destination) else {
                continue
            }
            var copy = head
            copy.set(.host, to: Self.shadow(String(octets: head.authority)))
            let leg = MirrorLeg(worker, info)
            leg.start(copy, body: request.earlyBody, to: pool, timeout: timeout)
            mirrors.append(leg)
        }
    }

    /// The authority that tells a copy: `web-shadow`, `web-shadow:8000`.
    static func shadow(_ authority: String) -> String {
        guard !authority.hasSuffix("]"), let colon = authority.lastIndex(of: ":") else { return authority + "-shadow" }
        return authority[..<colon] + "-shadow" + authority[colon...]
    }
}
