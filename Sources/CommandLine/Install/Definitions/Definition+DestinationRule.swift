internal import JSON

extension Definition {
    static let destinationRule = Schema.object(
        [
            "host": Schema.string.described(
                "The service this is for: a name in the mesh, or with a leading `*`, many."
            ),
            "trafficPolicy": trafficPolicy(isTop: true),
            "subsets": .list(
                .object(
                    ["name": .string, "labels": .map(.string), "trafficPolicy": trafficPolicy(isTop: true)],
                    required: ["name"]
                )
            ),
            "exportTo": .list(.string),
            "workloadSelector": .object(["matchLabels": .map(.string)]),
        ],
        required: ["host"]
    )

    private static func trafficPolicy(isTop: Bool) -> Schema {
        var fields: [String: Schema] = [
            "loadBalancer": loadBalancer, "connectionPool": connectionPool, "outlierDetection": outlierDetection,
            "tls": clientTLS,
        ]
        if isTop {
            var port = fields
            port["port"] = .object(["number": .port])
            fields["portLevelSettings"] = Schema.list(.object(port))
                .described("Settings for single ports of the service; they replace the others as a whole.")
            fields["tunnel"] = .object(
                ["protocol": .string, "targetHost": .string, "targetPort": .port],
                required: ["targetHost", "targetPort"]
            )
            fields["proxyProtocol"] = .object(["version": .oneOf("V1", "V2")])
            fields["retryBudget"] = .object(["percent": .number, "minRetryConcurrency": .unsigned])
        }
        return .object(fields)
    }

    private static let clientTLS = Schema.object([
        "mode": Schema.oneOf("DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL")
            .described(
                "DISABLE: plaintext. SIMPLE: TLS. MUTUAL: with own certificates. ISTIO_MUTUAL: with the mesh's."
            ),
        "clientCertificate": .string, "privateKey": .string, "caCertificates": .string, "credentialName": .string,
        "subjectAltNames": .list(.string), "sni": .string,
        "insecureSkipVerify": Schema.boolean.with("nullable", true), "caCrl": .string,
    ]).described("How connections to the service are encrypted; without it the mesh decides by itself.")

    private static let loadBalancer = Schema.object([
        "simple": .oneOf("UNSPECIFIED", "LEAST_CONN", "RANDOM", "PASSTHROUGH", "ROUND_ROBIN", "LEAST_REQUEST"),
        "consistentHash": .free,
        "localityLbSetting": Schema.free.with("nullable", true),
        "warmupDurationSecs": .duration,
        "warmup": .free,
    ])

    private static let connectionPool = Schema.object([
        "tcp": .object([
            "maxConnections": .integer, "connectTimeout": .duration, "maxConnectionDuration": .duration,
            "idleTimeout": .duration,
            "tcpKeepalive": .object(["probes": .unsigned, "time": .duration, "interval": .duration]),
        ]),
        "http": .object([
            "http1MaxPendingRequests": .integer, "http2MaxRequests": .integer,
            "maxRequestsPerConnection": .integer, "maxRetries": .integer, "idleTimeout": .duration,
            "h2UpgradePolicy": .oneOf("DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"), "useClientProtocol": .boolean,
            "maxConcurrentStreams": .integer,
        ]),
    ])

    private static let outlierDetection = Schema.object([
        "consecutiveErrors": .integer, "splitExternalLocalOriginErrors": .boolean,
        "consecutiveLocalOriginFailures": Schema.unsigned.with("nullable", true),
        "consecutiveGatewayErrors": Schema.unsigned.with("nullable", true),
        "consecutive5xxErrors": Schema.unsigned.with("nullable", true),
        "interval": .duration, "baseEjectionTime": .duration, "maxEjectionPercent": .integer,
        "minHealthPercent": .integer,
    ])
}
