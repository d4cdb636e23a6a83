internal import Base
internal import Discovery

// How an endpoint is told who the client is.
extension EndpointPool {
    /// What is said first on a connection that serves `client`; empty when the endpoint is told nothing.
    func preamble(for client: ConnectionInfo) -> [UInt8] {
        ProxyProtocol.header(proxyProtocol, from: client.peer, to: client.target)
    }

    /// The endpoint for what comes on a client's connection: itself, unless it is told who the client is.
    ///
    /// No other client's requests may go on a connection on which it was told of this one.
    func serving(_ client: ConnectionInfo) -> EndpointPool {
        if proxyProtocol == .none { return self }
        if let known = variants.endpoint(for: client) { return known }
        let made = EndpointPool(self, for: client)
        variants.add(made, for: client)
        client.note(made)
        return made
    }

    /// The client has gone, for which this is the endpoint.
    func leave(_ client: ObjectIdentifier) {
        origin?.variants.forget(client)
        retire()
    }
}
