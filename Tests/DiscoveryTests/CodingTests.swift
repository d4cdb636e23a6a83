import Discovery
import Protobuf
import TLS
import Testing

@Suite struct ResourceCodingTests {
    static let resources: [Resource] = {
        var settings = MeshSettings()
        settings.accessLogFile = "/dev/stdout"
        settings.accessLogIsJSON = true
        settings.accessLogFormat = "%START_TIME%"
        settings.protocolDetectionTimeout = .milliseconds(150)
        settings.connectTimeout = .zero
        var trust = TrustBundle()
        trust.rootsPEM = "-----BEGIN CERTIFICATE-----\n"
        trust.trustDomains = ["cluster.local", "old.example"]
        var inbound = InboundPolicy()
        inbound.ports = [
            .init(number: 80, application: .http, mode: .strict, reason: "PeerAuthentication foo/default"),
            .init(number: 1, application: .auto, mode: .disable, reason: "", service: "a.b", servicePort: 65535),
        ]
        for target in [
            InboundPolicy.Target.port(8080), .loopback(8081, isIPv6: false), .loopback(8082, isIPv6: true),
            .socket("/run/app.sock"),
        ] {
            var port = InboundPolicy.Port(number: 7, application: .tcp, mode: .strict, reason: "")
            port.target = target
            inbound.ports.append(port)
        }
        inbound.ports[0].translatesGRPCWeb = true
        inbound.listeners = [
            .init(address: "127.0.0.1", port: 9080, isInbound: false), .init(address: "::", port: 1, isInbound: true),
        ]
        inbound.otherMode = .disable
        inbound.otherReason = ""
        inbound.minimumVersion = .tls13
        inbound.cipherSuites = ["ECDHE-ECDSA-AES256-GCM-SHA384"]
        inbound.sendsToLocalhost = true
        var destination = Destination(
            name: "outbound|8000||httpbin.full.svc.cluster.local",
            host: "httpbin.full.svc.cluster.local",
            port: 8000,
            application: .http2
        )
        var endpoint = Destination.Endpoint(address: "10.0.0.1", port: 80, tls: .configured, reason: "auto mTLS")
        endpoint.weight = 3
        destination.endpoints = [
            endpoint, .init(address: "::1", port: 81, tls: .plaintext, reason: "no sidecar"),
        ]
        var tls = ClientTLS(credential: .workload)
        tls.serverName = "outbound_.8000_._.httpbin"
        tls.subjectAlternativeNames = ["spiffe://cluster.local/ns/full/sa/httpbin"]
        destination.tls = tls
        destination.tlsForUnlisted = .configured
        destination.usesOriginalDestination = true
        destination.refusal = "no certificate"
        destination.loadBalancing = .random
        destination.connectTimeout = .seconds(3)
        (destination.maxConnections, destination.maxPendingRequests) = (1, 2)
        destination.maxRequestsPerConnection = 3
        (destination.maxRequests, destination.maxRetries, destination.maxStreams) = (4, 5, 6)
        (destination.idleTimeout, destination.tcpIdleTimeout) = (.seconds(1), .milliseconds(2))
        destination.maxConnectionDuration = .seconds(60)
        destination.keepalive = Destination.TCPKeepalive()
        destination.keepalive?.time = .seconds(7)
        destination.resolvesRequestedHost = true
        destination.warmup = Destination.Warmup(duration: .seconds(9))
        destination.warmup?.minimumShare = 0
        destination.warmup?.aggression = 1500
        destination.proxyProtocol = .version2
        let affinities: [Resource] = [
            Destination.Affinity.Key.header("x-user"), .parameter("user"), .sourceAddress,
            .cookie("c", path: "/", lifetime: nil), .cookie("c", path: "", lifetime: .zero),
            .cookie("c", path: "/a", lifetime: .seconds(3)),
        ].map { key in
            var sticky = destination
            sticky.affinity = Destination.Affinity(key)
            sticky.affinity?.tableSize = 251
            return .destination(sticky)
        }
        var files = destination
        files.tls = ClientTLS(credential: .files(certificate: "/c", key: "/k"))
        files.tls?.rootsFile = "/r"
        files.tls?.verifiesHost = true
        files.tls?.skipsVerification = true
        var simple = destination
        simple.tls = ClientTLS(credential: .none)
        let listener = HTTPListener(port: 8000, allowsUnknownHosts: true)
        return [
            .mesh(MeshSettings()), .mesh(settings), .trust(TrustBundle()), .trust(trust), .inbound(InboundPolicy()),
            .inbound(inbound), .address(.http(listener)),
            .address(.auto(listener, other: ServerNameRoutes(other: [WeightedDestination("x")]))),
            .address(.auto(listener, other: GatewayResources.names)),
            .address(.tcp([WeightedDestination("d")])), .address(.passthrough), .address(.blackHole),
            .host(.destination("d", retries: RetryPolicy(attempts: 0))), .host(.destination("d", retries: .init())),
            .host(.unknown), .destination(destination), .destination(files), .destination(simple),
            .destination(Destination(name: "", host: "", port: 0, application: .auto)),
        ] + affinities + GatewayResources.all
    }()

