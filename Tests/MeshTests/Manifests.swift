import TestMesh

func destinationRule(
    _ namespace: String,
    _ name: String,
    _ spec: String,
    created: String = "2024-01-01T00:00:00Z"
) -> String {
    manifest("networking.istio.io/v1", "DestinationRule", namespace, name, spec, created: created)
}

func peerAuthentication(
    _ namespace: String,
    _ name: String,
    _ spec: String,
    created: String = "2024-01-01T00:00:00Z"
) -> String {
    manifest("security.istio.io/v1", "PeerAuthentication", namespace, name, spec, created: created)
}
