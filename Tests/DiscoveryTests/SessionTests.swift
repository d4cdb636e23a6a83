import Discovery
import Testing

/// Both ends, joined without a network.
private struct Pair {
    var server = ServerSession()
    var client = ClientSession(node: NodeIdentity(id: "sidecar~1~a.b~c", version: "1"), subscriptions: [.mesh])
    var model: [ResourceName: EncodedResource] = [:]
    /// What the client has applied.
    var applied: [ResourceName: Resource] = [:]
    var responses = 0
    /// Names the client refuses.
    var refused: Set<ResourceName> = []

    mutating func connect() -> ServerSession.Reception {
        server = ServerSession()
        return server.received(client.connected())
    }

    /// Sends until there is nothing left to say.
    mutating func settle() {
        while let response = server.nextResponse({ model[$0] }) {
            responses += 1
            #expect(server.nextResponse { model[$0] } == nil, "only one response is on its way")
            switch client.received(response) {
            case .refuse(let request): _ = server.received(request)
            case .update(let update):
                if let bad = update.changed.keys.first(where: { refused.contains($0) }) {
                    _ = server.received(client.refused(update, reason: "\(bad) is bad"))
                } else {
                    applied.merge(update.changed) { $1 }
                    for name in update.removed { applied[name] = nil }
                    _ = server.received(client.accepted(update))
                }
            }
        }
    }
}

@Suite struct SessionTests {
    private static let address = ResourceName.address("10.0.0.1", port: 80)
    private static let host = ResourceName.host("httpbin", port: 80)
    private static let cluster = ResourceName.destination("d")

    private func model(port: UInt16 = 80) -> [ResourceName: EncodedResource] {
        let destination = Destination(name: "d", host: "h", port: port, application: .http)
        return [
            .mesh: EncodedResource(.mesh(MeshSettings())),
            Self.address: EncodedResource(
                .address(.http(HTTPListener(port: 80, allowsUnknownHosts: true))),
                alsoNeeding: [Self.host]
            ),
            Self.host: EncodedResource(.host(.destination("d", retries: RetryPolicy()))),
            Self.cluster: EncodedResource(.destination(destination)),
        ]
    }

    @Test func `what cannot be said yet leaves things as they are`() {
        var pair = Pair()
        pair.model = [.mesh: EncodedResource(.mesh(MeshSettings()))]
        _ = pair.connect()
        pair.settle()
        // Nothing is removed while it is not decided whether it is still there.
        let undecided = pair.server.nextResponse({ _ in nil }, isUndecided: { $0 == .mesh })
        let decided = pair.server.nextResponse { _ in nil }
        #expect(undecided == nil)
        #expect(decided?.removed == ["mesh"])
    }

    @Test func `a response is bounded by its names, too`() {
        var server = ServerSession()
        var request = DeltaRequest()
        request.node = NodeIdentity(id: "sidecar~1~a.b~c", version: "1")
        let long = String(repeating: "x", count: 300)
        let known = (0..<8000).map { "destination/\(long)\($0)" }
        request.subscribe = known + (0..<8000).map { "no-such-kind/\(long)\($0)" }
        #expect(server.received(request) == .subscribed)
        var removed: Set<String> = []
        while let response = server.nextResponse({ _ in nil }) {
            #expect(response.bytes.count < 2 << 20)
            #expect(removed.isDisjoint(with: response.removed))
            removed.formUnion(response.removed)
            var answer = DeltaRequest()
            answer.responseNonce = response.nonce
            _ = server.received(answer)
        }
        #expect(removed == Set(request.subscribe))
        request.subscribe = [String(repeating: "x", count: ServerSession.nameLimit + 1)]
        guard case .violation = server.received(request) else {
            Issue.record("a name without bound was taken")
            return
        }
    }

    @Test func `sends what is asked for, and what belongs to it, at once`() {
        var pair = Pair()
        pair.model = model()
        #expect(pair.connect() == .subscribed)
        pair.settle()
        #expect(Set(pair.applied.keys) == [.mesh])
        _ = pair.server.received(pair.client.subscribe(to: [Self.address]) ?? DeltaRequest())
        pair.settle()
        #expect(Set(pair.applied.keys) == [.mesh, Self.address, Self.host, Self.cluster])
        #expect(pair.responses == 2)
    }

