internal import Base
internal import JSON
internal import Kubernetes
internal import Mesh

/// Writes into an object's status whether the mesh can use it, where whoever applied it will look.
struct StatusWriter {
    private let api: any KubernetesAPI
    private let log = Log("status")

    init(api: any KubernetesAPI) { self.api = api }

    private static let types: [String: ResourceType] = [
        "PeerAuthentication": .peerAuthentications, "Policy": .policies, "MeshPolicy": .meshPolicies,
        "DestinationRule": .destinationRules, "ServiceEntry": .serviceEntries,
    ]

    /// - Parameter verdicts: The reason why an object is not used, or nil when it is again.
    func write(_ verdicts: [ObjectReference: String?]) async {
        for (object, problem) in verdicts {
            guard let type = Self.types[object.kind] else { continue }
            let namespace = object.key.namespace.isEmpty ? nil : object.key.namespace
            do {
                _ = try await api.patch(
                    type,
                    namespace: namespace,
                    name: object.key.name,
                    subresource: "status",
                    .merge,
                    Self.status(problem, now: .now)
                )
            } catch let error as StatusError where error.isNotFound {
                continue  // Gone in the meantime.
            } catch {
                log.warn("the status of \(object) cannot be written: \(error)")
            }
        }
    }

    static func status(_ problem: String?, now: Timestamp) -> JSON {
        [
            "status": [
                "conditions": [
                    [
                        "type": "Accepted", "status": problem == nil ? "True" : "False",
                        "reason": problem == nil ? "Accepted" : "Invalid",
                        "message": .string(problem ?? ""), "lastTransitionTime": .string(now.description),
                    ]
                ]
            ]
        ]
    }
}
