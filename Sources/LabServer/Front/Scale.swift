import JSON
import Kubernetes

/// The `scale` subresource: the number of replicas of whatever has one.
struct Scale: Sendable {
    let replicasPath: [String]
    private let statusPath: [String]
    private let selectorPath: [String]

    init(_ definition: ResourceDefinition) {
        func path(_ name: String, _ usual: String) -> [String] {
            (definition.scalePaths?[name]?.string ?? usual).split(separator: ".").map(String.init)
        }
        replicasPath = path("specReplicasPath", ".spec.replicas")
        statusPath = path("statusReplicasPath", ".status.replicas")
        selectorPath = path("labelSelectorPath", ".spec.selector")
    }

    /// The `autoscaling/v1` Scale of an object.
    func scale(of object: JSON) throws -> JSON {
        let metadata = object["metadata"] ?? [:]
        var kept: JSON = [:]
        for name in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] { kept[name] = metadata[name] }
        let selector = object[selectorPath].map { $0.string ?? Printing.selector($0) } ?? ""
        return [
            "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": kept,
            "spec": ["replicas": object[replicasPath] ?? 0],
            "status": ["replicas": object[statusPath] ?? 0, "selector": .string(selector)],
        ]
    }

    /// - Throws: ``StatusError`` for a number that cannot be.
    func replicas(in scale: JSON) throws -> Int64 {
        guard let replicas = scale["spec", "replicas"]?.int else {
            throw StatusError.badRequest("spec.replicas of a Scale must be a number")
        }
        guard replicas >= 0 else {
            let error = PodValidation.negative("spec.replicas", replicas)
            let type = ResourceType("autoscaling", "v1", "scales", kind: "Scale")
            throw StatusError.invalid(type, scale.metadata.name, [error])
        }
        return replicas
    }

    static let columns = TableColumns([
        .name, .number("Desired", "spec", "replicas"), .number("Available", "status", "replicas"), .age,
    ])
}