    @Test func `sends only what changed`() throws {
        var pair = Pair()
        pair.model = model()
        _ = pair.client.subscribe(to: [Self.address])
        _ = pair.connect()
        pair.settle()
        pair.model = model(port: 81)
        let response = try #require(pair.server.nextResponse { pair.model[$0] })
        #expect(response.resources.map(\.name) == ["destination/d"] && response.removed.isEmpty)
    }

    @Test func `changes while a response is on its way go into the next one, merged`() throws {
        var pair = Pair()
        pair.model = model()
        _ = pair.client.subscribe(to: [Self.address])
        _ = pair.connect()
        let first = try #require(pair.server.nextResponse { pair.model[$0] })
        for port in 81...90 {
            pair.model = model(port: UInt16(port))
            #expect(pair.server.nextResponse { pair.model[$0] } == nil)
        }
        guard case .update(let update) = pair.client.received(first) else { throw Unexpected() }
        #expect(pair.server.received(pair.client.accepted(update)) == .acknowledged)
        pair.settle()
        #expect(pair.responses == 1)
        guard case .destination(let destination) = pair.applied[Self.cluster] else { throw Unexpected() }
        #expect(destination.port == 90)
    }

    @Test func `what is gone is removed, and what only it needed`() {
        var pair = Pair()
        pair.model = model()
        _ = pair.client.subscribe(to: [Self.address])
        _ = pair.connect()
        pair.settle()
        pair.model[Self.address] = nil
        pair.settle()
        #expect(Set(pair.applied.keys) == [.mesh])
        #expect(pair.client.versions.keys.count == 1)
    }

    @Test func `a name that means nothing is answered once, and sent when it comes to mean something`() throws {
        var pair = Pair()
        _ = pair.client.subscribe(to: [Self.cluster])
        _ = pair.connect()
        let response = try #require(pair.server.nextResponse { pair.model[$0] })
        #expect(Set(response.removed) == ["mesh", "destination/d"])
        guard case .update(let update) = pair.client.received(response) else { throw Unexpected() }
        _ = pair.server.received(pair.client.accepted(update))
        #expect(pair.server.nextResponse { pair.model[$0] } == nil)
        pair.model = model()
        pair.settle()
        #expect(Set(pair.applied.keys) == [.mesh, Self.cluster])
    }

    @Test func `a reference that leads nowhere is not sent again and again`() {
        var pair = Pair()
        pair.model = model()
        pair.model[Self.cluster] = nil
        _ = pair.client.subscribe(to: [Self.host])
        _ = pair.connect()
        pair.settle()
        #expect(pair.responses == 1)
    }

    @Test func `after a new connection only the difference is sent`() {
        var pair = Pair()
        pair.model = model()
        _ = pair.client.subscribe(to: [Self.address])
        _ = pair.connect()
        pair.settle()
        let before = pair.responses
        pair.client.disconnected()
        _ = pair.connect()
        pair.settle()
        #expect(pair.responses == before)
        pair.client.disconnected()
        pair.model = model(port: 81)
        pair.model[Self.host] = EncodedResource(.host(.unknown))
        _ = pair.connect()
        pair.settle()
        #expect(pair.responses == before + 1)
        #expect(pair.applied[Self.cluster] == nil, "nothing refers to it any more")
        #expect(pair.applied[Self.host] == .host(.unknown))
    }

    @Test func `what cannot serve is told when it changes, and on a new connection`() {
        var pair = Pair()
        /// Whether there was something to send.
        func report(_ problems: [String: String]) -> Bool {
            guard let request = pair.client.report(problems) else { return false }
            return pair.server.received(request) == .subscribed
        }
        #expect(!report(["a": "x"]), "there is no stream to say it on")
        _ = pair.connect()
        #expect(pair.server.report.problems == ["a": "x"])
        #expect(!report(["a": "x"]), "it is known")
        #expect(report(["b": "y"]))
        pair.model = model()
        pair.settle()
        #expect(pair.server.report.problems == ["b": "y"], "a request that says nothing of it changes nothing")
        #expect(report([:]))
        #expect(pair.server.report.problems.isEmpty)
        pair.client.disconnected()
        #expect(!report(["c": "z"]))
        _ = pair.connect()
        #expect(pair.server.report.problems == ["c": "z"])
    }

