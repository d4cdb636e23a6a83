internal import JSON
internal import YAML

/// The control plane itself: configuration, Deployment and Service.
struct ControlPlaneManifest {
    private let installation: Installation

    init(_ installation: Installation) { self.installation = installation }

    private var name: String { installation.serviceName }
    private var suffix: String { installation.revision.isEmpty ? "" : "-\(installation.revision)" }
    private var labels: JSON {
        ["app": "istiod", "istio": "pilot", "istio.io/rev": .string(installation.revisionLabel)]
    }

    var objects: [JSON] { [meshConfigMap, injectorConfigMap, service, deployment] }

    private func object(_ version: String, _ kind: String, _ name: String, _ content: JSON) -> JSON {
        var object = content
        object["apiVersion"] = .string(version)
        object["kind"] = .string(kind)
        object["metadata"] = [
            "name": .string(name), "namespace": .string(installation.namespace), "labels": labels,
        ]
        return object
    }

    private var meshConfigMap: JSON {
        let data: JSON = ["mesh": .string(YAML.text(installation.meshConfig)), "meshNetworks": "networks: {}\n"]
        return object("v1", "ConfigMap", "istio\(suffix)", ["data": data])
    }

    private var injectorConfigMap: JSON {
        let webhook = installation.values["sidecarInjectorWebhook"]
        let config: JSON = [
            "policy": "enabled", "defaultTemplates": ["sidecar"],
            "alwaysInjectSelector": webhook?["alwaysInjectSelector"] ?? [],
            "neverInjectSelector": webhook?["neverInjectSelector"] ?? [],
        ]
        let data: JSON = [
            "config": .string(YAML.text(config)), "values": .string(installation.values.text(isPretty: true) + "\n"),
        ]
        return object("v1", "ConfigMap", "istio-sidecar-injector\(suffix)", ["data": data])
    }

    private static let ports: [(name: String, port: Int64, target: Int64)] = [
        ("https-dns", 15012, 15012), ("https-webhook", 443, 15017),
        ("http-monitoring", 15014, 15014),
    ]

    private var service: JSON {
        let ports = Self.ports.map { port -> JSON in
            [
                "name": .string(port.name), "port": .int(port.port), "targetPort": .int(port.target),
                "protocol": "TCP",
            ]
        }
        return object("v1", "Service", name, ["spec": ["selector": labels, "ports": .array(ports)]])
    }

    private var deployment: JSON {
        let annotations: JSON = ["prometheus.io/port": "15014", "prometheus.io/scrape": "true"]
        var podLabels = labels
        podLabels["sidecar.istio.io/inject"] = "false"
        return object(
            "apps/v1",
            "Deployment",
            name,
            [
                "spec": [
                    "replicas": installation.spec["values", "pilot", "replicaCount"] ?? 1,
                    "selector": ["matchLabels": labels],
                    "strategy": [
                        "type": "RollingUpdate", "rollingUpdate": ["maxSurge": "100%", "maxUnavailable": "25%"],
                    ],
                    "template": [
                        "metadata": ["labels": podLabels, "annotations": annotations],
                        "spec": [
                            "serviceAccountName": .string(name), "containers": [container],
                            "volumes": .array(Self.volumes), "terminationGracePeriodSeconds": 10,
                        ],
                    ],
                ]
            ]
        )
    }

    private var container: JSON {
        let ports: [(String, Int64)] = [
            ("http-debug", 8080), ("tls-xds", 15012), ("http-monitoring", 15014),
            ("https-webhooks", 15017),
        ]
        let pilot = installation.spec["values", "pilot"]
        let image = pilot?["image"]?.string ?? "apusd"
        return [
            "name": "discovery",
            "image": .string(image.contains("/") ? image : "\(installation.hub)/\(image):\(installation.tag)"),
            "args": [
                "discovery", "--monitoringAddr=:15014", "--log_output_level=default:info", "--domain",
                "cluster.local",
            ],
            "ports": .array(ports.map { ["name": .string($0.0), "containerPort": .int($0.1), "protocol": "TCP"] }),
            "env": .array(environment),
            "readinessProbe": [
                "httpGet": ["path": "/ready", "port": 8080], "periodSeconds": 1, "timeoutSeconds": 5,
                "failureThreshold": 30,
            ],
            "resources": pilot?["resources"] ?? ["requests": ["cpu": "100m", "memory": "128Mi"]],
            "securityContext": [
                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "runAsNonRoot": true,
                "runAsUser": 1337, "runAsGroup": 1337, "capabilities": ["drop": ["ALL"]],
            ],
            "volumeMounts": .array(Self.mounts),
        ]
    }

    private var environment: [JSON] {
        let own = installation.spec["values", "pilot", "env"]?.object ?? [:]
        let fixed: [JSON] = [
            ["name": "REVISION", "value": .string(installation.revisionLabel)],
            ["name": "PILOT_CERT_PROVIDER", "value": "istiod"],
            field("POD_NAME", "metadata.name"), field("POD_NAMESPACE", "metadata.namespace"),
            field("SERVICE_ACCOUNT", "spec.serviceAccountName"), field("POD_IP", "status.podIP"),
            ["name": "CLUSTER_ID", "value": "Kubernetes"],
        ]
        return fixed
            + own.sorted { $0.key < $1.key }.map { name, value in
                ["name": .string(name), "value": .string(value.string ?? value.text())]
            }
    }

    private func field(_ name: String, _ path: String) -> JSON {
        ["name": .string(name), "valueFrom": ["fieldRef": ["apiVersion": "v1", "fieldPath": .string(path)]]]
    }

    private static let volumes: [JSON] = [
        ["name": "local-certs", "emptyDir": ["medium": "Memory"]],
        ["name": "cacerts", "secret": ["secretName": "cacerts", "optional": true]],
    ]

    private static let mounts: [JSON] = [
        ["name": "local-certs", "mountPath": "/var/run/secrets/istio-dns"],
        ["name": "cacerts", "mountPath": "/etc/cacerts", "readOnly": true],
    ]
}
