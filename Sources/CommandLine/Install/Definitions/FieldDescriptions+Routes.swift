extension FieldDescriptions {
    static let virtualService = Self(
        """
        : Where requests and connections for some hosts go.
        http.name: The name of the route, for the access log.
        http.match: Conditions, one of which a request must meet; every request meets none at all.
        http.route: Where requests go, in proportion to the weights.
        redirect: The request is answered with another address.
        directResponse: The request is answered by the proxy itself.
        delegate: Another VirtualService without hosts has the routes.
        delegate.name: Its name.
        delegate.namespace: Its namespace; this one's without it.
        http.timeout: How long a request may take with all its retries, such as 10s; unlimited without it.
        mirror: Where a copy of the requests goes; its answers are thrown away.
        mirrors: Where copies of the requests go; their answers are thrown away.
        mirrors.destination: Where the copy goes.
        mirrors.percentage: How many of the requests are copied.
        mirrorPercent: The old name of mirrorPercentage, in whole per cent.
        mirror_percent: The old name of mirrorPercentage, in whole per cent.
        mirrorPercentage: How many of the requests are copied; all without it.
        percentage.value: In per cent, 0 to 100.
        mirrorPercentage.value: In per cent, 0 to 100.
        exact: The text is this.
        prefix: The text begins with this.
        regex: All of the text matches this expression of RE2.
        match.name: The name of the condition, for the access log.
        match.uri: The path of the request.
        match.scheme: The scheme of the request, http or https.
        match.method: The method of the request.
        match.authority: The host of the request, with its port where there is one.
        match.headers: Headers that the request must have, by their names in lower case.
        withoutHeaders: Headers that the request must not have.
        queryParams: Parameters that the request's query must have.
        ignoreUriCase: The path may be in capital letters or not; not for expressions.
        match.port: The port of the service or of the gateway.
        sourceLabels: Labels that the client's pod must have.
        sourceNamespace: The namespace that the client's pod must be in.
        match.gateways: Gateways of this route, in place of those of the whole object.
        statPrefix: No effect.
        destinationSubnets: The addresses that are connected to, such as 10.0.0.0/8.
        sourceSubnet: The address that the connection comes from.
        sniHosts: Server names of the handshake; each must be among the hosts.
        tls.match: Conditions, one of which a connection must meet.
        tls.route: Where connections go, in proportion to the weights.
        tcp.match: Conditions, one of which a connection must meet; every connection meets none at all.
        tcp.route: Where connections go, in proportion to the weights.
        destination: A service, or a part of it.
        host: The name of the service; short ones are of this namespace.
        subset: A subset that a DestinationRule of the service has.
        destination.port: The port of the service; needed when it has several.
        mirror.port: The port of the service; needed when it has several.
        weight: The share, in proportion to the others'.
        headers: Headers that are changed.
        headers.request: In the request, before it goes to the service.
        headers.response: In the answer, before it goes to the client.
        set: Headers with these values, in place of what was there.
        add: Headers that come in addition.
        remove: Headers that are taken away.
        redirect.uri: The path that the client is sent to.
        prefixRewrite: What takes the place of the path's beginning that was matched.
        redirect.authority: The host that the client is sent to.
        redirect.port: The port that the client is sent to.
        derivePort: Where the port comes from: the scheme, or the request.
        redirect.scheme: The scheme that the client is sent to.
        redirectCode: 301 (without it), 302, 303, 307 or 308.
        directResponse.status: The status of the answer, 200 to 599.
        body: The body of the answer.
        body.string: As text.
        body.bytes: As base64.
        rewrite: What of the request is changed before it goes to the service.
        rewrite.uri: The path, or what takes the place of the beginning that was matched.
        rewrite.authority: The host.
        uriRegexRewrite: Changes parts of the path by an expression.
        uriRegexRewrite.match: The expression of RE2.
        uriRegexRewrite.rewrite: What takes its place; `\\1` is what its first group has matched.
        retries: When a request that failed is sent again.
        attempts: How often at most; 0 is never.
        perTryTimeout: How long one attempt may take; the route's timeout without it.
        retryOn: The failures, such as `5xx,reset`.
        retryRemoteLocalities: No effect.
        retryIgnorePreviousHosts: Whether attempts go to endpoints that have not failed yet.
        backoff: The shortest time between two attempts; 25ms without it.
        fault: Failures that are made on purpose, for tests.
        delay: Requests that wait.
        fixedDelay: How long.
        exponentialDelay: No effect.
        percent: How many of the requests, in whole per cent; an old name of percentage.
        percentage: How many of the requests.
        abort: Requests that are answered with an error.
        httpStatus: The status of the answer.
        grpcStatus: The status of gRPC, such as UNAVAILABLE.
        http2Error: No effect.
        corsPolicy: Which other origins' pages may send requests.
        allowOrigin: Origins, to the letter; an old name of allowOrigins.
        allowOrigins: The origins.
        allowMethods: The methods that they may use.
        allowHeaders: The headers that they may send.
        exposeHeaders: The headers that they may read.
        maxAge: How long browsers may remember this.
        allowCredentials: Whether they may send cookies.
        unmatchedPreflights: What becomes of the questions of other origins' pages: FORWARD sends them to the service.
        """
    )

    static let peerAuthentication = Self("mtls.mode: DISABLE: plaintext. PERMISSIVE: both. STRICT: mutual TLS only.")

    static let legacyPolicy = Self(
        """
        : Which connections workloads accept: plaintext, mutual TLS or both. PeerAuthentication has taken its place.
        targets.name: The short name of the service.
        targets.ports: Single ports of the service; without any, all of them.
        ports.number: The number of the port.
        ports.name: The name of the port.
        targets.labels: No effect.
        subset: No effect.
        mtls: Mutual TLS.
        mtls.mode: STRICT (without it) accepts nothing else, PERMISSIVE plaintext, too.
        allowTls: No effect.
        peerIsOptional: No effect.
        jwt: Tokens are not verified.
        origins: Tokens are not verified.
        originIsOptional: No effect.
        principalBinding: No effect.
        """
    )

    /// Of the kinds that are stored as they are.
    static let stored = Self(": Kept as it is written, and not in force.")
}
