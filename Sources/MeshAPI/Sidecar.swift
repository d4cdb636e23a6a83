public import JSON

/// What the proxies of some workloads listen on and may reach (networking.istio.io Sidecar).
public struct Sidecar: IstioResource {
    public var metadata: Metadata
    public var workloadSelector: WorkloadSelector?
    public var ingress: [JSON]
    /// The `hosts` of each egress listener, `namespace/dnsName` each.
    public var egressHosts: [[String]]
    public var outboundTrafficPolicy: OutboundTrafficPolicy?

    public init(metadata: Metadata, spec: inout FieldReader) {
        self.metadata = metadata
        workloadSelector = spec.workloadSelector("workloadSelector", labels: "labels")
        ingress = spec.value("ingress")?.array ?? []
        egressHosts = spec.list("egress") { listener in
            listener.ignore("port", "bind", "captureMode")
            return listener.strings("hosts") ?? []
        }
        outboundTrafficPolicy = spec.object("outboundTrafficPolicy") { policy in
            policy.ignore("egressProxy", "tls")
            return policy.choice("mode", OutboundTrafficPolicy.self) ?? .registryOnly
        }
        spec.ignore("inboundConnectionPool")
    }

    public func validate(in context: ValidationContext) -> Validation {
        var result = Validation()
        result.error(
            if: workloadSelector == nil && ingress.isEmpty && egressHosts.isEmpty && outboundTrafficPolicy == nil,
            "sidecar: empty configuration provided"
        )
        for hosts in egressHosts {
            result.error(if: hosts.isEmpty, "sidecar: egress listener must contain at least one host")
            for host in hosts where host.split(separator: "/", omittingEmptySubsequences: false).count != 2 {
                result.error("host must be of form namespace/dnsName")
            }
        }
        result.error(
            if: outboundTrafficPolicy == .allowAnyDynamicDNS,
            "sidecar: outboundTrafficPolicy.mode ALLOW_ANY_DYNAMIC_DNS is for the mesh only"
        )
        result.warn(if: !ingress.isEmpty, "sidecar: ingress listeners are not supported yet and change nothing")
        return result + (workloadSelector?.validate() ?? Validation())
    }
}
