public import JSON

/// The kinds of Istio's API that this project knows.
public enum IstioKind: String, CaseIterable, Sendable {
    case peerAuthentication = "PeerAuthentication"
    case policy = "Policy"
    case meshPolicy = "MeshPolicy"
    case destinationRule = "DestinationRule"
    case virtualService = "VirtualService"
    case gateway = "Gateway"
    case serviceEntry = "ServiceEntry"
    case workloadEntry = "WorkloadEntry"
    case workloadGroup = "WorkloadGroup"
    case sidecar = "Sidecar"

    /// The kind of `object`; nil when its API group is not Istio's.
    public init?(of object: JSON) {
        guard let kind = object["kind"]?.string.flatMap(IstioKind.init(rawValue:)),
            let version = object["apiVersion"]?.string, version.hasPrefix(kind.group + "/")
        else { return nil }
        self = kind
    }

    public var group: String {
        switch self {
        case .peerAuthentication: "security.istio.io"
        case .policy, .meshPolicy: "authentication.istio.io"
        default: "networking.istio.io"
        }
    }

    var resource: any IstioResource.Type {
        switch self {
        case .peerAuthentication: PeerAuthentication.self
        case .policy, .meshPolicy: AuthenticationPolicy.self
        case .destinationRule: DestinationRule.self
        case .virtualService: VirtualService.self
        case .gateway: Gateway.self
        case .serviceEntry: ServiceEntry.self
        case .workloadEntry: WorkloadEntry.self
        case .workloadGroup: WorkloadGroup.self
        case .sidecar: Sidecar.self
        }
    }
}
