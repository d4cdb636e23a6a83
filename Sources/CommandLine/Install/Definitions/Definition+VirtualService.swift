internal import JSON

extension Definition {
    static let virtualService = Schema.object([
        "hosts": Schema.list(.string).described(
            "The hosts that these routes are for; without any, others delegate to them."
        ),
        "gateways": Schema.list(.string).described(
            "Gateways, `namespace/name`, and `mesh` for sidecars (the default)."
        ),
        "exportTo": Schema.list(.string).described("The namespaces that see this; `.` is its own, `*` every one."),
        "http": Schema.list(httpRoute).described("Routes for requests; the first that matches decides."),
        "tls": Schema.list(tlsRoute).described("Routes for TLS that goes on as it is, by server name."),
        "tcp": Schema.list(tcpRoute).described("Routes for all other connections."),
    ])

    private static let httpRoute = Schema.object([
        "name": .string, "match": .list(httpMatch), "route": .list(httpDestination), "redirect": redirect,
        "directResponse": directResponse, "delegate": .object(["name": .string, "namespace": .string]),
        "rewrite": rewrite, "timeout": .duration, "retries": retries, "fault": fault, "mirror": destination,
        "mirrors": .list(.object(["destination": destination, "percentage": percentage], required: ["destination"])),
        "mirrorPercent": Schema.unsigned.with("nullable", true),
        "mirror_percent": Schema.unsigned.with("nullable", true), "mirrorPercentage": percentage,
        "corsPolicy": corsPolicy, "headers": headers,
    ])

    // Conditions

    /// One comparison at most; none means that something is there.
    private static let text = Schema.object(["exact": .string, "prefix": .string, "regex": .string])
        .atMostOne(of: "exact", "prefix", "regex")

    private static let httpMatch = Schema.object([
        "name": .string, "uri": text, "scheme": text, "method": text, "authority": text, "headers": .map(text),
        "withoutHeaders": .map(text), "queryParams": .map(text), "ignoreUriCase": .boolean, "port": .port,
        "sourceLabels": .map(.string), "sourceNamespace": .string, "gateways": .list(.string), "statPrefix": .string,
    ])

    private static let connectionMatch: [String: Schema] = [
        "destinationSubnets": .list(.string), "port": .port, "sourceLabels": .map(.string),
        "sourceNamespace": .string, "gateways": .list(.string),
    ]

    private static let tlsRoute = Schema.object(
        [
            "match": .list(
                .object(connectionMatch.merging(["sniHosts": .list(.string)]) { $1 }, required: ["sniHosts"])
            ),
            "route": .list(connectionDestination),
        ],
        required: ["match"]
    )

    private static let tcpRoute = Schema.object([
        "match": .list(.object(connectionMatch.merging(["sourceSubnet": .string]) { $1 })),
        "route": .list(connectionDestination),
    ])

    // Destinations

    private static let destination = Schema.object(
        ["host": .string, "subset": .string, "port": .object(["number": .port])],
        required: ["host"]
    )

    private static let connectionDestination = Schema.object(
        ["destination": destination, "weight": .integer],
        required: ["destination"]
    )

    private static let httpDestination = Schema.object(
        ["destination": destination, "weight": .integer, "headers": headers],
        required: ["destination"]
    )

    private static let operations = Schema.object([
        "set": .map(.string), "add": .map(.string), "remove": .list(.string),
    ])
    private static let headers = Schema.object(["request": operations, "response": operations])

    private static let percentage = Schema.object(["value": .number])

    // Actions

    private static let redirect = Schema.object([
        "uri": .string, "prefixRewrite": .string, "authority": .string, "port": .port,
        "derivePort": .oneOf("FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT"), "scheme": .string,
        "redirectCode": .unsigned,
    ]).atMostOne(of: "port", "derivePort")

    private static let directResponse = Schema.object(
        [
            "status": .unsigned,
            "body": Schema.object(["string": .string, "bytes": Schema.string.with("format", "byte")])
                .atMostOne(of: "string", "bytes"),
        ],
        required: ["status"]
    )

    private static let rewrite = Schema.object([
        "uri": .string, "authority": .string,
        "uriRegexRewrite": .object(["match": .string, "rewrite": .string]),
    ])

    private static let retries = Schema.object([
        "attempts": .integer, "perTryTimeout": .duration, "retryOn": .string,
        "retryRemoteLocalities": Schema.boolean.with("nullable", true),
        "retryIgnorePreviousHosts": Schema.boolean.with("nullable", true), "backoff": .duration,
    ])

    private static let fault = Schema.object([
        "delay": Schema.object([
            "fixedDelay": .duration, "exponentialDelay": .duration, "percent": .integer, "percentage": percentage,
        ]).atMostOne(of: "fixedDelay", "exponentialDelay"),
        "abort": Schema.object([
            "httpStatus": .integer, "grpcStatus": .string, "http2Error": .string, "percentage": percentage,
        ]).atMostOne(of: "httpStatus", "grpcStatus", "http2Error"),
    ])

    private static let corsPolicy = Schema.object([
        "allowOrigin": .list(.string), "allowOrigins": .list(text), "allowMethods": .list(.string),
        "allowHeaders": .list(.string), "exposeHeaders": .list(.string), "maxAge": .duration,
        "allowCredentials": Schema.boolean.with("nullable", true),
        "unmatchedPreflights": .oneOf("UNSPECIFIED", "FORWARD", "IGNORE"),
    ])
}
