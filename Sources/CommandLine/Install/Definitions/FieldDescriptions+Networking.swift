extension FieldDescriptions {
    /// What means the same in all kinds.
    static let common = Self(
        """
        exportTo: The namespaces that see this; `.` is its own, `*` every one. Every one without it.
        matchLabels: Labels, all of which a pod must have with these values.
        workloadSelector: Which workloads of the namespace this is for; without it, all of them.
        workloadSelector.labels: Labels, all of which a workload must have with these values.
        port.number: The number of the port, 1 to 65535.
        port.name: The name of the port, unique among those of one object.
        port.protocol: HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, TCP, TLS, MONGO, MYSQL or REDIS.
        port: A port.
        clientCertificate: The file with the certificate that is shown to the server, for MUTUAL.
        privateKey: The file with the key of the certificate.
        serverCertificate: The file with the certificate that is shown to clients.
        caCertificates: The file with the authorities that must have signed the peer's certificate.
        caCrl: The file with the certificates that their authorities have taken back.
        subjectAltNames: Names, one of which the peer's certificate must have.
        """
    )

    static let destinationRule = Self(
        """
        : How clients speak to a service once it has been decided that they do: encryption, load balancing, pools.
        subsets: Parts of the service that routes can name, by the labels of their pods.
        subsets.name: The name by which routes call it.
        subsets.labels: Labels, all of which a pod of the subset must have.
        subsets.trafficPolicy: What differs for this subset.
        trafficPolicy: How clients connect.
        loadBalancer: How clients choose among the endpoints.
        simple: The rule: LEAST_REQUEST (the default), RANDOM, ROUND_ROBIN, or PASSTHROUGH to the address that was asked for.
        consistentHash: Requests with the same header, cookie, parameter or source go to the same endpoint.
        localityLbSetting: Which regions and zones endpoints are taken from; not in force.
        warmupDurationSecs: For how long a new endpoint gets less than its share.
        warmup: How a new endpoint gets its share little by little.
        connectionPool: How many connections and requests there may be at a time.
        connectionPool.tcp: For connections of every kind.
        tcp.maxConnections: Connections to the service at a time; unlimited without it.
        tcp.connectTimeout: How long connecting may take, such as 250ms; 10s without it.
        tcp.maxConnectionDuration: After how long a connection is not used any more.
        tcp.idleTimeout: After how long without a byte a connection is closed; 1h without it.
        tcpKeepalive: Probes by which the kernel finds out that the peer is gone.
        tcpKeepalive.probes: How many probes may go unanswered.
        tcpKeepalive.time: After how long without traffic the first probe is sent.
        tcpKeepalive.interval: The time between two probes.
        connectionPool.http: For HTTP requests.
        http1MaxPendingRequests: Requests that may wait for a connection.
        http2MaxRequests: Requests to the service at a time.
        maxRequestsPerConnection: After how many requests a connection is closed; 0 is unlimited.
        maxRetries: Retries to the service at a time.
        http.idleTimeout: After how long without a request a connection is closed; 1h without it.
        h2UpgradePolicy: UPGRADE speaks HTTP/2 to endpoints that are not known to understand it.
        useClientProtocol: Speaks to the endpoint the version of HTTP that the client speaks.
        maxConcurrentStreams: Requests on one HTTP/2 connection at a time.
        outlierDetection: When an endpoint that fails is left out for a while.
        consecutiveErrors: The old name of consecutive5xxErrors.
        splitExternalLocalOriginErrors: Counts failures to connect apart from bad answers.
        consecutiveLocalOriginFailures: Failures to connect in a row after which the endpoint is left out.
        consecutiveGatewayErrors: Answers 502, 503 and 504 in a row after which the endpoint is left out.
        consecutive5xxErrors: Answers 500 to 599 in a row after which the endpoint is left out; 5 without it.
        outlierDetection.interval: How often endpoints are looked at; 10s without it.
        baseEjectionTime: How long an endpoint is left out the first time; longer each time after; 30s without it.
        maxEjectionPercent: How many of the endpoints may be left out at a time; 10 without it.
        minHealthPercent: When fewer of the endpoints than this are healthy, none is left out.
        tls: How connections to the service are encrypted; without it the mesh decides by itself.
        tls.credentialName: The Secret with certificate, key and authorities; for gateways, or with workloadSelector.
        tls.subjectAltNames: Names, one of which the server's certificate must have.
        tls.sni: The server name that is sent in the handshake; the host without it.
        tls.insecureSkipVerify: Takes any certificate of the server for good.
        portLevelSettings.port: The port of the service that these settings are for.
        portLevelSettings.tls: How connections to this port are encrypted.
        tunnel: Sends connections through a proxy by HTTP CONNECT; not in force.
        tunnel.protocol: CONNECT or POST.
        tunnel.targetHost: The host that the proxy is asked for.
        tunnel.targetPort: The port that the proxy is asked for.
        proxyProtocol: Tells endpoints the client's address by the PROXY protocol, before TLS.
        proxyProtocol.version: V1 is text, V2 binary; V1 without it.
        retryBudget: How many retries there may be for each request under way; not in force.
        retryBudget.percent: Retries in per cent of the requests under way.
        minRetryConcurrency: Retries that may always be.
        """
    )

    static let gateway = Self(
        """
        servers.name: A name of the server, for messages.
        servers.port: The port that is opened.
        defaultEndpoint: Where the traffic goes without routes; not in force.
        targetPort: The port of the pod, where it is another one.
        """
    ).merging(serverTLS)

    private static let serverTLS = Self(
        """
        caCertCredentialName: The Secret with the authorities for clients' certificates, where it is another one.
        tlsCertificates: Two certificates with their keys, an RSA and an ECDSA one, in files.
        tls.caCertificates: The file with the authorities that must have signed clients' certificates.
        tls.subjectAltNames: Names, one of which a client's certificate must have.
        verifyCertificateSpki: Hashes of public keys (SHA-256, base64), one of which a client's certificate must have.
        verifyCertificateHash: Hashes of certificates (SHA-256, hexadecimal), one of which a client's must have.
        ecdhCurves: Groups for the key exchange, by OpenSSL's names, in order.
        """
    )

    static let serviceEntry = Self(
        """
        : Adds a service that the cluster does not know, in the mesh or outside of it.
        hosts: The names of the service; for HTTP and TLS they may begin with `*`.
        addresses: The addresses by which applications reach it; not for names that they resolve themselves.
        ports: The ports of the service.
        ports.number: The number of the port, 1 to 65535.
        ports.name: The name of the port.
        ports.protocol: HTTP, HTTPS, HTTP2, GRPC, TCP, TLS, MONGO, MYSQL or REDIS.
        ports.targetPort: The endpoints' port, where it is another one.
        location: Whether the endpoints are in the mesh, and so speak mutual TLS.
        resolution: How endpoints are found: NONE takes the address that was asked for, STATIC those listed here, DNS names.
        endpoints: Where the service is; for DNS, names to resolve in place of the hosts.
        subjectAltNames: Names, one of which the endpoints' certificates must have.
        workloadSelector: Takes the pods and WorkloadEntries with these labels as endpoints.
        """
    ).merging(endpoint("endpoints."))

    static let workloadEntry = Self(": A workload that is not a pod, such as a virtual machine.").merging(endpoint(""))

    static let workloadGroup = Self(
        """
        : What WorkloadEntries of one kind have in common.
        metadata: Labels and annotations of the entries.
        template: What the entries have in common.
        probe: How it is found out whether a workload is ready; not in force.
        """
    ).merging(endpoint("template."))

    private static func endpoint(_ prefix: String) -> Self {
        Self(
            """
            \(prefix)address: An IP address, or a name where the service is resolved by DNS.
            \(prefix)ports: The endpoint's ports by the names of the service's ports, where they are other ones.
            \(prefix)labels: Labels, by which subsets and policies find it.
            \(prefix)network: The network it is in; endpoints of one network reach each other directly.
            \(prefix)locality: Its region, zone and subzone, such as `eu/berlin/rack1`.
            \(prefix)weight: Its share of the traffic, in proportion to the others'.
            \(prefix)serviceAccount: The service account whose identity its certificate has.
            """
        )
    }

    static let sidecar = Self(
        """
        : What the sidecars of some workloads listen on and know of the mesh.
        ingress: Ports on which the workload receives, in place of those of its services.
        ingress.port: The port that the sidecar listens on.
        egress: Ports on which the workload sends, and the services it may know.
        egress.port: The port of the services, or of the address that is bound.
        egress.hosts: `namespace/host`; `.` is the own namespace, `~` none, `*` all.
        bind: The address that is listened on.
        captureMode: How connections get there: IPTABLES redirects them, NONE leaves it to the application.
        defaultEndpoint: Where the application listens, such as `127.0.0.1:8080`.
        ingress.tls: TLS that clients outside of the mesh speak to this port; not in force.
        inboundConnectionPool: How many connections the workload accepts; not in force.
        connectionPool: How many connections this port accepts; not in force.
        outboundTrafficPolicy: What becomes of connections to what is not known.
        outboundTrafficPolicy.mode: ALLOW_ANY lets them through as they are, REGISTRY_ONLY refuses them.
        egressProxy: The service through which they go.
        """
    ).merging(serverTLS)
}
