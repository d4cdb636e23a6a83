import Testing

/// What a route of HTTP does beside leading to a destination.
extension VirtualServiceValidationTests {
    @Test(arguments: [
        Case.action(
            "mirror: {host: b}, mirrorPercentage: {value: 100.5}",
            "mirror_percentage must have a max value of 100 (it has 100.500000)"
        ),
        .action(
            "mirror: {host: b}, mirrorPercentage: {value: -1}",
            "mirror_percentage must have a min value of 0 (it has -1.000000)"
        ),
        .action(
            "mirror: {host: b}, mirrorPercent: 50",
            warnings: ["using deprecated setting \"mirrorPercent\", use \"mirrorPercentage\" instead"]
        ),
        .action(
            "mirror: {host: b}, mirrorPercent: 101",
            "mirror_percent must have a max value of 100 (it has 101)",
            warnings: ["using deprecated setting \"mirrorPercent\", use \"mirrorPercentage\" instead"]
        ),
        .action("mirrors: [{percentage: {value: 1}}]", "destination is required for mirrors"),
        .action("mirror: {host: '*'}", "invalid destination host *"),
        .http("redirect: {}", "redirect must specify URI, authority, scheme, or port"), .http("redirect: {port: 443}"),
        .http("redirect: {derivePort: FROM_REQUEST_PORT}"), .http("redirect: {prefixRewrite: /a}"),
        .http("redirect: {uri: /, prefixRewrite: /a}", "redirect may only specify one of uri or prefix_rewrite"),
        .http("redirect: {uri: /, redirectCode: 200}", "200 is not a valid redirect code, must be 3xx"),
        .http(
            "redirect: {uri: /, redirectCode: 304}",
            warnings: ["redirect code 304 is not supported, and the route dropped; use 301, 302, 303, 307 or 308"]
        ),
        .http(
            "redirect: {uri: \"/a\\r\\nSet-Cookie: b=1\"}",
            "redirect.uri contains blanks or control characters; write them percent-encoded"
        ),
        .http(
            "redirect: {authority: \"a b\"}",
            "redirect.authority contains blanks or control characters; write them percent-encoded"
        ),
        .http("redirect: {scheme: ftp}", "invalid redirect scheme, must be \"http\" or \"https\""),
        .http("redirect: {port: 70000}", "port number 70000 must be in the range 1..65535"),
        .http("directResponse: {status: 600}", "HTTP status 600 is not in range 200-599"),
        .http("directResponse: {status: 503, body: {bytes: AAEC}}"),
        .http(
            "directResponse: {status: 503, body: {bytes: '!'}}",
            "spec.http[0].directResponse.body.bytes: must be Base64"
        ),
        .action(
            "rewrite: {uri: /a, uriRegexRewrite: {match: a, rewrite: b}}",
            "rewrite may only contain one of URI or UriRegexRewrite"
        ),
        .action(
            "rewrite: {}",
            "rewrite must specify at least one of URI, UriRegexRewrite, or authority. Only one of URI or UriRegexRewrite may be specified"
        ),
        .action(
            "rewrite: {uriRegexRewrite: {match: a}}",
            "UriRegexRewrite requires both Rewrite and Match fields to be specified"
        ),
        .action("rewrite: {uriRegexRewrite: {match: '(a)', rewrite: '\\1'}}"),
        .action(
            "rewrite: {uri: \"/one HTTP/1.1\\r\\n\"}",
            "rewrite.uri contains blanks or control characters; write them percent-encoded"
        ),
        .action(
            "rewrite: {authority: \"a\\nX: y\"}",
            "rewrite.authority contains blanks or control characters; write them percent-encoded"
        ),
        .action(
            "rewrite: {uriRegexRewrite: {match: a, rewrite: 'b c'}}",
            "rewrite.uriRegexRewrite.rewrite contains blanks or control characters; write them percent-encoded"
        ),
        .action(
            "rewrite: {authority: b}, headers: {request: {set: {Host: c}}}",
            "authority header cannot be set multiple times: have \"b\", attempting to set \"c\""
        ),
        .action(
            "headers: {request: {set: {':authority': c}, add: {host: d}}}",
            "authority header cannot be set multiple times: have \"c\", attempting to set \"d\""
        ),
        .action("headers: {request: {set: {':path': c}}}", "invalid header \":path\": header cannot have \":\" prefix"),
        .action("headers: {request: {remove: [host]}}", "invalid header \"host\": cannot set Host header"),
        .action("headers: {response: {add: {host: c}}}", "invalid header \"host\": cannot set Host header"),
        .action(
            "headers: {response: {set: {a: 50%}}}",
            "single % not allowed.  Escape by doubling to %% or encase Envoy variable name in pair of %"
        ),
        .action("headers: {response: {set: {a: \"b\\r\\nc: d\"}}}", "header value contains invalid characters"),
    ])
    func `actions`(row: Case) throws { try Self.check(row) }

