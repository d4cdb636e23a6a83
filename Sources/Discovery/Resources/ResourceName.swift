/// The name under which a proxy asks the control plane for something.
///
/// A name is asked for in the view of the proxy that asks: `host/8000/httpbin` means another service in each namespace.
public enum ResourceName: Hashable, Sendable {
    /// ``MeshSettings``: what holds for the whole mesh.
    case mesh
    /// ``InboundPolicy``: what this workload accepts.
    case inbound
    /// ``TrustBundle``: whom this workload believes.
    case trust
    /// ``AddressRoute``: what a connection to this original destination means.
    case address(String, port: UInt16)
    /// ``HostRoute``: what an HTTP request for this authority (without port, lower case) on this listener port means.
    case host(String, port: UInt16)
    /// ``Destination``: one upstream, by Istio's cluster name such as `outbound|8000||httpbin.full.svc.cluster.local`.
    case destination(String)
    /// ``GatewayConfiguration``: what this gateway listens on.
    case gateway
    /// ``RouteTable``, by Istio's route name such as `http.8080` or `https.443.web.gateway.namespace`.
    case routes(String)
    /// ``Credential``, by Istio's name for it such as `kubernetes://web-cert` or `kubernetes://web-cert-cacert`.
    case credential(String)

    /// Whether only gateways ask for it.
    public var isOfGateway: Bool {
        switch self {
        case .gateway, .routes: true
        default: false
        }
    }
}
