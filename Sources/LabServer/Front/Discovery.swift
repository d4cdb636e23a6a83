import JSON
import Kubernetes

/// What the server has, in the forms clients ask for it.
struct Discovery: Sendable {
    let catalog: ResourceCatalog

    /// Groups in the order in which a client looks for a name such as `deployments`; the old form of a group last.
    private static let lastGroups = ["events.k8s.io", "extensions"]

    private struct Version {
        let name: String
        let resources: [ResourceDefinition]
    }

    private struct Group {
        let name: String
        let versions: [Version]
    }

    /// What `/api` answers.
    static let coreVersions: JSON = [
        "kind": "APIVersions", "versions": ["v1"],
        "serverAddressByClientCIDRs": [["clientCIDR": "0.0.0.0/0", "serverAddress": ""]],
    ]

    /// What `/apis` answers.
    var groupList: JSON {
        [
            "kind": "APIGroupList", "apiVersion": "v1",
            "groups": .array(groups.filter { !$0.name.isEmpty }.map(Self.json)),
        ]
    }

    /// `/apis/<group>`; nil when there is no such group.
    func group(_ name: String) -> JSON? {
        guard let group = groups.first(where: { $0.name == name }), !name.isEmpty else { return nil }
        var json = Self.json(group)
        json["kind"] = "APIGroup"
        json["apiVersion"] = "v1"
        return json
    }

    /// `/api/v1` and `/apis/<group>/<version>`; nil when there is no such version.
    func resources(group: String, version: String) -> JSON? {
        let found = groups.first { $0.name == group }?.versions.first { $0.name == version }
        guard let found else { return nil }
        return [
            "kind": "APIResourceList", "apiVersion": "v1",
            "groupVersion": .string(group.isEmpty ? version : "\(group)/\(version)"),
            "resources": .array(found.resources.flatMap(Self.resourceList)),
        ]
    }

    /// All of `/api` or of `/apis` at once (`apidiscovery.k8s.io`).
    func aggregated(isCore: Bool, version: String) -> JSON {
        let items = groups.filter { $0.name.isEmpty == isCore }.map { group -> JSON in
            let versions = group.versions.map { version -> JSON in
                [
                    "version": .string(version.name), "freshness": "Current",
                    "resources": .array(version.resources.map(Self.aggregatedResource)),
                ]
            }
            return [
                "metadata": ["name": .string(group.name), "creationTimestamp": .null], "versions": .array(versions),
            ]
        }
        return [
            "kind": "APIGroupDiscoveryList", "apiVersion": .string("apidiscovery.k8s.io/\(version)"), "metadata": [:],
            "items": .array(items),
        ]
    }

    /// Versions of a group from the newest and most stable on.
    private var groups: [Group] {
        let byGroup = Dictionary(grouping: catalog.definitions, by: \.type.group)
        let order = catalog.definitions.map(\.type.group).reduce(into: [String]()) { order, group in
            if !order.contains(group) { order.append(group) }
        }
        let sorted = order.filter { !Self.lastGroups.contains($0) } + Self.lastGroups.filter { order.contains($0) }
        return sorted.map { name in
            let versions = Dictionary(grouping: byGroup[name] ?? [], by: \.type.version)
            return Group(
                name: name,
                versions: versions.sorted { APIVersionOrder.precedes($0.key, $1.key) }
                    .map { Version(name: $0.key, resources: $0.value) }
            )
        }
    }

    private static func json(_ group: Group) -> JSON {
        let versions = group.versions.map { version -> JSON in
            ["groupVersion": .string("\(group.name)/\(version.name)"), "version": .string(version.name)]
        }
        return ["name": .string(group.name), "versions": .array(versions), "preferredVersion": versions.first ?? .null]
    }

