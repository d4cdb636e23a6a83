import JSON
import Kubernetes

/// Keeps everybody from granting what they do not have.
///
/// Who writes a role must hold all of its rules, or the verb `escalate`; who writes a binding must hold the rules of its
/// role, or the verb `bind`.
struct EscalationCheck: Sendable {
    let authorizer: Authorizer

    /// - Throws: ``StatusError`` (403) that names what is missing.
    func check(_ object: JSON, user: UserInfo) throws {
        if user.groups.contains("system:masters") { return }
        let namespace = object.metadata.namespace
        var granted = object["rules"]?.array ?? []
        var (verb, resource, name) = ("escalate", object.kind.lowercased() + "s", object.metadata.name)
        if let role = object["roleRef"] {
            granted = authorizer.rules(of: role, namespace: namespace)
            verb = "bind"
            resource = role["kind"]?.string == "ClusterRole" ? "clusterroles" : "roles"
            name = role["name"]?.string ?? ""
        }
        var attributes = AccessAttributes(verb: verb)
        (attributes.group, attributes.resource) = ("rbac.authorization.k8s.io", resource)
        (attributes.namespace, attributes.name) = (namespace, name)
        if authorizer.allows(user, attributes) != nil { return }
        let missing = granted.filter { !holds(user, $0, namespace: namespace) }
        guard !missing.isEmpty else { return }
        let list = missing.map { $0.text() }.joined(separator: ", ")
        throw StatusError.forbidden(
            ResourceType("rbac.authorization.k8s.io", "v1", object.kind.lowercased() + "s", kind: object.kind),
            object.metadata.name,
            "user \"\(user.name)\" (groups=\(JSON.strings(user.groups))) is attempting to grant RBAC permissions not currently held: \(list)"
        )
    }

    /// Whether the user may do everything that a rule allows.
    private func holds(_ user: UserInfo, _ rule: JSON, namespace: String) -> Bool {
        func texts(_ field: String) -> [String] { rule[field]?.array?.compactMap(\.string) ?? [] }
        let own = authorizer.rules(user, namespace: namespace)
        return texts("verbs").allSatisfy { verb in
            var attributes = AccessAttributes(verb: verb)
            attributes.namespace = namespace
            let urls = texts("nonResourceURLs").allSatisfy { url in
                attributes.path = url
                return own.contains { Authorizer.allows($0, attributes) }
            }
            attributes.path = ""
            return urls
                && texts("apiGroups").allSatisfy { group in
                    texts("resources").allSatisfy { resource in
                        let parts = resource.split(separator: "/", maxSplits: 1).map(String.init)
                        attributes.group = group
                        attributes.resource = parts.first ?? ""
                        attributes.subresource = parts.count > 1 ? parts[1] : ""
                        let names = texts("resourceNames")
                        return (names.isEmpty ? [""] : names).allSatisfy { name in
                            attributes.name = name
                            return own.contains { Authorizer.allows($0, attributes) }
                        }
                    }
                }
        }
    }
}
