internal import Discovery
internal import EventLoop

/// An acceptance that carries bytes to destinations, whose secrets may come later than the first bytes for them.
protocol CarryingAcceptance: Acceptance, ConfigurationWaiter {
    /// The destination of which a secret is waited for, or has not come in time.
    var equipping: String? { get set }

    /// Carries bytes to the destination of that name.
    func carry(to name: String)
}

extension CarryingAcceptance {
    /// Has the connection wait for a secret that has not come yet; false when there is none to wait for.
    func awaitSecret(of destination: Destination) -> Bool {
        guard equipping == nil, let name = destination.tls.flatMap(worker.tables.awaitedSecret) else { return false }
        equipping = destination.name
        if let timer { worker.loop.cancel(timer) }
        timer = nil
        channel?.unregister(from: worker.loop)
        worker.add(self)
        worker.wait(for: .credential(name), self)
        return true
    }

    /// Goes on; without the secret, for the tunnel to say what is missing.
    func secretArrived(for destination: String, isThere: Bool) {
        // What did not come in time is not waited for again.
        if isThere { equipping = nil }
        carry(to: destination)
    }
}
