internal import Base
internal import Discovery
internal import HTTP

/// One destination as one worker uses it: its endpoints and the choice among them.
final class DestinationPool {
    /// Istio's name of the cluster, such as `outbound|8000||httpbin.foo.svc.cluster.local`, for log and metrics.
    let name: String
    let destination: Destination
    let endpoints: [EndpointPool]
    private var picker: EndpointPicker
    private let indexes: [SocketAddress: Int]
    /// Endpoints of an original-destination service that configuration does not list.
    private var unlisted: [SocketAddress: EndpointPool] = [:]
    private let makeUnlisted: (SocketAddress) -> EndpointPool

    /// At most this many unlisted endpoints are remembered; then the idle ones are forgotten.
    private static let mostUnlisted = 256

    init(_ destination: Destination, endpoints: [EndpointPool], makeUnlisted: @escaping (SocketAddress) -> EndpointPool)
    {
        name = destination.name
        self.destination = destination
        self.endpoints = endpoints
        self.makeUnlisted = makeUnlisted
        picker = EndpointPicker(destination.loadBalancing, weights: destination.endpoints.map(\.weight))
        indexes = Dictionary(endpoints.enumerated().map { ($1.address, $0) }) { first, _ in first }
    }

    /// The version in which requests go on: the declared one, or else the client's own; gateways choose HTTP/1.1 then.
    func version(for head: borrowing HTTP1Head, from direction: ConnectionInfo.Direction) -> HTTPVersion {
        switch destination.application {
        case .http: .http1
        case .http2: .http2
        case .auto, .tcp: head.version == .http2 && direction != .gateway ? .http2 : .http1
        }
    }

    /// Chooses an endpoint; nil when there is none.
    ///
    /// - Parameters:
    ///   - original: Where the connection was going; decides for an original-destination service.
    ///   - failed: An endpoint to avoid when there is another.
    func pick(original: SocketAddress, avoiding failed: EndpointPool?, _ random: inout FastRandom) -> EndpointPool? {
        if destination.usesOriginalDestination { return endpoint(at: original) }
        if endpoints.count == 1 { return endpoints[0] }
        let excluded = failed.flatMap { indexes[$0.address] }
        return picker.pick(excluding: excluded, using: &random) { endpoints[$0].load }.map { endpoints[$0] }
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
    }
}
