internal import EventLoop

/// How long and how much a worker lets a peer make it wait or hold.
struct WorkerLimits: Sendable {
    /// Octets of one read: as many as TLS encrypts at a time.
    static let readOctets = 256 * 1024

    /// A connection without traffic ends after this (Envoy's default: one hour).
    var idleTimeout: Duration = .seconds(3600) { didSet { idleNanoseconds = idleTimeout.wholeNanoseconds } }
    /// ``idleTimeout`` as a deadline is counted, since it is asked for with every request.
    private(set) var idleNanoseconds: Int64 = 3_600_000_000_000
    /// From the first octet of a request's head to its last.
    var headTimeout: Duration = .seconds(60)
    /// From the first octet of a TLS handshake to its end (Envoy's `transport_socket_connect_timeout` of Istio).
    var handshakeTimeout: Duration = .seconds(15)
    /// For a client to take any of a response that waits for it (Envoy's `stream_idle_timeout`: five minutes).
    var stallTimeout: Duration = .seconds(300)
    /// For connections whose server is no longer configured (Envoy's `drain_time` of Istio).
    var drainTimeout: Duration = .seconds(45)
    /// For a client to take the last response and close.
    var lingerTimeout: Duration = .seconds(1)
    /// For the control plane to say what an address or a host means.
    var onDemandTimeout: Duration = .seconds(5)
    /// How often an idle connection looks whether it is due, and gives memory back.
    var sweepInterval: Duration = .seconds(5)
    /// A gateway's connections that have not said yet what they are; the oldest is reset for another.
    var silentConnections = 16_384
    /// A gateway's TLS handshakes under way, each of which takes some 20 kB; the oldest is reset for another.
    var handshakes = 2048
    /// Connections at most; more are accepted and reset.
    var connections = 50_000
}

extension Duration {
    fileprivate var wholeNanoseconds: Int64 { (MonotonicTime(nanoseconds: 0) + self).nanoseconds }
}

extension Worker {
    /// When a connection ends on which nothing comes from now on.
    var idleDeadline: MonotonicTime {
        let (sum, overflows) = loop.now.nanoseconds.addingReportingOverflow(limits.idleNanoseconds)
        return MonotonicTime(nanoseconds: overflows ? .max : sum)
    }
}
