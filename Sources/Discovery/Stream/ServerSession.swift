internal import Base

/// The control plane's end of one proxy's stream: what the proxy wants, what it has, and what to send it next.
///
/// Only one response is ever on its way. Whatever changes until it is acknowledged goes into the next one, so that a
/// slow proxy costs no memory and gets the latest state. A resource that was refused is not sent again until it changes,
/// and then also when it is again what the proxy has: the refusal is over once the proxy says yes to something else.
public struct ServerSession: Sendable {
    /// What a request meant.
    public enum Reception: Hashable, Sendable {
        /// The proxy asked for more or less, which ``nextResponse(_:)`` knows, or told of its servers.
        case subscribed
        case acknowledged
        case refused(names: [ResourceName], reason: String)
        /// An answer to a response that is no longer waited for.
        case stale
        /// The proxy breaks the protocol: end the stream with these words.
        case violation(String)
    }

    private struct Outstanding {
        let nonce: String
        /// The versions sent; empty for what was removed.
        let versions: [ResourceName: String]
    }

    /// The most names that one proxy may subscribe to.
    public static let subscriptionLimit = 16_384
    /// Octets of a name, known or not, at most.
    public static let nameLimit = 1024
    /// Octets of why a response is refused; the rest is left out.
    static let reasonLimit = 1024
    /// Octets after which the rest waits for the next response: names and versions count as much as contents do.
    static let responseLimit = 1 << 20
    /// What frames a resource, at most.
    private static let overhead = 128

    public private(set) var node: NodeIdentity?
    public private(set) var subscriptions: Set<ResourceName> = []
    /// What the proxy has, by its own word; an empty version means that it knows the resource does not exist.
    public private(set) var versions: [ResourceName: String] = [:]
    /// The versions that the proxy refused; an empty version means a removal.
    public private(set) var refusals: [ResourceName: String] = [:]
    /// What the proxy last said of its servers.
    public private(set) var report = ServerReport()
    private var unknownNames: Set<String> = []
    private var outstanding: Outstanding?
    private var lastNonce: UInt64 = 0
    /// Whether a batch was refused, so that each of its resources is sent alone to find the one at fault.
    private var isIsolating = false

    public init() {}

    public var isWaitingForAnswer: Bool { outstanding != nil }

    // Events.

    public mutating func received(_ request: DeltaRequest) -> Reception {
        if node == nil {
            guard let first = request.node else { return .violation("the first request of a stream names no node") }
            node = first
            for (name, version) in request.initialVersions {
                if let name = ResourceName(name) { versions[name] = version }
            }
        }
        guard request.typeURL == DiscoveryProtocol.typeURL else {
            return .violation("resources of type \(request.typeURL) are not served")
        }
        guard request.subscribe.allSatisfy({ $0.utf8.count <= Self.nameLimit }) else {
            return .violation("a name of more than \(Self.nameLimit) octets is subscribed to")
        }
        guard updateSubscriptions(request) else {
            return .violation("more than \(Self.subscriptionLimit) resources are subscribed to")
        }
        if let report = request.report { self.report = report }
        return request.responseNonce.isEmpty ? .subscribed : answered(request.responseNonce, request.error)
    }

    private mutating func updateSubscriptions(_ request: DeltaRequest) -> Bool {
        for text in request.subscribe {
            if let name = ResourceName(text) {
                subscriptions.insert(name)
            } else {
                unknownNames.insert(text)
            }
        }
        for text in request.unsubscribe {
            if let name = ResourceName(text) { subscriptions.remove(name) }
        }
        return subscriptions.count <= Self.subscriptionLimit && unknownNames.count <= Self.subscriptionLimit
            && versions.count <= 4 * Self.subscriptionLimit
    }