    @Test func `a subscription that ends takes along what only it needed`() {
        var pair = Pair()
        pair.model = model()
        _ = pair.client.subscribe(to: [Self.address])
        _ = pair.connect()
        pair.settle()
        _ = pair.server.received(pair.client.unsubscribe(from: [Self.address]) ?? DeltaRequest())
        pair.settle()
        #expect(Set(pair.applied.keys) == [.mesh])
    }

    @Test func `one bad resource does not keep the others away`() {
        var pair = Pair()
        pair.model = model()
        pair.refused = [Self.cluster]
        _ = pair.client.subscribe(to: [Self.address])
        _ = pair.connect()
        pair.settle()
        #expect(Set(pair.applied.keys) == [.mesh, Self.address, Self.host])
        #expect(pair.server.refusals.keys.map(\.description) == ["destination/d"])
        let before = pair.responses
        pair.settle()
        #expect(pair.responses == before, "a refused version is not sent again")
        pair.refused = []
        pair.model = model(port: 81)
        pair.settle()
        #expect(pair.applied[Self.cluster] != nil && pair.server.refusals.isEmpty)
    }

    @Test func `a refusal is over when the resource is again what the proxy has`() {
        var pair = Pair()
        pair.model = model()
        _ = pair.client.subscribe(to: [Self.address])
        _ = pair.connect()
        pair.settle()
        (pair.refused, pair.model) = ([Self.cluster], model(port: 81))
        pair.settle()
        #expect(!pair.server.refusals.isEmpty)
        (pair.refused, pair.model) = ([], model())
        pair.settle()
        #expect(pair.server.refusals.isEmpty)
        let before = pair.responses
        pair.settle()
        #expect(pair.responses == before, "and it is said once")
    }

    @Test func `a refusal is over when the resource is gone that the proxy never had`() {
        var pair = Pair()
        pair.model = model()
        pair.refused = [Self.cluster]
        _ = pair.client.subscribe(to: [Self.address])
        _ = pair.connect()
        pair.settle()
        #expect(!pair.server.refusals.isEmpty)
        pair.model[Self.host] = EncodedResource(.host(.unknown))
        pair.settle()
        #expect(pair.server.refusals.isEmpty)
        #expect(pair.server.versions[Self.cluster] == nil || pair.server.versions[Self.cluster] == "")
    }

    @Test func `a resource that cannot be read is refused`() {
        let client = ClientSession(node: NodeIdentity(id: "x", version: ""))
        for item in [
            DeltaResponse.Item(name: "mesh", version: "1", typeURL: "type.googleapis.com/x", bytes: []),
            .init(name: "nonsense", version: "1", typeURL: Resource.mesh(.init()).typeURL, bytes: []),
            .init(name: "mesh", version: "1", typeURL: Resource.mesh(.init()).typeURL, bytes: [0xff]),
            .init(name: "inbound", version: "1", typeURL: Resource.mesh(.init()).typeURL, bytes: []),
        ] {
            var response = DeltaResponse()
            response.resources = [item]
            response.nonce = "1"
            guard case .refuse(let request) = client.received(response) else {
                Issue.record("\(item) was accepted")
                continue
            }
            #expect(request.error?.contains(item.name) == true && request.responseNonce == "1")
        }
    }

    @Test func `an old answer changes nothing`() {
        var pair = Pair()
        pair.model = model()
        _ = pair.connect()
        pair.settle()
        var request = DeltaRequest()
        request.responseNonce = "1"
        request.error = "late"
        #expect(pair.server.received(request) == .stale)
        #expect(pair.server.refusals.isEmpty)
    }

    @Test func `a stream begins with a node, and stays with its type`() throws {
        var server = ServerSession()
        guard case .violation = server.received(DeltaRequest()) else { throw Unexpected() }
        var request = DeltaRequest(typeURL: "type.googleapis.com/envoy.config.cluster.v3.Cluster")
        request.node = NodeIdentity(id: "x", version: "")
        guard case .violation = server.received(request) else { throw Unexpected() }
    }

    @Test func `subscriptions are bounded`() throws {
        var server = ServerSession()
        var request = DeltaRequest()
        request.node = NodeIdentity(id: "x", version: "")
        request.subscribe = (0...ServerSession.subscriptionLimit).map { "destination/\($0)" }
        guard case .violation = server.received(request) else { throw Unexpected() }
    }

    private struct Unexpected: Error {}
}
