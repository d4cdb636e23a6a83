internal import Base

extension Gateway.Server {
    /// What a server's protocol is, as far as its TLS settings depend on it.
    private enum Family { case http, tls, other }

    /// Protocols by their names in upper case.
    private static let families: [String: Family] = [
        "HTTP": .http, "HTTP2": .http, "HTTP_PROXY": .http, "GRPC": .http, "GRPC-WEB": .http, "HTTPS": .tls,
        "TLS": .tls,
        "TCP": .other, "UDP": .other, "MONGO": .other, "REDIS": .other, "MYSQL": .other,
    ]

    private static let unixPrefix = "unix://"

    func validate() -> Validation {
        var result = Validation()
        result.error(if: hosts.isEmpty, "server config must contain at least one host")
        for host in hosts { result = result + Self.validate(host: host) }
        result = result + validatePort() + validateBind() + (tls?.validate() ?? Validation())
        let family = port.flatMap { Self.families[$0.protocolName.uppercased()] }
        result.warn(
            if: family != nil && family != .http && tls?.httpsRedirect ?? false,
            "tls.httpsRedirect should only be used with http servers"
        )
        return result + validateMatch(of: family)
    }

    /// A host without a namespace, or `namespace/host`.
    private static func validate(host: String) -> Validation {
        var result = Validation()
        let parts = host.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if parts.count == 2 {
            if parts[0].isEmpty || parts[1].isEmpty {
                result.error("config namespace and dnsName in host entry cannot be empty")
            }
            result.error(
                if: parts[0] != "*" && parts[0] != "." && !isDNSLabel(parts[0]),
                "invalid namespace value \(goQuoted(parts[0])) in gateway"
            )
        }
        let name = parts[parts.count - 1]
        result.error(if: name != "*" && !name.contains("."), "short names (non FQDN) are not allowed")
        if let problem = domainNameProblem(name, allowsWildcard: true), IPAddress(name) == nil { result.error(problem) }
        return result
    }

    private func validatePort() -> Validation {
        var result = Validation()
        guard let port else {
            result.error("port is required")
            return result
        }
        result.error(
            if: Self.families[port.protocolName.uppercased()] == nil,
            "invalid protocol \(goQuoted(port.protocolName)), supported protocols are "
                + "HTTP, HTTP2, GRPC, GRPC-WEB, MONGO, REDIS, MYSQL, TCP"
        )
        if port.number != 0 || !bind.hasPrefix(Self.unixPrefix) {
            result.error(
                if: !(1...65535).contains(port.number),
                "port number \(port.number) must be in the range 1..65535"
            )
        }
        result.error(if: (port.targetPort ?? 0) > 0, "targetPort has no impact on Gateways")
        result.error(if: port.name.isEmpty, "port name must be set: \(port)")
        return result
    }

    private func validateBind() -> Validation {
        var result = Validation()
        if bind.hasPrefix(Self.unixPrefix) {
            let path = bind.dropFirst(Self.unixPrefix.count)
            result.error(if: path.isEmpty, "unix address must not be empty")
            result.error(
                if: !path.isEmpty && path.first != "/" && path.first != "@",
                "\(path) is not an absolute path"
            )
            if let port, port.number != 0 { result.error("port number must be 0 for unix domain socket: \(port)") }
        } else if !bind.isEmpty, IPAddress(bind) == nil {
            result.error("\(bind) is not a valid IP")
        }
        return result
    }

    /// Whether there are TLS settings exactly where the protocol has TLS.
    private func validateMatch(of family: Family?) -> Validation {
        var result = Validation()
        guard let family else { return result }
        if family == .tls {
            result.error(if: tls == nil, "server must have TLS settings for HTTPS/TLS protocols")
        } else if let tls {
            // A redirect is all that an HTTP server may ask for.
            let hasFiles = !tls.caCertificates.isEmpty || !tls.privateKey.isEmpty || !tls.serverCertificate.isEmpty
            if family == .other {
                result.error("server cannot have TLS settings for non HTTPS/TLS ports")
            } else if !tls.passesTLS || hasFiles {
                result.error("server cannot have TLS settings for plain text HTTP ports")
            }
        }
        return result
    }
}
