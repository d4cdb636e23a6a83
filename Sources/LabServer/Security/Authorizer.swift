import JSON
import Kubernetes

/// What somebody wants to do.
struct AccessAttributes: Sendable {
    var verb: String
    var group = ""
    var resource = ""
    var subresource = ""
    var namespace = ""
    var name = ""
    /// For what is no resource; empty otherwise.
    var path = ""

    init(verb: String) { self.verb = verb }

    init(_ target: RequestTarget) {
        verb = target.verb
        guard target.isResource else {
            path = target.path
            return
        }
        (group, resource, subresource) = (target.group, target.resource, target.subresource)
        (namespace, name) = (target.namespace, target.name)
    }

    /// From a SubjectAccessReview's `spec`.
    init(_ spec: JSON) {
        if let attributes = spec["nonResourceAttributes"] {
            verb = attributes["verb"]?.string ?? ""
            path = attributes["path"]?.string ?? ""
            return
        }
        let attributes = spec["resourceAttributes"] ?? .null
        func text(_ name: String) -> String { attributes[name]?.string ?? "" }
        verb = text("verb")
        (group, resource, subresource) = (text("group"), text("resource"), text("subresource"))
        (namespace, name) = (text("namespace"), text("name"))
    }
}

/// Role-based access control: what no rule allows is refused.
struct Authorizer: Sendable {
    let index: StoreIndex

    /// - Returns: Which binding allows it; nil when none does.
    func allows(_ user: UserInfo, _ attributes: AccessAttributes) -> String? {
        if user.groups.contains("system:masters") { return "member of system:masters" }
        for grant in grants(user, namespace: attributes.namespace)
        where grant.rules.contains(where: { Self.allows($0, attributes) }) {
            return grant.reason
        }
        return nil
    }

    /// Every rule that holds for the user in a namespace.
    func rules(_ user: UserInfo, namespace: String) -> [JSON] {
        var rules = grants(user, namespace: namespace).flatMap(\.rules)
        if user.groups.contains("system:masters") {
            rules += [
                ["verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]], ["verbs": ["*"], "nonResourceURLs": ["*"]],
            ]
        }
        return rules
    }

    private struct Grant {
        let reason: String
        let rules: [JSON]
    }

    private func grants(_ user: UserInfo, namespace: String) -> [Grant] {
        var bindings = index.objects(of: "rbac.authorization.k8s.io/clusterrolebindings").map(\.value.value)
        if !namespace.isEmpty {
            bindings += index.objects(of: "rbac.authorization.k8s.io/rolebindings")
                .filter { $0.key.namespace == namespace }.map(\.value.value)
        }
        return bindings.compactMap { binding in
            guard (binding["subjects"]?.array ?? []).contains(where: { Self.isSubject($0, user, binding) }) else {
                return nil
            }
            let role = binding["roleRef"] ?? .null
            let reason =
                "RBAC: allowed by \(binding.kind) \"\(binding.metadata.key)\" of \(role["kind"]?.string ?? "") \"\(role["name"]?.string ?? "")\""
            return Grant(reason: reason, rules: rules(of: role, namespace: binding.metadata.namespace))
        }
    }

    private static func isSubject(_ subject: JSON, _ user: UserInfo, _ binding: JSON) -> Bool {
        let name = subject["name"]?.string ?? ""
        switch subject["kind"]?.string {
        case "User": return name == user.name
        case "Group": return user.groups.contains(name)
        case "ServiceAccount":
            let namespace = subject["namespace"]?.string ?? binding.metadata.namespace
            return user.name == "system:serviceaccount:\(namespace):\(name)"
        default: return false
        }
    }

    /// The rules of the role that a binding refers to; none when it is not there.
    func rules(of role: JSON, namespace: String) -> [JSON] {
        let isCluster = role["kind"]?.string == "ClusterRole"
        let key = StorageKey(
            resource: "rbac.authorization.k8s.io/\(isCluster ? "clusterroles" : "roles")",
            namespace: isCluster ? "" : namespace,
            name: role["name"]?.string ?? ""
        )
        guard let found = index[key]?.value else { return [] }
        return (found["rules"]?.array ?? []) + aggregated(found["aggregationRule"])
    }

    /// The rules of the cluster roles whose labels an aggregating role selects.
    private func aggregated(_ rule: JSON?) -> [JSON] {
        let selectors = (rule?["clusterRoleSelectors"]?.array ?? []).compactMap { try? LabelSelector($0) }
        if selectors.isEmpty { return [] }
        return index.objects(of: "rbac.authorization.k8s.io/clusterroles").map(\.value.value)
            .filter { role in selectors.contains { $0.matches(role.metadata.labels) } }
            .flatMap { $0["rules"]?.array ?? [] }
    }

    /// Whether one rule of a role allows it.
    static func allows(_ rule: JSON, _ attributes: AccessAttributes) -> Bool {
        func lists(_ field: String, _ value: String) -> Bool {
            (rule[field]?.array ?? []).contains { $0.string == "*" || $0.string == value }
        }
        guard lists("verbs", attributes.verb) else { return false }
        if !attributes.path.isEmpty {
            return (rule["nonResourceURLs"]?.array ?? []).compactMap(\.string).contains { pattern in
                pattern.hasSuffix("*") ? attributes.path.hasPrefix(pattern.dropLast()) : attributes.path == pattern
            }
        }
        let names = rule["resourceNames"]?.array ?? []
        guard names.isEmpty || names.contains(.string(attributes.name)), lists("apiGroups", attributes.group) else {
            return false
        }
        if attributes.subresource.isEmpty { return lists("resources", attributes.resource) }
        return lists("resources", "\(attributes.resource)/\(attributes.subresource)")
            || lists("resources", "*/\(attributes.subresource)")
    }

    /// The refusal, in the words users know.
    static func refusal(_ user: UserInfo, _ target: RequestTarget) -> StatusError {
        guard target.isResource else {
            return StatusError(
                code: 403,
                reason: "Forbidden",
                message: "forbidden: User \"\(user.name)\" cannot \(target.verb) path \"\(target.path)\"",
                details: [:]
            )
        }
        let resource = target.subresource.isEmpty ? target.resource : "\(target.resource)/\(target.subresource)"
        let scope = target.namespace.isEmpty ? "at the cluster scope" : "in the namespace \"\(target.namespace)\""
        let type = ResourceType(target.group, target.version, target.resource, kind: "")
        return .forbidden(
            type,
            target.name,
            "User \"\(user.name)\" cannot \(target.verb) resource \"\(resource)\" in API group \"\(target.group)\" \(scope)"
        )
    }
}
