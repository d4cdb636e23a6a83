/// The names of the protocol that both ends must agree on.
public enum DiscoveryProtocol {
    /// The type of which the resources of a stream are: any of ``Resource``, so that what belongs together arrives together.
    public static let typeURL = "type.googleapis.com/apus.discovery.v1.Resource"
    /// The gRPC method: delta xDS, aggregated.
    public static let path = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
}
