internal import Base
internal import HTTP

/// One endpoint under several names, or for several clients: connections on which different servers were asked for and
/// verified are kept apart, and those that have told the endpoint of different clients.
struct EndpointVariants {
    /// Clients choose the names: when there are so many, those that serve nobody go.
    static let most = 64

    private var byName: [String: EndpointPool] = [:]
    // Clients repeat the same authority.
    private var lastAuthority: [UInt8] = []
    /// Of ``lastAuthority``; nil for the endpoint itself.
    fileprivate private(set) var last: EndpointPool?

    /// By the connection that a client has made; each goes with it.
    private var byClient: [ObjectIdentifier: EndpointPool] = [:]

    var count: Int { byName.count + byClient.count }

    /// Whether the authority is the one that was asked for last.
    fileprivate func isLast(_ authority: Span<UInt8>) -> Bool { authority.equals(lastAuthority.span) }

    fileprivate mutating func note(_ variant: EndpointPool?, for authority: Span<UInt8>) {
        (lastAuthority, last) = ([UInt8](copying: authority), variant)
    }

    fileprivate func pool(_ name: String) -> EndpointPool? { byName[name] }

    /// - Returns: Those that had to go.
    fileprivate mutating func add(_ pool: EndpointPool, _ name: String) -> [EndpointPool] {
        var surplus: [EndpointPool] = []
        if byName.count >= Self.most {
            surplus = byName.values.filter { $0.load == 0 }
            byName = byName.filter { $0.value.load > 0 }
            (lastAuthority, last) = ([], nil)
        }
        byName[name] = pool
        return surplus
    }

    func endpoint(for client: ConnectionInfo) -> EndpointPool? { byClient[ObjectIdentifier(client)] }

    mutating func add(_ pool: EndpointPool, for client: ConnectionInfo) { byClient[ObjectIdentifier(client)] = pool }

    mutating func forget(_ client: ObjectIdentifier) { byClient[client] = nil }

    mutating func removeAll() -> [EndpointPool] {
        defer { self = EndpointVariants() }
        return Array(byName.values) + byClient.values
    }
}

extension EndpointPool {
    /// The endpoint for a request to `authority`: itself, unless TLS asks for what requests ask for.
    ///
    /// - Parameter isCopy: Whether the authority is one that tells a copy from its original.
    func asked(for authority: Span<UInt8>, isCopy: Bool = false) -> EndpointPool {
        guard let security, security.asksForRequestedHost else { return self }
        if !isCopy, variants.isLast(authority) { return variants.last ?? self }
        guard let name = RequestedHost.name(in: authority, isCopy: isCopy) else { return self }
        let found = name == security.serverName ? nil : variant(name)
        if !isCopy { variants.note(found, for: authority) }
        return found ?? self
    }

    private func variant(_ name: String) -> EndpointPool {
        if let known = variants.pool(name) { return known }
        let made = EndpointPool(self, for: name)
        for surplus in variants.add(made, name) { surplus.retire() }
        return made
    }
}
