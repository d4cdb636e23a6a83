internal import JSON

extension Definition {
    private static func networking(
        _ kind: String,
        _ plural: String,
        _ shortName: String?,
        _ columns: [(name: String, path: String)] = [],
        _ spec: Schema,
        _ descriptions: FieldDescriptions
    ) -> Self {
        Self(
            group: "networking.istio.io",
            kind: kind,
            plural: plural,
            shortNames: shortName.map { [$0] } ?? [],
            versions: ["v1", "v1alpha3", "v1beta1"],
            columns: columns,
            spec: spec,
            descriptions: descriptions
        )
    }

    static let networking: [Self] = [
        networking(
            "DestinationRule",
            "destinationrules",
            "dr",
            [("Host", ".spec.host")],
            destinationRule,
            .destinationRule
        ),
        networking(
            "VirtualService",
            "virtualservices",
            "vs",
            [("Gateways", ".spec.gateways"), ("Hosts", ".spec.hosts")],
            virtualService,
            .virtualService
        ),
        networking("Gateway", "gateways", "gw", gateway, .gateway),
        networking(
            "ServiceEntry",
            "serviceentries",
            "se",
            [("Hosts", ".spec.hosts"), ("Location", ".spec.location"), ("Resolution", ".spec.resolution")],
            serviceEntry,
            .serviceEntry
        ),
        networking(
            "WorkloadEntry",
            "workloadentries",
            "we",
            [("Address", ".spec.address")],
            workloadEntry,
            .workloadEntry
        ),
        networking(
            "WorkloadGroup",
            "workloadgroups",
            "wg",
            .object(
                ["metadata": .free, "template": workloadEntry, "probe": .free],
                required: ["template"]
            ),
            .workloadGroup
        ),
        networking("Sidecar", "sidecars", nil, sidecar, .sidecar),
        Self(
            group: "networking.istio.io",
            kind: "EnvoyFilter",
            plural: "envoyfilters",
            versions: ["v1alpha3"],
            spec: .free,
            descriptions: .stored
        ),
        Self(
            group: "networking.istio.io",
            kind: "ProxyConfig",
            plural: "proxyconfigs",
            versions: ["v1beta1"],
            spec: .free,
            descriptions: .stored
        ),
    ]

    private static func networking(
        _ kind: String,
        _ plural: String,
        _ shortName: String?,
        _ spec: Schema,
        _ descriptions: FieldDescriptions
    ) -> Self {
        networking(kind, plural, shortName, [], spec, descriptions)
    }

    private static let exportTo = Schema.list(.string)
        .described("The namespaces that see this; `.` is its own, `*` every one.")
    static let labels = Schema.map(.string)

    static let workloadEntry = Schema.object([
        "address": .string, "ports": .map(.port), "labels": labels, "network": .string, "locality": .string,
        "weight": .unsigned, "serviceAccount": .string,
    ])

    private static let portDeclaration = Schema.object(
        ["number": .port, "name": .string, "protocol": .string, "targetPort": .port],
        required: ["number", "name"]
    )

    private static let serviceEntry = Schema.object(
        [
            "hosts": .list(.string), "addresses": .list(.string), "ports": .list(portDeclaration),
            "location": .oneOf("MESH_EXTERNAL", "MESH_INTERNAL"),
            "resolution": .oneOf("NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"),
            "endpoints": .list(workloadEntry), "workloadSelector": .object(["labels": labels]), "exportTo": exportTo,
            "subjectAltNames": .list(.string),
        ],
        required: ["hosts"]
    )

    private static let sidecar = Schema.object([
        "workloadSelector": .object(["labels": labels]),
        "ingress": .list(
            .object(
                [
                    "port": .object(["number": .port, "name": .string, "protocol": .string]), "bind": .string,
                    "captureMode": captureMode, "defaultEndpoint": .string, "tls": serverTLS, "connectionPool": .free,
                ],
                required: ["port"]
            )
        ),
        "egress": .list(
            .object(
                [
                    "port": .object(["number": .port, "name": .string, "protocol": .string]), "bind": .string,
                    "captureMode": captureMode, "hosts": .list(.string),
                ],
                required: ["hosts"]
            )
        ),
        "inboundConnectionPool": .free,
        "outboundTrafficPolicy": .object([
            "mode": .oneOf("REGISTRY_ONLY", "ALLOW_ANY", "ALLOW_ANY_DYNAMIC_DNS"), "egressProxy": .free,
        ]),
    ])

    private static let captureMode = Schema.oneOf("DEFAULT", "IPTABLES", "NONE")

    static let others: [Self] = [
        Self(
            group: "telemetry.istio.io",
            kind: "Telemetry",
            plural: "telemetries",
            shortNames: ["telemetry"],
            versions: ["v1alpha1", "v1"],
            spec: .free,
            descriptions: .stored
        ),
        Self(
            group: "extensions.istio.io",
            kind: "WasmPlugin",
            plural: "wasmplugins",
            versions: ["v1alpha1"],
            spec: .free,
            descriptions: .stored
        ),
    ]
}
