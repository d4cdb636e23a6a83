internal import Explain
internal import JSON
internal import Kubernetes

/// Reads the Secrets and ConfigMaps that Gateways name, one by one: nothing else of what is secret is looked at.
struct CredentialReading {
    let api: any KubernetesAPI

    /// Adds what there is to `resources`.
    ///
    /// - Returns: What may not be read.
    func add(to resources: inout [Analysis.Resource]) async throws -> Set<ObjectKey> {
        var unreadable: Set<ObjectKey> = []
        for (type, isConfigMap) in [(ResourceType.secrets, false), (.configMaps, true)] {
            let known = Set(resources.filter { $0.object.kind == type.kind }.map(\.object.metadata.key))
            for key in Analysis.credentials(of: resources, isConfigMap: isConfigMap).subtracting(known) {
                do {
                    var object = try await api.get(type, namespace: key.namespace, name: key.name)
                    object["kind"] = .string(type.kind)
                    object["apiVersion"] = .string(type.apiVersion)
                    resources.append(Analysis.Resource(object))
                } catch let error as StatusError where error.isNotFound {
                    continue
                } catch let error as StatusError where error.isForbidden {
                    unreadable.insert(key)
                }
            }
        }
        return unreadable
    }
}
