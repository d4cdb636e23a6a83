import Base
import JSON
import Kubernetes

/// Answers the questions about identity and access, which are asked by creating objects that nobody stores.
struct Reviews: Sendable {
    let issuer: TokenIssuer
    let index: StoreIndex

    func answer(_ review: JSON, user: UserInfo) throws -> JSON {
        var answer = review
        switch review.kind {
        case "TokenReview": answer["status"] = tokenStatus(review["spec"] ?? .null)
        case "SelfSubjectReview": answer["status"] = ["userInfo": Self.json(user)]
        case "SelfSubjectRulesReview":
            answer["status"] = rulesStatus(user, namespace: review["spec", "namespace"]?.string ?? "")
        case "SelfSubjectAccessReview": answer["status"] = accessStatus(user, review["spec"] ?? .null)
        case "SubjectAccessReview", "LocalSubjectAccessReview":
            answer["status"] = try accessStatus(subject(review["spec"] ?? .null), review["spec"] ?? .null)
        default: throw StatusError.pathNotFound()
        }
        return answer
    }

    private func tokenStatus(_ spec: JSON) -> JSON {
        let asked = spec["audiences"]?.array?.compactMap(\.string) ?? []
        let audiences = asked.isEmpty ? [TokenIssuer.defaultAudience] : asked
        do {
            let token = try issuer.verify(spec["token"]?.string ?? "", audiences: audiences, index: index)
            return ["authenticated": true, "user": Self.json(token.user), "audiences": .strings(token.audiences)]
        } catch {
            return ["authenticated": false, "user": [:], "error": .string("[invalid bearer token, \(error.message)]")]
        }
    }

    private func subject(_ spec: JSON) throws -> UserInfo {
        let groups = spec["groups"]?.array?.compactMap(\.string) ?? []
        let name = spec["user"]?.string ?? ""
        guard !name.isEmpty || !groups.isEmpty else {
            let type = ResourceType.subjectAccessReviews
            throw StatusError.invalid(
                type,
                "",
                [.invalid("spec.user", "", "at least one of user or group must be specified")]
            )
        }
        return UserInfo(name: name, groups: groups)
    }

    private func accessStatus(_ user: UserInfo, _ spec: JSON) -> JSON {
        guard let reason = Authorizer(index: index).allows(user, AccessAttributes(spec)) else {
            return ["allowed": false]
        }
        return ["allowed": true, "reason": .string(reason)]
    }

    private func rulesStatus(_ user: UserInfo, namespace: String) -> JSON {
        let rules = Authorizer(index: index).rules(user, namespace: namespace)
        let (urls, resources) = (rules.filter { $0["nonResourceURLs"] != nil }, rules.filter { $0["resources"] != nil })
        return ["resourceRules": .array(resources), "nonResourceRules": .array(urls), "incomplete": false]
    }

    static func json(_ user: UserInfo) -> JSON {
        var json: JSON = ["username": .string(user.name), "groups": .strings(user.groups)]
        if !user.uid.isEmpty { json["uid"] = .string(user.uid) }
        if !user.extra.isEmpty { json["extra"] = .object(user.extra.mapValues { .strings($0) }) }
        return json
    }
}
