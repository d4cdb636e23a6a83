import JSON
import Kubernetes

extension Registry {
    /// Does what a `create` of a subresource asks for, such as the eviction of a pod.
    func create(
        _ definition: ResourceDefinition,
        namespace: String?,
        name: String,
        subresource: String,
        _ object: JSON,
        _ context: RequestContext
    ) async throws -> JSON {
        switch (definition.storage, subresource) {
        case ("/pods", "eviction"):
            let options = DeleteOptions(object["deleteOptions"] ?? [:])
            var context = context
            if try DeleteOptions.isDryRun(object["deleteOptions"] ?? [:]) { context.isDryRun = true }
            _ = try await delete(definition, namespace: namespace, name: name, options, context)
            return ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201]
        case ("/pods", "binding"):
            let node = object["target", "name"]?.string ?? ""
            _ = try await change(definition, namespace: namespace, name: name, context) { pod in
                var pod = pod
                pod["spec", "nodeName"] = .string(node)
                pod["metadata", "resourceVersion"] = nil
                return pod
            }
            return ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201]
        case ("/serviceaccounts", "token"):
            let account = try get(definition, namespace: namespace, name: name)
            return try issuer.issue(object, account: account, index: store.index)
        default: throw StatusError.pathNotFound()
        }
    }
}