    private static func resourceList(_ definition: ResourceDefinition) -> [JSON] {
        var resource: JSON = [
            "name": .string(definition.type.plural), "singularName": .string(definition.singular),
            "namespaced": .bool(definition.type.isNamespaced), "kind": .string(definition.type.kind),
            "verbs": .strings(definition.verbs),
        ]
        if !definition.shortNames.isEmpty { resource["shortNames"] = .strings(definition.shortNames) }
        if !definition.categories.isEmpty { resource["categories"] = .strings(definition.categories) }
        return [resource]
            + definition.subresources.sorted().map { name in
                let subresource = Subresource(name, of: definition)
                var json: JSON = [
                    "name": .string("\(definition.type.plural)/\(name)"), "singularName": "",
                    "namespaced": .bool(definition.type.isNamespaced), "kind": .string(subresource.kind),
                    "verbs": .strings(subresource.verbs),
                ]
                if let group = subresource.group {
                    json["group"] = .string(group)
                    json["version"] = "v1"
                }
                return json
            }
    }

    private static func aggregatedResource(_ definition: ResourceDefinition) -> JSON {
        func responseKind(_ group: String, _ version: String, _ kind: String) -> JSON {
            ["group": .string(group), "version": .string(version), "kind": .string(kind)]
        }
        let type = definition.type
        var resource: JSON = [
            "resource": .string(type.plural), "singularResource": .string(definition.singular),
            "responseKind": responseKind(type.group, type.version, type.kind),
            "scope": type.isNamespaced ? "Namespaced" : "Cluster", "verbs": .strings(definition.verbs),
        ]
        if !definition.shortNames.isEmpty { resource["shortNames"] = .strings(definition.shortNames) }
        if !definition.categories.isEmpty { resource["categories"] = .strings(definition.categories) }
        let subresources = definition.subresources.sorted().map { name -> JSON in
            let subresource = Subresource(name, of: definition)
            return [
                "subresource": .string(name), "verbs": .strings(subresource.verbs),
                "responseKind": responseKind(
                    subresource.group ?? type.group,
                    subresource.group == nil ? type.version : "v1",
                    subresource.kind
                ),
            ]
        }
        if !subresources.isEmpty { resource["subresources"] = .array(subresources) }
        return resource
    }

    /// What discovery says of a subresource.
    private struct Subresource {
        let kind: String
        let verbs: [String]
        /// The group of its kind, when that is not the resource's own; always in `v1`.
        let group: String?

        init(_ name: String, of definition: ResourceDefinition) {
            switch name {
            case "scale": (kind, verbs, group) = ("Scale", ["get", "patch", "update"], "autoscaling")
            case "eviction": (kind, verbs, group) = ("Eviction", ["create"], "policy")
            case "token": (kind, verbs, group) = ("TokenRequest", ["create"], "authentication.k8s.io")
            case "binding": (kind, verbs, group) = ("Binding", ["create"], nil)
            case "exec": (kind, verbs, group) = ("PodExecOptions", ["create", "get"], nil)
            case "attach": (kind, verbs, group) = ("PodAttachOptions", ["create", "get"], nil)
            case "portforward": (kind, verbs, group) = ("PodPortForwardOptions", ["create", "get"], nil)
            case "log": (kind, verbs, group) = (definition.type.kind, ["get"], nil)
            case "finalize": (kind, verbs, group) = (definition.type.kind, ["update"], nil)
            default: (kind, verbs, group) = (definition.type.kind, ["get", "patch", "update"], nil)
            }
        }
    }
}

/// Which of two versions of a group a client should rather use: `v2`, `v1`, `v1beta2`, `v1beta1`, `v1alpha3`, others.
enum APIVersionOrder {
    static func precedes(_ left: String, _ right: String) -> Bool {
        let (left, right) = (rank(left), rank(right))
        return left.lexicographicallyPrecedes(right)
    }

    /// Stability, then major and minor numbers, smaller is better.
    private static func rank(_ version: String) -> [Int] {
        guard let rest = version.suffix(after: "v") else { return [3] }
        let digits = rest.prefix { $0.isNumber }
        guard let major = Int(digits) else { return [3] }
        let stability = rest.dropFirst(digits.count)
        if stability.isEmpty { return [0, -major, 0] }
        for (index, word) in ["beta", "alpha"].enumerated() {
            if let minor = String(stability).suffix(after: word).flatMap({ Int($0) }) {
                return [index + 1, -major, -minor]
            }
        }
        return [3]
    }
}
