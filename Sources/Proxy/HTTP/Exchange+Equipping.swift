internal import Discovery

// Destinations whose TLS is made from secrets: the first request asks for the destination, and its secrets follow.
extension Exchange {
    /// Has the request wait for a secret that has not come yet; false when there is none to wait for.
    func awaitSecret() -> Bool {
        guard phase != .equipping, let name = pool?.destination.tls.flatMap(worker.tables.awaitedSecret) else {
            return false
        }
        phase = .equipping
        worker.wait(for: .credential(name), self)
        return true
    }

    /// Goes on; without the secret, to be refused with the reason.
    func secretArrived(isThere: Bool) {
        guard renewPool() else { return respond(.noCluster) }
        // What did not come in time is not waited for again.
        if isThere { phase = .connecting }
        connect()
    }
}
