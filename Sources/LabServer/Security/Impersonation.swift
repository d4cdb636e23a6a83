import HTTP
import Kubernetes

/// Lets those who may act as others, as `kubectl --as` does.
struct Impersonation: Sendable {
    let authorizer: Authorizer

    /// The user that the request wants to count as; its own user when it does not ask for another.
    ///
    /// - Throws: ``StatusError`` (403) when `user` may not be who it wants to be.
    func effectiveUser(_ user: UserInfo, _ fields: HTTPFields) throws -> UserInfo {
        let groups = fields.values("Impersonate-Group")
        guard let name = fields["Impersonate-User"], !name.isEmpty else {
            guard groups.isEmpty else {
                throw StatusError.badRequest("requested groups \(groups) without impersonating a user")
            }
            return user
        }
        var result = UserInfo(name: name, uid: fields["Impersonate-Uid"] ?? "", groups: groups)
        let account = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if account.count == 4, account[0] == "system", account[1] == "serviceaccount" {
            try check(user, resource: "serviceaccounts", namespace: account[2], name: account[3])
            if groups.isEmpty { result.groups = ["system:serviceaccounts", "system:serviceaccounts:\(account[2])"] }
        } else {
            try check(user, resource: "users", name: name)
        }
        for group in groups { try check(user, resource: "groups", name: group) }
        if name != UserInfo.anonymous.name, !result.groups.contains("system:authenticated") {
            result.groups.append("system:authenticated")
        }
        return result
    }

    private func check(_ user: UserInfo, resource: String, namespace: String = "", name: String) throws {
        var attributes = AccessAttributes(verb: "impersonate")
        (attributes.resource, attributes.namespace, attributes.name) = (resource, namespace, name)
        guard authorizer.allows(user, attributes) == nil else { return }
        let type = ResourceType("", "v1", resource, kind: "")
        let scope = namespace.isEmpty ? "at the cluster scope" : "in the namespace \"\(namespace)\""
        throw StatusError.forbidden(
            type,
            name,
            "User \"\(user.name)\" cannot impersonate resource \"\(resource)\" in API group \"\" \(scope)"
        )
    }
}