    @Test(arguments: resources) func `comes back as it was`(_ resource: Resource) throws {
        #expect(try Resource.decode(typeURL: resource.typeURL, resource.bytes) == resource)
    }

    @Test(arguments: resources) func `skips fields it does not know`(_ resource: Resource) throws {
        let unknown: [UInt8] = [0xf8, 0x07, 0x01, 0xf2, 0x07, 0x02, 0x61, 0x62]  // 127: 1, 126: "ab"
        #expect(try Resource.decode(typeURL: resource.typeURL, resource.bytes + unknown) == resource)
    }

    @Test(arguments: resources) func `never traps on damaged bytes`(_ resource: Resource) {
        let bytes = resource.bytes
        for length in 0..<bytes.count { _ = try? Resource.decode(typeURL: resource.typeURL, Array(bytes[..<length])) }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<500 where !bytes.isEmpty {
            var damaged = bytes
            damaged[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            _ = try? Resource.decode(typeURL: resource.typeURL, damaged)
        }
    }

    @Test func `refuses values whose meaning could be plaintext`() {
        let unknownMode: [UInt8] = [0x10, 0x09]
        #expect(throws: ProtobufError.unknownValue(field: 2)) {
            try Resource.decode(typeURL: Resource.inbound(InboundPolicy()).typeURL, unknownMode)
        }
        #expect(throws: ProtobufError.unknownValue(field: 0)) {
            try Resource.decode(typeURL: Resource.address(.passthrough).typeURL, [])
        }
        var destination = Destination(name: "d", host: "d", port: 1, application: .tcp)
        destination.tlsForUnlisted = .configured
        let resource = Resource.destination(destination)
        #expect(throws: ProtobufError.unknownValue(field: 8)) {
            try Resource.decode(typeURL: resource.typeURL, resource.bytes)
        }
    }

    @Test func `does not guess at unknown types`() throws {
        #expect(try Resource.decode(typeURL: "type.googleapis.com/envoy.config.cluster.v3.Cluster", []) == nil)
    }

    @Test func `the same content has the same version, and other content another`() {
        let versions = Set(Self.resources.map { EncodedResource($0).version })
        #expect(versions.count == Self.resources.count)
        #expect(EncodedResource(.host(.unknown)).version == EncodedResource(.host(.unknown)).version)
    }
}

@Suite struct ResourceNameTests {
    static let names: [ResourceName] = [
        .mesh, .inbound, .trust, .address("10.96.0.7", port: 8000), .address("fd00::1", port: 1),
        .host("httpbin.full", port: 65535), .destination("outbound|8000||httpbin.full.svc.cluster.local"),
        .gateway, .routes("https.443.web.gw.foo"), .credential("kubernetes://web/cert-cacert"),
    ]