    private mutating func answered(_ nonce: String, _ error: String?) -> Reception {
        guard let sent = outstanding, sent.nonce == nonce else { return .stale }
        outstanding = nil
        if let error = error?.onOneLine(limit: Self.reasonLimit) {
            guard sent.versions.count <= 1 else {
                isIsolating = true
                return .refused(names: sent.versions.keys.sorted(by: Self.precedes), reason: error)
            }
            refusals.merge(sent.versions) { $1 }
            return .refused(names: Array(sent.versions.keys), reason: error)
        }
        for (name, version) in sent.versions {
            versions[name] = version
            refusals[name] = nil
        }
        return .acknowledged
    }

    // What to do.

    /// The response to send now, if there is anything to tell and none is on its way.
    ///
    /// - Parameters:
    ///   - resolve: What a name means to this proxy at this moment; nil when there is no such thing.
    ///   - isUndecided: Whether nothing can be said yet of a name that `resolve` has nothing for; what the proxy has
    ///     of it stays as it is.
    public mutating func nextResponse(
        _ resolve: (ResourceName) -> EncodedResource?,
        isUndecided: (ResourceName) -> Bool = { _ in false }
    ) -> DeltaResponse? {
        guard outstanding == nil else { return nil }
        let wanted = closure(resolve)
        versions = versions.filter { !$0.value.isEmpty || wanted.index(forKey: $0.key) != nil }
        // A proxy that refuses to forget what it never had says nothing of use.
        refusals = refusals.filter {
            !$0.value.isEmpty || wanted.index(forKey: $0.key) != nil || versions[$0.key] != nil
        }
        let changed = Set(wanted.keys).union(versions.keys).union(refusals.keys)
            .filter { needsSending($0, version: wanted[$0].map { $0?.version ?? "" } ?? "") }
            .filter { name in (wanted[name] ?? nil) != nil || !isUndecided(name) }
            .sorted(by: Self.precedes)
        if changed.isEmpty {
            isIsolating = false
            if unknownNames.isEmpty { return nil }
        }
        return response(changed, wanted)
    }

    private func needsSending(_ name: ResourceName, version: String) -> Bool {
        (refusals[name] ?? versions[name]) != version
    }

    /// All that is subscribed to, and all that follows from it.
    private func closure(_ resolve: (ResourceName) -> EncodedResource?) -> [ResourceName: EncodedResource?] {
        var wanted: [ResourceName: EncodedResource?] = [:]
        var waiting = Array(subscriptions)
        while let name = waiting.popLast() {
            guard wanted.index(forKey: name) == nil else { continue }
            let resource = resolve(name)
            wanted.updateValue(resource, forKey: name)
            waiting += resource?.references ?? []
        }
        return wanted
    }

    private mutating func response(
        _ changed: [ResourceName],
        _ wanted: [ResourceName: EncodedResource?]
    ) -> DeltaResponse {
        lastNonce += 1
        var response = DeltaResponse()
        response.nonce = String(lastNonce)
        var sent: [ResourceName: String] = [:]
        var size = 0
        for name in changed {
            if size >= Self.responseLimit || isIsolating && !sent.isEmpty { break }
            let text = name.description
            size += text.utf8.count + Self.overhead
            if let resource = wanted[name] ?? nil {
                response.resources.append(
                    DeltaResponse.Item(
                        name: text,
                        version: resource.version,
                        typeURL: resource.typeURL,
                        bytes: resource.bytes
                    )
                )
                sent[name] = resource.version
                size += resource.bytes.count
            } else {
                response.removed.append(text)
                sent[name] = ""
            }
        }
        for name in unknownNames.sorted() where size < Self.responseLimit {
            response.removed.append(name)
            unknownNames.remove(name)
            size += name.utf8.count + Self.overhead
        }
        outstanding = Outstanding(nonce: response.nonce, versions: sent)
        return response
    }

    /// What is referred to comes before what refers to it.
    private static func precedes(_ left: ResourceName, _ right: ResourceName) -> Bool {
        (left.rank, left.description) < (right.rank, right.description)
    }
}

extension ResourceName {
    fileprivate var rank: Int {
        switch self {
        case .trust: 0
        case .mesh: 1
        case .inbound: 2
        case .credential: 3
        case .destination: 4
        case .host, .routes: 5
        case .address, .gateway: 6
        }
    }
}
