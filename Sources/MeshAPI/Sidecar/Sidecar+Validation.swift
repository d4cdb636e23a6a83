internal import Base

extension Sidecar {
    public func validate(in context: ValidationContext) -> Validation {
        var result = Validation()
        result.error(
            if: workloadSelector == nil && ingress.isEmpty && egress.isEmpty && outboundTrafficPolicy == nil,
            "sidecar: empty configuration provided"
        )
        result = result + validateIngress() + validateEgress()
        result.error(
            if: outboundTrafficPolicy == .allowAnyDynamicDNS,
            "sidecar: outboundTrafficPolicy.mode ALLOW_ANY_DYNAMIC_DNS is for the mesh only"
        )
        if let egressProxy {
            result.error(
                if: outboundTrafficPolicy != .allowAny,
                "sidecar: egress_proxy must be set only with ALLOW_ANY outbound_traffic_policy mode"
            )
            result.error(if: egressProxy.host.isEmpty, "sidecar: outboundTrafficPolicy.egressProxy needs a host")
            result.error(if: egressProxy.port == nil, "sidecar: outboundTrafficPolicy.egressProxy needs a port")
        }
        return result + (workloadSelector?.validate() ?? Validation())
    }

    // Ingress

    private func validateIngress() -> Validation {
        var result = Validation()
        var ports: Set<Int> = []
        for listener in ingress {
            guard let port = listener.port else {
                result.error("sidecar: port is required for ingress listeners")
                continue
            }
            result.error(
                if: !ports.insert(port.number).inserted,
                "sidecar: ports on IP bound listeners must be unique"
            )
            result = result + Self.validate(port, context: "ingress") + listener.validate()
        }
        return result
    }

    fileprivate static func validate(_ port: Gateway.Port, context: String) -> Validation {
        var result = Validation()
        result.error(
            if: !(1...65535).contains(port.number),
            "sidecar: \(context) port number \(port.number) must be in the range 1..65535"
        )
        result.error(
            if: Ingress.protocols.contains(port.protocolName.uppercased()) == false,
            "sidecar: \(context) port \(port.number): protocol \(goQuoted(port.protocolName)) is not supported"
        )
        result.error(if: (port.targetPort ?? 0) > 0, "targetPort has no impact on Sidecars")
        return result
    }

    // Egress

    private func validateEgress() -> Validation {
        var result = Validation()
        var ports: Set<Int> = []
        for (index, listener) in egress.enumerated() {
            result = result + listener.validateHosts()
            guard let port = listener.port, !listener.bind.hasPrefix("unix://") else {
                result.error(
                    if: listener.port == nil && !listener.bind.isEmpty,
                    "sidecar: port is required if bind or capture mode is specified"
                )
                result.error(
                    if: listener.port == nil && index != egress.count - 1,
                    "sidecar: the egress listener with empty port should be the last listener in the list"
                )
                continue
            }
            result = result + Self.validate(port, context: "egress")
            result.error(
                if: !ports.insert(port.number).inserted,
                "sidecar: ports on IP bound listeners must be unique"
            )
            result.error(
                if: !listener.bind.isEmpty && IPAddress(listener.bind) == nil,
                "\(listener.bind) is not a valid IP"
            )
        }
        result.warn(
            if: egress.contains { $0.bind.hasPrefix("unix://") },
            "sidecar: egress listeners on Unix sockets are not listened on"
        )
        return result
    }
}

extension Sidecar.Ingress {
    static let protocols: Set<String> = [
        "", "HTTP", "HTTP2", "HTTP_PROXY", "GRPC", "GRPC-WEB", "HTTPS", "TLS", "TCP", "MONGO", "REDIS", "MYSQL",
    ]

    func validate() -> Validation {
        var result = Validation()
        if bind.hasPrefix("unix://") {
            result.error("sidecar: unix domain socket addresses are not allowed in the bind of ingress listeners")
        } else if !bind.isEmpty, IPAddress(bind) == nil {
            result.error("\(bind) is not a valid IP")
        }
        result.error(
            if: !defaultEndpoint.isEmpty && endpoint == nil,
            "sidecar: defaultEndpoint \(goQuoted(defaultEndpoint)) must be of form 127.0.0.1:<port>, 0.0.0.0:<port>, "
                + "[::1]:<port>, [::]:<port>, unix:///<path> or unset"
        )
        result.warn(
            if: captureMode == .none && endpoint == nil,
            "sidecar: an ingress listener with captureMode NONE needs a defaultEndpoint, or would lead to itself; "
                + "it is not listened on"
        )
        return result + (tls.map(validateTLS) ?? Validation())
    }

    private func validateTLS(_ tls: ServerTLSSettings) -> Validation {
        var result = Validation()
        result.error(
            if: !["HTTPS", "TLS"].contains(port?.protocolName.uppercased() ?? ""),
            "server cannot have TLS settings for non HTTPS/TLS ports"
        )
        result.error(if: tls.httpsRedirect, "sidecar: httpsRedirect is not supported")
        result.error(if: !tls.credentialName.isEmpty, "sidecar: credentialName is not currently supported")
        result.error(if: !tls.credentialNames.isEmpty, "sidecar: credentialNames is not currently supported")
        result.error(if: !tls.tlsCertificates.isEmpty, "sidecar: tls_certificates is not currently supported")
        result.error(
            if: !tls.subjectAltNames.isEmpty,
            "sidecar: subjectAltNames is not supported in ingress tls"
        )
        let mode = tls.mode
        result.error(
            if: mode == .istioMutual || mode == .autoPassthrough,
            "configuration is invalid: cannot set mode to \(mode.rawValue) in sidecar ingress tls"
        )
        result.warn(if: true, "sidecar: ingress tls is not in force: TLS of its own ends at the application")
        return result + tls.validate()
    }
}

extension Sidecar.Egress {
    func validateHosts() -> Validation {
        var result = Validation()
        result.error(if: hosts.isEmpty, "sidecar: egress listener must contain at least one host")
        var seen: Set<String> = []
        for host in hosts {
            result.error(
                if: host.split(separator: "/", omittingEmptySubsequences: false).count != 2,
                "host must be of form namespace/dnsName"
            )
            result.warn(if: !seen.insert(host).inserted, "duplicated egress host: \(host)")
        }
        return result
    }
}
