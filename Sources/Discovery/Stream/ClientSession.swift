internal import Protobuf

/// What a response changes, all at once.
public struct DiscoveryUpdate: Sendable, Hashable {
    /// Names the response when it is accepted or refused.
    public let nonce: String
    public let changed: [ResourceName: Resource]
    /// What no longer exists, or never did, or is no longer needed.
    public let removed: [ResourceName]
    fileprivate let versions: [ResourceName: String]
}

/// The proxy's end of the stream: what it wants, what it holds, and what to tell the control plane.
///
/// What it holds outlives a connection, and a new stream begins by saying so, so that only changes are sent again.
public struct ClientSession: Sendable {
    /// What to do with a response.
    public enum Reception: Hashable, Sendable {
        /// Apply it, then send what ``ClientSession/accepted(_:)`` or ``ClientSession/refused(_:reason:)`` returns.
        case update(DiscoveryUpdate)
        /// It cannot be understood: send this.
        case refuse(DeltaRequest)
    }

    private let node: NodeIdentity
    public private(set) var subscriptions: Set<ResourceName>
    /// The versions of what was applied.
    public private(set) var versions: [ResourceName: String] = [:]
    public private(set) var isConnected = false
    private var report = ServerReport()

    public init(node: NodeIdentity, subscriptions: Set<ResourceName> = [.mesh, .inbound, .trust]) {
        self.node = node
        self.subscriptions = subscriptions
    }

    // Events.

    /// A stream is open: the request that begins it.
    public mutating func connected() -> DeltaRequest {
        isConnected = true
        var request = DeltaRequest()
        request.node = node
        request.subscribe = subscriptions.map(\.description).sorted()
        for (name, version) in versions { request.initialVersions[name.description] = version }
        if report != ServerReport() { request.report = report }
        return request
    }

    /// The stream is over; everything stays as it is.
    public mutating func disconnected() { isConnected = false }

    /// - Returns: The request to send; nil when there is nothing new, or no stream to say it on.
    public mutating func subscribe(to names: some Sequence<ResourceName>) -> DeltaRequest? {
        let added = names.filter { subscriptions.insert($0).inserted }
        guard isConnected, !added.isEmpty else { return nil }
        var request = DeltaRequest()
        request.subscribe = added.map(\.description)
        return request
    }

    /// Gives up names; the control plane then removes what only they needed.
    ///
    /// - Returns: The request to send; nil when there is nothing new, or no stream to say it on.
    public mutating func unsubscribe(from names: some Sequence<ResourceName>) -> DeltaRequest? {
        let dropped = names.filter { subscriptions.remove($0) != nil }
        guard isConnected, !dropped.isEmpty else { return nil }
        var request = DeltaRequest()
        request.unsubscribe = dropped.map(\.description)
        return request
    }

    /// Tells which servers cannot serve now, and why, by their origins.
    ///
    /// - Returns: The request to send; nil when there is nothing new, or no stream to say it on.
    public mutating func report(_ problems: [String: String]) -> DeltaRequest? {
        let report = ServerReport(problems)
        guard report != self.report else { return nil }
        self.report = report
        guard isConnected else { return nil }
        var request = DeltaRequest()
        request.report = report
        return request
    }

    public func received(_ response: DeltaResponse) -> Reception {
        var changed: [ResourceName: Resource] = [:]
        var versions: [ResourceName: String] = [:]
        for item in response.resources {
            guard let name = ResourceName(item.name) else {
                return .refuse(refused(response.nonce, reason: "\(item.name) is not the name of a resource"))
            }
            do throws(ProtobufError) {
                guard let resource = try Resource.decode(typeURL: item.typeURL, item.bytes), resource.isNamed(by: name)
                else {
                    return .refuse(refused(response.nonce, reason: "\(item.name) is not of type \(item.typeURL)"))
                }
                changed[name] = resource
                versions[name] = item.version
            } catch {
                return .refuse(refused(response.nonce, reason: "\(item.name): \(error)"))
            }
        }
        let removed = response.removed.compactMap { ResourceName($0) }.filter { changed[$0] == nil }
        return .update(
            DiscoveryUpdate(nonce: response.nonce, changed: changed, removed: removed, versions: versions)
        )
    }

    /// The update was applied: the request that says so.
    public mutating func accepted(_ update: DiscoveryUpdate) -> DeltaRequest {
        versions.merge(update.versions) { $1 }
        for name in update.removed { versions[name] = nil }
        var request = DeltaRequest()
        request.responseNonce = update.nonce
        return request
    }

    /// Nothing of the update was applied: the request that says why.
    public func refused(_ update: DiscoveryUpdate, reason: String) -> DeltaRequest {
        refused(update.nonce, reason: reason)
    }

    private func refused(_ nonce: String, reason: String) -> DeltaRequest {
        var request = DeltaRequest()
        request.responseNonce = nonce
        request.error = reason
        return request
    }
}
