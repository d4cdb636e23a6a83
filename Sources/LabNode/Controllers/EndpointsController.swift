internal import Base
internal import JSON
internal import Kubernetes

/// Keeps the Endpoints and EndpointSlices of every Service.
struct EndpointsController: Sendable {
    let api: any KubernetesAPI
    let informers: ClusterInformers

    func reconcile(_ key: ObjectKey) async throws -> Duration? {
        guard let service = informers.services.object(key) else {
            try await remove(key)
            return nil
        }
        if service.metadata.isBeingDeleted || service["spec", "type"]?.string == "ExternalName" { return nil }
        if service["spec", "selector"]?.strings?.isEmpty == false {
            let pods = informers.pods.objects.filter { $0.metadata.namespace == key.namespace }
            let plan = EndpointsPlan(service, pods: pods)
            try await write(.endpoints, plan.endpoints, existing: informers.endpoints.object(key), ["subsets"])
            try await write(plan.slices, key, manager: EndpointsPlan.manager)
        } else if let endpoints = informers.endpoints.object(key) {
            try await write(
                EndpointsPlan(mirroring: endpoints, of: service).slices,
                key,
                manager: EndpointsPlan.mirror
            )
        }
        return nil
    }

    /// Endpoints have no owner: they are deleted by name when their Service is gone.
    private func remove(_ key: ObjectKey) async throws {
        guard informers.endpoints.object(key) != nil else { return }
        try await api.delete(.endpoints, namespace: key.namespace, name: key.name, gracePeriodSeconds: nil)
    }

    private func write(_ slices: [JSON], _ key: ObjectKey, manager: String) async throws {
        let existing = informers.endpointSlices.objects.filter {
            $0.metadata.namespace == key.namespace && $0.metadata.labels[EndpointsPlan.serviceLabel] == key.name
                && $0.metadata.labels[EndpointsPlan.managerLabel] == manager
        }
        for slice in slices {
            let old = existing.first { $0.metadata.name == slice.metadata.name }
            try await write(.endpointSlices, slice, existing: old, ["endpoints", "ports"])
        }
        let names = Set(slices.map(\.metadata.name))
        for old in existing where !names.contains(old.metadata.name) {
            try await api.delete(
                .endpointSlices,
                namespace: key.namespace,
                name: old.metadata.name,
                gracePeriodSeconds: nil
            )
        }
    }

    /// Creates the object, or replaces it when one of `fields` or its labels differ.
    private func write(_ type: ResourceType, _ object: JSON, existing: JSON?, _ fields: [String]) async throws {
        let namespace = object.metadata.namespace
        guard let existing else {
            do {
                _ = try await api.create(type, namespace: namespace, object)
            } catch let error as StatusError where error.alreadyExists {
                // Our copy is behind: replace what is there now.
                let current = try await api.get(type, namespace: namespace, name: object.metadata.name)
                try await write(type, object, existing: current, fields)
            }
            return
        }
        let isSame = fields.allSatisfy { (existing[$0] ?? .array([])) == (object[$0] ?? .array([])) }
        let labels = object.metadata.labels
        if isSame, labels.allSatisfy({ existing.metadata.labels[$0.key] == $0.value }) { return }
        var object = object
        object["metadata", "annotations"] = existing["metadata", "annotations"]
        _ = try await api.update(type, namespace: namespace, subresource: nil, object)
    }

    /// Which Services a change concerns.
    func keys(_ change: ObjectChange) -> [ObjectKey] {
        switch change.type {
        case .pods:
            let labels = [change.before, change.after].compactMap { $0?.metadata.labels }
            return informers.services.objects.filter { service in
                guard service.metadata.namespace == change.key.namespace,
                    let selector = service["spec", "selector"]?.strings, !selector.isEmpty
                else { return false }
                return labels.contains { LabelSelector(matching: selector).matches($0) }
            }.map(\.metadata.key)
        case .endpointSlices:
            let name = (change.after ?? change.before)?.metadata.labels[EndpointsPlan.serviceLabel]
            return name.map { [ObjectKey(namespace: change.key.namespace, name: $0)] } ?? []
        default: return [change.key]
        }
    }
}
