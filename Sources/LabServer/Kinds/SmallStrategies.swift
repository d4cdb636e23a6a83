import Base
import JSON
import Kubernetes

struct NamespaceStrategy: ResourceStrategy {
    var nameRule: NameRule { .label }

    func applyDefaults(_ object: inout JSON) {
        let name = object.metadata.name
        if !name.isEmpty { object["metadata", "labels", "kubernetes.io/metadata.name"] = .string(name) }
    }

    func prepareForCreate(_ object: inout JSON) {
        applyDefaults(&object)  // Its name may just have been generated.
        object["spec"] = ["finalizers": ["kubernetes"]]
        object["status"] = ["phase": "Active"]
    }

    func prepareForUpdate(_ object: inout JSON, old: JSON) { object["spec"] = old["spec"] }
}

struct EndpointSliceStrategy: ResourceStrategy {
    func validate(_ object: JSON, old: JSON?) -> [FieldError] {
        PodValidation.oneOf(object["addressType"] ?? .string(""), ["FQDN", "IPv4", "IPv6"], field: "addressType")
    }

    func applyDefaults(_ object: inout JSON) {
        object.changeEach("ports") { port in
            port.setDefault("name", "")
            port.setDefault("protocol", "TCP")
        }
    }
}

struct ConfigMapStrategy: ResourceStrategy {
    func validate(_ object: JSON, old: JSON?) -> [FieldError] {
        var errors = KeyedData.validate(object, ["data", "binaryData"])
        for (key, value) in (object["binaryData"]?.strings ?? [:]).sorted(by: { $0.key < $1.key }) {
            if object["data", key] != nil {
                errors.append(.invalid("data[\(key)]", .string(key), "duplicate of key present in binaryData"))
            }
            if Base64.decode(value) == nil {
                errors.append(.invalid("binaryData[\(key)]", .string(value), "illegal base64 data"))
            }
        }
        return errors + KeyedData.immutable(object, old, ["data", "binaryData"])
    }
}

struct SecretStrategy: ResourceStrategy {
    func applyDefaults(_ object: inout JSON) {
        object.setDefault("type", "Opaque")
        guard let texts = object["stringData"]?.strings else { return }
        for (key, text) in texts { object["data", key] = .string(Base64.encode(Array(text.utf8))) }
        object["stringData"] = nil
    }

    func validate(_ object: JSON, old: JSON?) -> [FieldError] {
        var errors = KeyedData.validate(object, ["data"]) + KeyedData.immutable(object, old, ["data"])
        for (key, value) in object["data"]?.strings ?? [:] where Base64.decode(value) == nil {
            errors.append(.invalid("data[\(key)]", "<secret contents redacted>", "illegal base64 data"))
        }
        if object["type"]?.string == "kubernetes.io/tls" {
            for key in ["tls.crt", "tls.key"] where object["data", key] == nil {
                errors.append(.required("data[\(key)]"))
            }
        }
        if let old, old["type"] != object["type"] {
            errors.append(.invalid("type", object["type"] ?? .null, "field is immutable"))
        }
        return errors
    }
}

/// What ConfigMaps and Secrets have in common.
private enum KeyedData {
    static func validate(_ object: JSON, _ fields: [String]) -> [FieldError] {
        var errors: [FieldError] = []
        var size = 0
        for field in fields {
            for (key, value) in object[field]?.strings ?? [:] {
                size += value.utf8.count
                let isKey = key.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
                if !isKey || key.isEmpty || key == "." || key == ".." || key.utf8.count > 253 {
                    let rule =
                        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
                    errors.append(.invalid("\(field)[\(key)]", .string(key), rule))
                }
            }
        }
        if size > 1 << 20 { errors.append(.tooLong("data", limit: 1 << 20)) }
        return errors
    }

    static func immutable(_ object: JSON, _ old: JSON?, _ fields: [String]) -> [FieldError] {
        guard let old, old["immutable"]?.bool == true else { return [] }
        let detail = "field is immutable when `immutable` is set"
        return (fields + ["immutable"]).filter { object[$0] != old[$0] }.map { .forbidden($0, detail) }
    }
}

/// Roles and bindings.
struct AccessStrategy: ResourceStrategy {
    var nameRule: NameRule { .pathSegment }

    func applyDefaults(_ object: inout JSON) {
        guard object.kind.hasSuffix("Binding") else { return }
        object.change("roleRef") { $0.setDefault("apiGroup", "rbac.authorization.k8s.io") }
        object.changeEach("subjects") { subject in
            if subject["kind"]?.string != "ServiceAccount" {
                subject.setDefault("apiGroup", "rbac.authorization.k8s.io")
            }
        }
    }

    func admit(_ object: inout JSON, old: JSON?, index: StoreIndex, context: RequestContext) throws {
        let subject = object["roleRef"] == nil ? "rules" : "subjects"
        if let old, old[subject] == object[subject] { return }
        try EscalationCheck(authorizer: Authorizer(index: index)).check(object, user: context.user)
    }

    func validate(_ object: JSON, old: JSON?) -> [FieldError] {
        object.kind.hasSuffix("Binding") ? binding(object, old: old) : rules(object)
    }

    private func rules(_ object: JSON) -> [FieldError] {
        (object["rules"]?.array ?? []).enumerated().flatMap { index, rule in
            var errors: [FieldError] = []
            if (rule["verbs"]?.array ?? []).isEmpty {
                errors.append(.required("rules[\(index)].verbs", "verbs must contain at least one value"))
            }
            guard rule["nonResourceURLs"] == nil else { return errors }
            for field in ["apiGroups", "resources"] where (rule[field]?.array ?? []).isEmpty {
                errors.append(
                    .required(
                        "rules[\(index)].\(field)",
                        "resource rules must supply at least one \(field == "resources" ? "resource" : "api group")"
                    )
                )
            }
            return errors
        }
    }

    private func binding(_ object: JSON, old: JSON?) -> [FieldError] {
        var errors: [FieldError] = []
        let kinds = object.kind == "RoleBinding" ? ["Role", "ClusterRole"] : ["ClusterRole"]
        errors += PodValidation.oneOf(object["roleRef", "kind"] ?? "", kinds, field: "roleRef.kind")
        if (object["roleRef", "name"]?.string ?? "").isEmpty { errors.append(.required("roleRef.name")) }
        for (index, subject) in (object["subjects"]?.array ?? []).enumerated() {
            let path = "subjects[\(index)]"
            errors += PodValidation.oneOf(
                subject["kind"] ?? "",
                ["ServiceAccount", "User", "Group"],
                field: "\(path).kind"
            )
            if (subject["name"]?.string ?? "").isEmpty { errors.append(.required("\(path).name")) }
            // In a namespace, the account of that one is meant.
            if object.kind == "ClusterRoleBinding", subject["kind"]?.string == "ServiceAccount",
                (subject["namespace"]?.string ?? "").isEmpty
            {
                errors.append(.required("\(path).namespace"))
            }
        }
        if let old, old["roleRef"] != object["roleRef"] {
            errors.append(.invalid("roleRef", object["roleRef"] ?? .null, "cannot change roleRef"))
        }
        return errors
    }
}
