internal import Protobuf

extension Destination: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.string(1, name)
        writer.string(2, host)
        writer.number(3, port)
        writer.value(4, application)
        for endpoint in endpoints { writer.message(5, endpoint) }
        writer.bool(6, usesOriginalDestination)
        writer.value(7, tlsForUnlisted)
        if let tls { writer.message(8, tls) }
        writer.value(9, loadBalancing)
        writer.duration(10, connectTimeout)
        writer.number(11, maxConnections)
        writer.number(12, maxPendingRequests)
        writer.number(13, maxRequestsPerConnection)
        writer.string(14, refusal)
        if let outlierDetection { writer.message(15, outlierDetection) }
        writer.number(16, maxRequests)
        writer.number(17, maxRetries)
        writer.number(18, maxStreams)
        writer.duration(19, idleTimeout)
        writer.duration(20, tcpIdleTimeout)
        writer.duration(21, maxConnectionDuration)
        if let keepalive { writer.message(22, keepalive) }
        if let affinity { writer.message(23, affinity) }
        writer.bool(24, resolvesRequestedHost)
        if let warmup { writer.message(25, warmup) }
        writer.value(26, proxyProtocol)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init(name: "", host: "", port: 0, application: .auto)
        connectTimeout = .zero  // What is not sent is zero.
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: name = try field.string()
            case 2: host = try field.string()
            case 3: port = try field.number()
            case 4: application = try field.value()
            case 5: endpoints.append(try field.message())
            case 6: usesOriginalDestination = try field.bool()
            case 7: tlsForUnlisted = try field.value()
            case 8: tls = try field.message(ClientTLS.self)
            case 9: loadBalancing = try field.value()
            case 10: connectTimeout = try field.duration()
            case 11: maxConnections = try field.number()
            case 12: maxPendingRequests = try field.number()
            case 13: maxRequestsPerConnection = try field.number()
            case 14: refusal = try field.string()
            case 15: outlierDetection = try field.message(OutlierDetection.self)
            default: try readLimits(field)
            }
        }
        try checkTLS()
    }

    private mutating func readLimits(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 16: maxRequests = try field.number()
        case 17: maxRetries = try field.number()
        case 18: maxStreams = try field.number()
        case 19: idleTimeout = try field.duration()
        case 20: tcpIdleTimeout = try field.duration()
        case 21: maxConnectionDuration = try field.duration()
        case 22: keepalive = try field.message(TCPKeepalive.self)
        case 23: affinity = try field.message(Affinity.self)
        case 24: resolvesRequestedHost = try field.bool()
        case 25: warmup = try field.message(Warmup.self)
        case 26: proxyProtocol = try field.value()
        default: break
        }
    }

    /// Refuses endpoints that are to be encrypted without saying how.
    private func checkTLS() throws(ProtobufError) {
        let needsTLS = tlsForUnlisted == .configured || endpoints.contains { $0.tls == .configured }
        if needsTLS, tls == nil { throw .unknownValue(field: 8) }
    }
}

extension Destination.Warmup: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.duration(1, duration)
        writer.number(2, minimumShare)
        writer.number(3, aggression)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init(duration: .zero)
        (minimumShare, aggression) = (0, 0)  // What is not sent is zero.
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: duration = try field.duration()
            case 2: minimumShare = try field.number()
            case 3: aggression = try field.number()
            default: break
            }
        }
    }
}

extension Destination.Endpoint: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.string(1, address)
        writer.number(2, port)
        writer.value(3, tls)
        writer.string(4, reason)
        writer.number(5, weight)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init(address: "", port: 0, tls: .plaintext, reason: "")
        weight = 0  // What is not sent is zero.
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: address = try field.string()
            case 2: port = try field.number()
            case 3: tls = try field.value()
            case 4: reason = try field.string()
            case 5: weight = try field.number()
            default: break
            }
        }
    }
}

extension OutlierDetection: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.number(1, consecutive5xxErrors)
        writer.number(2, consecutiveGatewayErrors)
        writer.duration(3, interval)
        writer.duration(4, baseEjectionTime)
        writer.number(5, maxEjectionPercent)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init()
        // What is not sent is zero.
        (consecutive5xxErrors, consecutiveGatewayErrors, maxEjectionPercent) = (0, 0, 0)
        (interval, baseEjectionTime) = (.zero, .zero)
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: consecutive5xxErrors = try field.number()
            case 2: consecutiveGatewayErrors = try field.number()
            case 3: interval = try field.duration()
            case 4: baseEjectionTime = try field.duration()
            case 5: maxEjectionPercent = try field.number()
            default: break
            }
        }
    }
}

extension ClientTLS: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        switch credential {
        case .none: writer.message(1) { _ in }
        case .workload: writer.message(2) { _ in }
        case .files(let certificate, let key):
            writer.message(3) {
                $0.string(1, certificate)
                $0.string(2, key)
            }
        case .secret(let name): writer.message(9) { $0.string(1, name) }
        }
        writer.string(4, rootsFile)
        writer.string(5, serverName)
        writer.strings(6, subjectAlternativeNames)
        writer.bool(7, verifiesHost)
        writer.bool(8, skipsVerification)
        writer.string(10, rootsSecret)
        writer.string(11, revocationsFile)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init(credential: .none)
        var hasCredential = false
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: (credential, hasCredential) = (.none, true)
            case 2: (credential, hasCredential) = (.workload, true)
            case 3:
                let pair: TextPair = try field.message()
                (credential, hasCredential) = (.files(certificate: pair.first, key: pair.second), true)
            case 4: rootsFile = try field.string()
            case 5: serverName = try field.string()
            case 6: subjectAlternativeNames.append(try field.string())
            case 7: verifiesHost = try field.bool()
            case 8: skipsVerification = try field.bool()
            case 9: (credential, hasCredential) = (.secret(try field.message(TextPair.self).first), true)
            case 10: rootsSecret = try field.string()
            case 11: revocationsFile = try field.string()
            default: break
            }
        }
        guard hasCredential else { throw .unknownValue(field: 1) }
    }
}
