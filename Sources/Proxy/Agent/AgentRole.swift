internal import Discovery

/// What a proxy is for.
enum AgentRole: String, Sendable {
    /// Beside one application, whose connections are led through it.
    case sidecar
    /// On its own, at the mesh's edge: a gateway.
    case router

    /// What nothing can be served without.
    var required: Set<ResourceName> {
        switch self {
        case .sidecar: [.mesh, .inbound, .trust]
        case .router: [.mesh, .trust, .gateway]
        }
    }

    /// Where redirected connections arrive; nothing is redirected to a gateway.
    var addresses: DataPlane.Addresses? { self == .sidecar ? DataPlane.Addresses() : nil }
}
