import TestMesh

/// Objects of the tests, as YAML.
enum Manifest {
    static func policy(_ namespace: String, _ name: String, _ members: String) -> String {
        object("security.istio.io/v1", "PeerAuthentication", namespace, name, members)
    }

    static func legacyPolicy(_ namespace: String, _ name: String, _ members: String) -> String {
        object("authentication.istio.io/v1alpha1", "Policy", namespace, name, members)
    }

    static func rule(_ namespace: String, _ name: String, _ members: String) -> String {
        object("networking.istio.io/v1", "DestinationRule", namespace, name, members)
    }

    static func meshPolicy(_ members: String) -> String {
        "---\napiVersion: authentication.istio.io/v1alpha1\nkind: MeshPolicy\nmetadata: {name: default}\nspec: {\(members)}\n"
    }

    static func object(_ version: String, _ kind: String, _ namespace: String, _ name: String, _ members: String)
        -> String
    {
        manifest(version, kind, namespace, name, members)
    }

    /// A client and a server with sidecars in `full`, and both without in `legacy`.
    static func migration() throws -> MeshFixture {
        var mesh = MeshFixture()
        for namespace in ["full", "legacy"] {
            mesh.pod(namespace, "httpbin", account: "default", sidecar: namespace == "full")
            mesh.pod(namespace, "sleep", sidecar: namespace == "full")
            try mesh.service(namespace, "httpbin")
        }
        return mesh
    }
}

extension MeshFixture {
    /// The pod of a gateway, as the demo profile labels it.
    mutating func ingressGateway() {
        pod(
            "istio-system",
            "ingress",
            app: "ingress",
            labels: ["istio": "ingressgateway"],
            annotations: ["inject.istio.io/templates": "gateway"]
        )
    }
}