    @Test(arguments: [
        Case.action("timeout: 0s"), .action("timeout: 1500ms"),
        .action("timeout: 100us", "duration must be greater than 1ms", "only durations to ms precision are supported"),
        .action(
            "timeout: soon",
            "spec.http[0].timeout: Invalid value: \"soon\": must be a duration such as 10s, 1.5s or 30ms"
        ),
        .action("retries: {attempts: -1}", "attempts cannot be negative"), .action("retries: {attempts: 0}"),
        .action("retries: {retryOn: 5xx}", "http retry policy configured when attempts are set to 0 (disabled)"),
        .action("retries: {attempts: 3, retryOn: '5xx,503,reset-before-request', perTryTimeout: 2s, backoff: 10ms}"),
        .action("retries: {attempts: 3, retryOn: '5xx,bogus'}", "\"bogus\" is not a valid retryOn policy"),
        .action("retries: {attempts: 3, retryOn: '599'}", "\"599\" is not a valid retryOn policy"),
        .action("fault: {}", "HTTP fault injection must have an abort and/or a delay"),
        .action("fault: {abort: {}}", warnings: ["abort configured, but error type not set"]),
        .action("fault: {abort: {httpStatus: 199}}", "HTTP status 199 is not in range 200-599"),
        .action("fault: {abort: {grpcStatus: UNAVAILABLE}}"), .action("fault: {abort: {grpcStatus: '14'}}"),
        .action(
            "fault: {abort: {grpcStatus: NOPE}}",
            "gRPC status \"NOPE\" is not supported. See https://github.com/grpc/grpc/blob/master/doc/statuscodes.md for a list of supported codes, for example 'NOT_FOUND'"
        ),
        .action(
            "fault: {delay: {fixedDelay: 5s, percentage: {value: 0.00001}}}",
            "percentage 0.000010 is neither 0.0, nor in range [0.0001, 100.0]"
        ),
        .action("fault: {delay: {fixedDelay: 5s, percent: 0}}"),
        .action(
            "fault: {delay: {exponentialDelay: 5s}}",
            "spec.http[0].fault.delay.exponentialDelay: is not supported"
        ),
        .action(
            "corsPolicy: {allowOrigins: [{exact: a}], allowMethods: [GET, '*'], allowHeaders: [x, '*'], maxAge: 24h, unmatchedPreflights: IGNORE}"
        ),
        .action("corsPolicy: {allowOrigins: [{exact: ''}]}", "'' is not a valid match type for CORS allow origins"),
        .action("corsPolicy: {allowMethods: [get]}", "\"get\" is not a supported HTTP method"),
        .action("corsPolicy: {maxAge: 1500ms}", "max_age duration is accurate only to seconds precision"),
    ])
    func `timeouts, retries, faults and CORS`(row: Case) throws { try Self.check(row) }
}
