internal import JSON

/// What Istio 1.4 installed for `values.global.mtls`.
struct LegacyAuthentication {
    private let namespace: String
    private let requiresMutualTLS: Bool
    private let isDemo: Bool

    init(_ installation: Installation) {
        namespace = installation.namespace
        requiresMutualTLS = installation.spec["values", "global", "mtls", "enabled"]?.bool ?? false
        isDemo = installation.profile == .demo
    }

    var objects: [JSON] {
        let params: JSON = requiresMutualTLS ? [:] : ["mode": "PERMISSIVE"]
        var objects: [JSON] = [
            [
                "apiVersion": "authentication.istio.io/v1alpha1", "kind": "MeshPolicy",
                "metadata": ["name": "default"], "spec": ["peers": [["mtls": params]]],
            ]
        ]
        if requiresMutualTLS {
            objects.append(rule("default", host: "*.local", mode: "ISTIO_MUTUAL"))
            objects.append(rule("api-server", host: "kubernetes.default.svc.cluster.local", mode: "DISABLE"))
        }
        if isDemo {
            objects.append(grafanaPolicy)
            objects += ["istio-policy", "istio-telemetry"].map(mixerRule)
        }
        return objects
    }

    private func rule(_ name: String, host: String, mode: String) -> JSON {
        [
            "apiVersion": "networking.istio.io/v1alpha3", "kind": "DestinationRule",
            "metadata": ["name": .string(name), "namespace": .string(namespace)],
            "spec": ["host": .string(host), "trafficPolicy": ["tls": ["mode": .string(mode)]]],
        ]
    }

    /// People open the dashboard with a browser, which has no certificate of the mesh.
    private var grafanaPolicy: JSON {
        [
            "apiVersion": "authentication.istio.io/v1alpha1", "kind": "Policy",
            "metadata": ["name": "grafana-ports-mtls-disabled", "namespace": .string(namespace)],
            "spec": ["targets": [["name": "grafana", "ports": [["number": 3000]]]]],
        ]
    }

    /// The rules of Mixer's two services: mutual TLS on the port for it, plaintext on the one for monitoring.
    private func mixerRule(_ name: String) -> JSON {
        [
            "apiVersion": "networking.istio.io/v1alpha3", "kind": "DestinationRule",
            "metadata": ["name": .string(name), "namespace": .string(namespace)],
            "spec": [
                "host": .string("\(name).\(namespace).svc.cluster.local"),
                "trafficPolicy": [
                    "connectionPool": ["http": ["http2MaxRequests": 10000, "maxRequestsPerConnection": 10000]],
                    "portLevelSettings": [
                        ["port": ["number": 15004], "tls": ["mode": "ISTIO_MUTUAL"]],
                        ["port": ["number": 9091], "tls": ["mode": "DISABLE"]],
                    ],
                ],
            ],
        ]
    }
}
