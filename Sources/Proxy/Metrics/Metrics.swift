/// One worker's counters; added up over the workers when somebody scrapes them.
struct Metrics: Sendable {
    /// What a series of `istio_requests_total` and of the TCP metrics is told apart by.
    struct Key: Hashable, Sendable {
        var isInbound: Bool
        var isMutualTLS: Bool
        /// The caller's SPIFFE id, known inbound with mutual TLS.
        var sourcePrincipal: String
        var cluster: String
        var host: String
        var status: Int
        var flag: ResponseFlag
        var isHTTP: Bool
        /// Nil when the request is no gRPC call.
        var grpc: GRPCOutcome?
    }

    /// How a gRPC call ended.
    struct GRPCOutcome: Hashable, Sendable {
        /// Nil when it ended without saying.
        var status: Int?
    }

    struct Values: Sendable {
        var count = 0
        var milliseconds = 0
        var bytesReceived = 0
        var bytesSent = 0
        /// gRPC messages either way.
        var requestMessages = 0
        var responseMessages = 0
        var buckets = [Int](repeating: 0, count: Metrics.bounds.count)
    }

    /// Upper bounds of the duration histogram, in milliseconds (Istio's).
    static let bounds = [
        1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
        3_600_000,
    ]
    /// Series beyond this are counted under the first one that fits no more: a hostile client must not fill the memory.
    static let mostSeries = 5000

    /// Where each series is in ``values``.
    private var indexes: [Key: Int] = [:]
    private var values: [Values] = []
    var handshakesFailed = 0
    var plaintextRefused = 0
    var mutualTLSAccepted = 0
    var plaintextAccepted = 0

    /// The place of a series, made at its first use; nil when there are too many.
    mutating func index(of key: Key) -> Int? {
        if let index = indexes[key] { return index }
        if values.count >= Self.mostSeries { return nil }
        indexes[key] = values.count
        values.append(Values())
        return values.count - 1
    }

    mutating func record(at index: Int, milliseconds: Int, received: Int, sent: Int) {
        values[index].record(milliseconds: milliseconds, received: received, sent: sent)
    }

    mutating func recordMessages(at index: Int, requests: Int, responses: Int) {
        values[index].requestMessages += requests
        values[index].responseMessages += responses
    }

    var series: [Key: Values] { indexes.mapValues { values[$0] } }

    /// Adds another worker's counters.
    mutating func add(_ other: Metrics) {
        for (key, added) in other.series {
            if let index = index(of: key) { values[index].add(added) }
        }
        handshakesFailed += other.handshakesFailed
        plaintextRefused += other.plaintextRefused
        mutualTLSAccepted += other.mutualTLSAccepted
        plaintextAccepted += other.plaintextAccepted
    }
}

/// A series that was just counted in, so that the next request need not look for it again.
struct MetricsSeries {
    var cluster: ObjectIdentifier?
    var endpointIsEncrypted: Bool
    var status: Int
    var flag: ResponseFlag
    var grpc: Metrics.GRPCOutcome?
    var index: Int
}

extension Metrics.Values {
    mutating func record(milliseconds: Int, received: Int, sent: Int) {
        count += 1
        self.milliseconds += milliseconds
        bytesReceived += received
        bytesSent += sent
        var index = 0  // firstIndex(where:) asks the heap for its closure where nothing is optimized.
        while index < Metrics.bounds.count, milliseconds > Metrics.bounds[index] { index += 1 }
        if index < Metrics.bounds.count { buckets[index] += 1 }
    }

    mutating func add(_ other: Self) {
        count += other.count
        milliseconds += other.milliseconds
        bytesReceived += other.bytesReceived
        bytesSent += other.bytesSent
        requestMessages += other.requestMessages
        responseMessages += other.responseMessages
        for index in buckets.indices { buckets[index] += other.buckets[index] }
    }
}
