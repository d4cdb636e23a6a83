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
        "VirtualService": .virtualServices, "Gateway": .gateways,
    ]

    func write(_ verdicts: [ObjectReference: Verdict]) async {
        for (object, verdict) in verdicts {
            guard let type = Self.types[object.kind] else { continue }
            let namespace = object.key.namespace.isEmpty ? nil : object.key.namespace
            do {
                _ = try await api.patch(
                    type,
                    namespace: namespace,
                    name: object.key.name,
                    subresource: "status",
                    .merge,
                    Self.status(verdict, now: .now)
                )
            } catch let error as StatusError where error.isNotFound {
                continue  // Gone in the meantime.
            } catch {
                log.warn("the status of \(object) cannot be written: \(error)")
            }
        }
    }

    static func status(_ verdict: Verdict, now: Timestamp) -> JSON {
        let (status, reason, message) =
            switch verdict {
            case .accepted: ("True", "Accepted", "")
            case .partly(let problem): ("False", "PartiallyInvalid", problem)
            case .refused(let problem): ("False", "Invalid", problem)
            }
        return [
            "status": [
                "conditions": [
                    [
                        "type": "Accepted", "status": .string(status), "reason": .string(reason),
                        "message": .string(message), "lastTransitionTime": .string(now.description),
                    ]
                ]
            ]
        ]
    }
}
