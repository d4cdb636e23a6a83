internal import Base
internal import Discovery
internal import EventLoop
internal import HTTP

/// One destination as one worker uses it: its endpoints and the choice among them.
final class DestinationPool {
    /// Istio's name of the cluster, such as `outbound|8000||httpbin.foo.svc.cluster.local`, for log and metrics.
    let name: String
    let destination: Destination
    let endpoints: [EndpointPool]
    /// Endpoints by the names that clients ask for, in place of all others; nil where the destination lists its endpoints.
    let named: NamedEndpoints?
    private var picker: EndpointPicker
    private let indexes: [SocketAddress: Int]
    /// Whose request gets which endpoint; nil when it does not matter.
    private let hashTable: HashTable?
    /// Requests that are being tried again.
    var retries = 0
    /// Endpoints of an original-destination service that configuration does not list.
    private var unlisted: [SocketAddress: EndpointPool] = [:]
    /// When the last of the endpoints that are new has its whole share; nil when none is.
    private var lastWarmupEnd: MonotonicTime?
    /// When the last of the endpoints that are left out is back; nil when none is.
    private var lastEjectionEnd: MonotonicTime?
    private let makeUnlisted: (SocketAddress) -> EndpointPool

    /// At most this many unlisted endpoints are remembered; then the idle ones are forgotten.
    private static let mostUnlisted = 256

    init(
        _ destination: Destination,
        endpoints: [EndpointPool],
        named: NamedEndpoints? = nil,
        makeUnlisted: @escaping (SocketAddress) -> EndpointPool
    ) {
        name = destination.name
        self.destination = destination
        self.endpoints = endpoints
        self.named = named
        self.makeUnlisted = makeUnlisted
        picker = EndpointPicker(destination.loadBalancing, weights: destination.endpoints.map(\.weight))
        indexes = Dictionary(endpoints.enumerated().map { ($1.address, $0) }) { first, _ in first }
        hashTable = destination.affinity.map { affinity in
            HashTable(affinity, names: endpoints.map(\.name), weights: destination.endpoints.map(\.weight))
        }
        lastWarmupEnd = destination.warmup.flatMap { warmup in endpoints.map { $0.birth + warmup.duration }.max() }
        lastEjectionEnd = endpoints.compactMap(\.health.end).max()
    }

    /// The version in which requests go on: the declared one, or else the client's own; gateways choose HTTP/1.1 then.
    func version(for head: borrowing HTTP1Head, from direction: ConnectionInfo.Direction) -> HTTPVersion {
        switch destination.application {
        case .http: .http1
        case .http2: .http2
        case .auto, .tcp: head.version == .http2 && direction != .gateway ? .http2 : .http1
        }
    }

    /// Chooses an endpoint; nil when there is none, or all are left out.
    ///
    /// - Parameters:
    ///   - original: Where the connection was going; decides for an original-destination service.
    ///   - hash: What decides with consistent hashing; nil for any endpoint.
    ///   - failed: An endpoint to avoid when there is another.
    func pick(
        original: SocketAddress,
        hash: UInt64? = nil,
        avoiding failed: EndpointPool? = nil,
        at now: MonotonicTime,
        _ random: inout SplitMix64
    ) -> EndpointPool? {
        if destination.usesOriginalDestination { return endpoint(at: original) }
        if let hash, let hashTable { return pick(hash, from: hashTable, avoiding: failed, at: now) }
        if let end = lastEjectionEnd {
            if now < end { return pickHealthy(avoiding: failed, at: now, &random) }
            lastEjectionEnd = nil
        }
        if endpoints.count == 1 { return endpoints[0] }
        return draw(avoiding: failed, at: now, &random)
    }

    private func pick(
        _ hash: UInt64,
        from table: HashTable,
        avoiding failed: EndpointPool?,
        at now: MonotonicTime
    ) -> EndpointPool? {
        let isAnyOther = failed != nil && endpoints.contains { $0 !== failed && !$0.health.isEjected(at: now) }
        let index = table.endpoint(for: hash) { index in
            !endpoints[index].health.isEjected(at: now) && !(isAnyOther && endpoints[index] === failed)
        }
        return index.map { endpoints[$0] }
    }

    /// Whether one more request would be one too many.
    var isFull: Bool {
        guard destination.maxRequests > 0 else { return false }
        return (named?.load ?? endpoints.reduce(0) { $0 + $1.load }) >= destination.maxRequests
    }

    private func draw(
        avoiding failed: EndpointPool?,
        at now: MonotonicTime,
        _ random: inout SplitMix64
    ) -> EndpointPool? {
        let excluded = failed.flatMap { indexes[$0.address] }
        func draw(_ random: inout SplitMix64) -> EndpointPool? {
            picker.pick(excluding: excluded, using: &random) { endpoints[$0].load }.map { endpoints[$0] }
        }
        var drawn = draw(&random)
        guard let warmup = destination.warmup, let end = lastWarmupEnd else { return drawn }
        if now >= end { lastWarmupEnd = nil }
        // Where all are new, each is passed over as often as any other.
        for _ in 0..<Self.mostPasses {
            guard let endpoint = drawn, !warmup.admits(after: now - endpoint.birth, &random) else { break }
            drawn = draw(&random)
        }
        return drawn
    }

    private static let mostPasses = 8

    /// Draws until an endpoint comes that is not left out, and takes the next one that is not when luck fails.
    private func pickHealthy(
        avoiding failed: EndpointPool?,
        at now: MonotonicTime,
        _ random: inout SplitMix64
    ) -> EndpointPool? {
        for _ in 0..<Self.mostDraws {
            guard let drawn = draw(avoiding: failed, at: now, &random) else { return nil }
            if !drawn.health.isEjected(at: now) { return drawn }
        }
        let start = random.below(endpoints.count)
        for offset in endpoints.indices {
            let endpoint = endpoints[(start + offset) % endpoints.count]
            if !endpoint.health.isEjected(at: now) { return endpoint }
        }
        return nil
    }

    private static let mostDraws = 4

    /// Notes how a request ended.
    ///
    /// - Returns: For how long the endpoint is left out from now on; nil when it is not.
    func record(_ outcome: EndpointHealth.Outcome, of endpoint: EndpointPool, at now: MonotonicTime) -> Duration? {
        guard let rules = destination.outlierDetection, endpoint.health.record(outcome, rules),
            !endpoint.health.isEjected(at: now)
        else { return nil }
        let ejected = endpoints.count { $0.health.isEjected(at: now) }
        guard rules.allowsEjection(ejected: ejected, of: endpoints.count) else { return nil }
        let time = endpoint.health.eject(at: now, rules)
        lastEjectionEnd = max(lastEjectionEnd ?? now, now + time)
        return time
    }

    private func endpoint(at address: SocketAddress) -> EndpointPool {
        if let index = indexes[address] { return endpoints[index] }
        if let known = unlisted[address] { return known }
        if unlisted.count >= Self.mostUnlisted { unlisted = unlisted.filter { $0.value.connections > 0 } }
        let made = makeUnlisted(address)
        unlisted[address] = made
        return made
    }

    /// Lets go of the endpoints that `successor` does not use.
    func retire(keeping successor: DestinationPool?) {
        let kept = Set((successor?.endpoints ?? []).map(ObjectIdentifier.init))
        for endpoint in endpoints where !kept.contains(ObjectIdentifier(endpoint)) { endpoint.retire() }
        for endpoint in unlisted.values { endpoint.retire() }
        named?.retire()
    }
}