    @Test(arguments: names) func `comes back as it was`(_ name: ResourceName) {
        #expect(ResourceName(name.description) == name)
    }

    @Test(arguments: [
        "", "mesh/", "meshes", "address", "address/", "address/:80", "address/1.2.3.4", "address/1.2.3.4:0",
        "address/1.2.3.4:080", "address/1.2.3.4:65536", "host/80", "host/80/", "host/x/y", "destination/", "other/x",
        "host/80/" + String(repeating: "x", count: 256), "destination/" + String(repeating: "x", count: 600),
    ])
    func `refuses what is no name`(_ text: String) { #expect(ResourceName(text) == nil) }
}

@Suite struct MessageCodingTests {
    @Test func `requests come back as they were`() throws {
        var request = DeltaRequest()
        request.node = NodeIdentity(address: "10.0.0.1", pod: "sleep-1", namespace: "full", version: "1.0")
        request.subscribe = ["mesh", "inbound"]
        request.unsubscribe = ["trust"]
        request.initialVersions = ["mesh": "1", "inbound": "2"]
        request.responseNonce = "7"
        request.error = "no"
        request.report = ServerReport(["Gateway foo/web server https": "no"])
        #expect(try DeltaRequest(request.bytes) == request)
        #expect(try DeltaRequest(DeltaRequest().bytes) == DeltaRequest())
        request.report = ServerReport()
        #expect(try DeltaRequest(request.bytes).report == ServerReport())
    }

    @Test func `what a proxy says of its servers is bounded, and no line of somebody else's`() throws {
        let long = String(repeating: "é", count: ServerReport.reasonLimit)
        var problems = ["a": "one\ntwo\u{1b}[31m", "b": long, long: "too long a name"]
        #expect(ServerReport(problems).problems.keys.sorted() == ["a", "b"])
        #expect(ServerReport(problems).problems["a"] == "one two [31m")
        let reason = try #require(ServerReport(problems).problems["b"])
        #expect(reason.hasSuffix("é...") && (500...ServerReport.reasonLimit).contains(reason.utf8.count))
        for index in 0..<2 * ServerReport.serverLimit { problems["c\(index)"] = "" }
        // Written by hand, as nobody who keeps to the bounds would write it.
        var writer = ProtobufWriter()
        writer.message(1000) { $0.map(1, problems) }
        let report = try #require(try DeltaRequest(writer.bytes).report)
        #expect(report.problems.count == ServerReport.serverLimit && report == ServerReport(problems))
    }

    @Test func `responses come back as they were`() throws {
        var response = DeltaResponse()
        response.resources = [.init(name: "mesh", version: "1", typeURL: "t", bytes: [1, 2])]
        response.removed = ["trust"]
        response.nonce = "9"
        #expect(try DeltaResponse(response.bytes) == response)
    }

    @Test func `damaged messages are refused or read, never fatal`() {
        var request = DeltaRequest()
        request.node = NodeIdentity(address: "10.0.0.1", pod: "sleep-1", namespace: "full", version: "1.0")
        request.initialVersions = ["mesh": "1"]
        let bytes = request.bytes
        for length in 0..<bytes.count { _ = try? DeltaRequest(Array(bytes[..<length])) }
    }

    @Test(arguments: [
        ("sidecar~10.0.0.1~sleep-1.full~full.svc.cluster.local", true), ("sidecar~10.0.0.1~a.b.full~d", true),
        ("sidecar~10.0.0.1~sleep~d", false), ("", false), ("thief~1~a.b~c", false), ("sidecar~~.b~c", false),
    ])
    func `knows the workload of a node id`(_ id: String, _ isKnown: Bool) {
        let workload = NodeIdentity(id: id, version: "").workload
        #expect((workload != nil) == isKnown)
        if let workload { #expect(workload.namespace == "full" && !workload.pod.isEmpty) }
    }
}
