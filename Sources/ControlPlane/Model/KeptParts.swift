internal import JSON
internal import Kubernetes

/// What is kept of an object: the parts that some decision depends on.
///
/// It saves memory, and keeps changes that change nothing here from being told of at all.
enum KeptParts {
    static func of(_ type: ResourceType) -> @Sendable (JSON) -> JSON {
        switch type {
        case .pods: pod
        case .nodes: node
        case .namespaces: named(with: [])
        case .services: named(with: ["spec"])
        case .endpoints: named(with: ["subsets"])
        case .endpointSlices: named(with: ["addressType", "endpoints", "ports"])
        case .configMaps: named(with: ["data"])
        case .customResourceDefinitions: definition
        default: withoutBookkeeping
        }
    }

    private static let metadataMembers: Set<String> = [
        "name", "namespace", "uid", "labels", "annotations", "creationTimestamp", "deletionTimestamp",
        "ownerReferences",
    ]

    private static func base(_ object: JSON) -> JSON {
        var metadata = object["metadata"]?.object?.filter { metadataMembers.contains($0.key) } ?? [:]
        // kubectl keeps the whole object there.
        metadata["annotations"]?["kubectl.kubernetes.io/last-applied-configuration"] = nil
        var kept: JSON = ["metadata": .object(metadata)]
        kept["kind"] = object["kind"]
        kept["apiVersion"] = object["apiVersion"]
        return kept
    }

    private static func named(with members: [String]) -> @Sendable (JSON) -> JSON {
        { object in
            var kept = base(object)
            for member in members { kept[member] = object[member] }
            return kept
        }
    }

    @Sendable private static func pod(_ object: JSON) -> JSON {
        var kept = base(object)
        var spec: JSON = [:]
        spec["serviceAccountName"] = object["spec", "serviceAccountName"]
        spec["hostNetwork"] = object["spec", "hostNetwork"]
        spec["nodeName"] = object["spec", "nodeName"]
        for list in ["containers", "initContainers"] {
            guard let containers = object["spec", list]?.array else { continue }
            spec[list] = .array(
                containers.map { container in
                    var kept: JSON = [:]
                    kept["name"] = container["name"]
                    kept["ports"] = container["ports"]
                    let proxySettings = container["env"]?.array?.filter {
                        $0["name"]?.string?.hasPrefix("ISTIO_META_") ?? false
                    }
                    if let proxySettings, !proxySettings.isEmpty { kept["env"] = .array(proxySettings) }
                    return kept
                }
            )
        }
        kept["spec"] = spec
        var status: JSON = [:]
        for member in ["podIP", "podIPs", "phase"] { status[member] = object["status", member] }
        kept["status"] = status
        return kept
    }

    @Sendable private static func node(_ object: JSON) -> JSON {
        var kept = base(object)
        kept["status", "nodeInfo", "kubeletVersion"] = object["status", "nodeInfo", "kubeletVersion"]
        return kept
    }

    /// Which versions are served, not their schemas.
    @Sendable private static func definition(_ object: JSON) -> JSON {
        var kept = base(object)
        kept["spec", "group"] = object["spec", "group"]
        kept["spec", "names"] = object["spec", "names"]
        kept["spec", "scope"] = object["spec", "scope"]
        kept["spec", "versions"] = .array(
            (object["spec", "versions"]?.array ?? []).map { version in
                var kept: JSON = [:]
                for member in ["name", "served", "storage"] { kept[member] = version[member] }
                kept["hasStatus"] = .bool(version["subresources", "status"] != nil)
                return kept
            }
        )
        kept["status", "conditions"] = object["status", "conditions"]
        return kept
    }

    /// All but what changes without the object changing, and without the status, which is for people.
    @Sendable private static func withoutBookkeeping(_ object: JSON) -> JSON {
        var kept = base(object)
        for (member, value) in object.object ?? [:] where member != "metadata" && member != "status" {
            kept[member] = value
        }
        kept["metadata", "generation"] = object["metadata", "generation"]
        return kept
    }
}
