internal import Kubernetes
internal import MeshAPI

/// The Gateways of the mesh.
struct GatewayIndex: Hashable, Sendable {
    /// The oldest first.
    private(set) var all: [Gateway] = []
    private var byKey: [ObjectKey: Gateway] = [:]

    var isEmpty: Bool { all.isEmpty }

    subscript(_ key: ObjectKey) -> Gateway? { byKey[key] }

    mutating func insert(_ gateway: Gateway) {
        remove(gateway.metadata.key)
        byKey[gateway.metadata.key] = gateway
        all.insert(gateway, at: position(of: gateway.metadata))
    }

    mutating func remove(_ key: ObjectKey) {
        guard let gateway = byKey.removeValue(forKey: key) else { return }
        all.remove(at: position(of: gateway.metadata))
    }

    /// Where it is, or belongs.
    private func position(of metadata: Metadata) -> Int {
        var (low, high) = (0, all.count)
        while low < high {
            let middle = (low + high) / 2
            if all[middle].metadata.precedes(metadata) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
