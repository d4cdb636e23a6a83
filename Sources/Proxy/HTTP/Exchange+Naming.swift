internal import HTTP

/// Destinations that are where the request's own host leads.
extension Exchange: NameWaiter {
    /// An endpoint of the host that the request asks for.
    ///
    /// - Returns: nil when its addresses must be waited for, or the request has been answered.
    func namedEndpoint(_ named: NamedEndpoints) -> EndpointPool? {
        guard let host = RequestedHost.name(in: head.authority, isCopy: isMirror), named.covers(host) else {
            respond(.refused("the request's host is not within \(named.pattern)"))
            return nil
        }
        switch worker.names.addresses(of: host, for: self) {
        case .addresses(let addresses): return named.pick(host, addresses, avoiding: tried.last)
        case .unknownYet: phase = .resolving
        case .failure(let reason):
            log.upstreamFailure = reason
            respond(.nameNotFound)
        case .overflow: respond(.tooManyNames)
        }
        return nil
    }

    func nameArrived() {
        guard phase == .resolving else { return }
        connect()
        if phase != .idle { flushRequest() }
    }
}
