internal import Base
internal import EventLoop
internal import Glibc
internal import HTTP
internal import TLS

/// What Envoy's commands stand for in the fields that a route sets.
extension Exchange: FieldSource {
    // While the request's head is being changed, it is `message`, and nothing here may touch ``head``.
    func text(of command: FieldCommand, _ argument: String, in message: HTTP1Head) -> String? {
        switch command {
        case .requestField: return (message.isRequest ? message : head).text(named: argument)
        case .responseField: return message.isRequest ? nil : message.text(named: argument)
        case .protocol: return (message.isRequest ? message : head).version.name
        case .startTime: return startTime(argument)
        case .hostname: return Self.hostname
        case .routeName: return log.routeName
        case .serverName: return info.serverName
        case .cluster: return progress?.choice?.name ?? clusterName
        case .upstreamHost, .upstreamAddress: return log.endpoint?.name
        case .status: return message.isRequest ? nil : String(message.status)
        case .details: return message.isRequest ? nil : log.details.isEmpty ? "via_upstream" : log.details
        case .flags: return message.isRequest ? nil : log.flag.text
        case .tlsVersion: return info.tls?.version.description
        case .tlsCipher: return info.tls?.cipherSuite
        default: return address(command) ?? certificate(command)
        }
    }

    private func address(_ command: FieldCommand) -> String? {
        let client = log.client.map { $0 == info.peer.ip ? info.peer : SocketAddress($0, port: 0) } ?? info.peer
        return switch command {
        case .clientAddress: client.description
        case .clientIP: client.ip.description
        case .clientPort: String(client.port)
        case .peerAddress: info.peer.description
        case .peerIP: info.peer.ip.description
        case .peerPort: String(info.peer.port)
        case .localAddress: info.target.description
        case .localIP: info.target.ip.description
        case .localPort: String(info.target.port)
        default: nil
        }
    }

    private func certificate(_ command: FieldCommand) -> String? {
        guard let certificate = info.certificate else { return nil }
        return switch command {
        case .peerURIs: certificate.alternativeNames.uris.joined(separator: ",")
        case .peerDNSNames: certificate.alternativeNames.dnsNames.joined(separator: ",")
        case .peerSubject: certificate.subject
        case .peerIssuer: certificate.issuer
        case .peerSerial: certificate.serialNumber.lowercased()
        case .peerFingerprint: certificate.fingerprint
        case .peerCertificate: PercentEncoding.encode(certificate.pem)
        case .peerStart: certificate.notBefore.formatted(fractionDigits: 3)
        case .peerEnd: certificate.notAfter.formatted(fractionDigits: 3)
        default: nil
        }
    }

    private func startTime(_ format: String) -> String {
        let nanoseconds = Timestamp.now.nanoseconds - (worker.loop.now - log.start).nanoseconds
        let start = Timestamp(nanoseconds: nanoseconds)
        let digits = format == "%s.%3f" ? 3 : format == "%s.%6f" ? 6 : 0
        if format.isEmpty { return start.formatted(fractionDigits: 3) }
        if digits == 0 { return String(start.seconds) }
        let fraction = String(nanoseconds - start.seconds * 1_000_000_000 + 1_000_000_000).dropFirst()
        return "\(start.seconds).\(fraction.prefix(digits))"
    }

    private static let hostname: String = {
        var name = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&name, name.count - 1) == 0 else { return "" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()
}
