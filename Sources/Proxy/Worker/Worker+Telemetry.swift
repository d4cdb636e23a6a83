internal import Base
internal import Discovery
internal import EventLoop
internal import HTTP
internal import TLS

extension Worker {
    /// Notes a finished request.
    func finished(_ exchange: Exchange) {
        let (log, info) = (exchange.log, exchange.info)
        let elapsed = loop.now - log.start
        count(exchange, elapsed)
        guard telemetry.isLogging else { return }
        var entry = entry(log, info, cluster: exchange.clusterName, elapsed)
        let head = exchange.head
        entry.method = String(octets: head.method)
        entry.path = head.text(of: .xEnvoyOriginalPath) ?? String(octets: head.path)
        entry.httpVersion = head.version.name
        entry.forwardedFor = head.text(of: .xForwardedFor) ?? ""
        entry.userAgent = head.text(of: .userAgent) ?? ""
        entry.requestID = head.text(of: .xRequestID) ?? ""
        entry.authority = String(octets: head.authority)
        entry.upstreamLocalAddress = exchange.upstream?.localAddress?.description ?? ""
        entry.requestHeader = { name in
            let name = Array(name.utf8)
            return head.firstIndex(ofLowercase: name.span).map { String(octets: head.value(at: $0)) }
        }
        telemetry.write(entry)
    }

    /// Notes a finished connection that is not HTTP, or was refused.
    func finished(_ log: ExchangeLog, _ info: ConnectionInfo, cluster: String) {
        let elapsed = loop.now - log.start
        if let index = telemetry.metrics.index(of: key(log, info, cluster: cluster, host: "", isHTTP: false)) {
            record(log, elapsed, at: index)
        }
        guard telemetry.isLogging else { return }
        var entry = entry(log, info, cluster: cluster, elapsed)
        entry.upstreamLocalAddress = log.upstreamLocalAddress?.description ?? ""
        telemetry.write(entry)
    }

    /// Notes a connection to an endpoint that failed before it could carry anything.
    func handshakeFailed(to endpoint: EndpointPool, _ cause: String) {
        if endpoint.security != nil { telemetry.metrics.handshakesFailed += 1 }
        telemetry.log.warn("connection failed: outbound to \(endpoint.name) (\(endpoint.decision)): \(cause)")
    }

    private func entry(_ log: ExchangeLog, _ info: ConnectionInfo, cluster: String, _ elapsed: Duration)
        -> AccessLogEntry
    {
        var entry = AccessLogEntry()
        let now = Timestamp.now
        entry.start = Timestamp(nanoseconds: now.nanoseconds - elapsed.nanoseconds)
        entry.status = log.status
        entry.flag = log.flag
        entry.details = log.details
        entry.upstreamFailure = log.upstreamFailure
        entry.bytesReceived = log.bytesReceived
        entry.bytesSent = log.bytesSent
        entry.duration = elapsed
        entry.upstreamServiceTime = log.serviceTime
        entry.upstreamHost = log.endpoint?.name ?? ""
        entry.cluster = cluster
        entry.downstreamLocalAddress = info.target.description
        entry.downstreamRemoteAddress = (log.client.map { SocketAddress($0, port: 0) } ?? info.peer).description
        entry.serverName = info.serverName
        entry.tlsVersion = info.tls?.version.description ?? ""
        entry.tlsCipher = info.tls?.cipherSuite ?? ""
        entry.downstreamFailure = log.downstreamFailure
        entry.routeName = log.routeName
        entry.tlsReason = info.direction == .inbound ? info.reason : log.endpoint?.decision ?? info.reason
        return entry
    }

    private func count(_ exchange: Exchange, _ elapsed: Duration) {
        let log = exchange.log
        let isEncrypted = log.endpoint?.security != nil
        if let series = exchange.info.series, series.cluster == exchange.clusterID, series.status == log.status,
            series.flag == log.flag, series.endpointIsEncrypted == isEncrypted, series.grpc == log.grpcOutcome
        {
            return record(log, elapsed, at: series.index)
        }
        let host = exchange.destination?.host ?? ""
        let key = key(log, exchange.info, cluster: exchange.clusterName, host: host, isHTTP: true)
        guard let index = telemetry.metrics.index(of: key) else { return }
        exchange.info.series = MetricsSeries(
            cluster: exchange.clusterID,
            endpointIsEncrypted: isEncrypted,
            status: log.status,
            flag: log.flag,
            grpc: log.grpcOutcome,
            index: index
        )
        record(log, elapsed, at: index)
    }

    private func record(_ log: ExchangeLog, _ elapsed: Duration, at index: Int) {
        telemetry.metrics.record(
            at: index,
            milliseconds: elapsed.milliseconds,
            received: log.bytesReceived,
            sent: log.bytesSent
        )
        guard let grpc = log.grpc else { return }
        telemetry.metrics.recordMessages(at: index, requests: grpc.request.count, responses: grpc.response.count)
    }

    private func key(
        _ log: ExchangeLog,
        _ info: ConnectionInfo,
        cluster: String,
        host: String,
        isHTTP: Bool
    ) -> Metrics.Key {
        let isInbound = info.direction == .inbound
        return Metrics.Key(
            isInbound: isInbound,
            isMutualTLS: isInbound ? info.isMutualTLS : log.endpoint?.security != nil,
            sourcePrincipal: isInbound ? info.principal : "",
            cluster: cluster,
            host: isInbound ? info.port?.service ?? "" : host,
            status: log.status,
            flag: log.flag,
            isHTTP: isHTTP,
            grpc: log.grpcOutcome
        )
    }
}

extension ExchangeLog {
    fileprivate var grpcOutcome: Metrics.GRPCOutcome? { grpc.map { Metrics.GRPCOutcome(status: $0.status) } }
}

extension Duration {
    /// Whole nanoseconds; the far future when they cannot be counted.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    }
}
