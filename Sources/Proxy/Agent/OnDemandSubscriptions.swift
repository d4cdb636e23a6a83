internal import Discovery
internal import Synchronization

/// Subscribes to what the workers need at the moment they need it, and gives up the oldest when there is too much.
///
/// What was given up is asked for again at its next use, so an application that touches very many addresses costs
/// time and not memory.
final class OnDemandSubscriptions: DiscoveryRequests {
    /// Names asked for on demand at most; the control plane allows several times as many.
    static let mostNames = 4096
    /// How many of the oldest go at a time.
    private static let batch = 512

    private struct State {
        var names: Set<ResourceName> = []
        /// In the order of asking.
        var order: [ResourceName] = []
    }

    private let client: DiscoveryClient
    private let state = Mutex(State())

    init(_ client: DiscoveryClient) { self.client = client }

    func request(_ name: ResourceName) {
        let surplus = state.withLock { state -> [ResourceName] in
            guard state.names.insert(name).inserted else { return [] }
            state.order.append(name)
            guard state.order.count > Self.mostNames else { return [] }
            let oldest = Array(state.order.prefix(Self.batch))
            state.order.removeFirst(Self.batch)
            state.names.subtract(oldest)
            return oldest
        }
        if !surplus.isEmpty { client.unsubscribe(from: surplus) }
        client.subscribe(to: [name])
    }
}
