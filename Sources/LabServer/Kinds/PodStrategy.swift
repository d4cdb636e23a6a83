import JSON
import Kubernetes

/// Pods: defaults, a service account with its token, a specification that hardly changes, a graceful end.
struct PodStrategy: ResourceStrategy {
    func applyDefaults(_ object: inout JSON) {
        object.change("spec") { spec in
            PodDefaults.apply(&spec)
            spec.setDefault("enableServiceLinks", true)
        }
    }

    func prepareForCreate(_ object: inout JSON) {
        object["status"] = ["phase": "Pending", "qosClass": .string(QualityOfService.of(object["spec"] ?? .null))]
    }

    func admit(_ object: inout JSON, old: JSON?, index: StoreIndex, context: RequestContext) throws {
        guard old == nil else { return }
        try ServiceAccountAdmission.admit(&object, index: index)
        object.change("spec") { spec in
            spec.setDefault("priority", 0)
            spec.setDefault("preemptionPolicy", "PreemptLowerPriority")
            Self.tolerateBriefOutages(&spec)
        }
        object["status", "qosClass"] = .string(QualityOfService.of(object["spec"] ?? .null))
    }

    /// A node that is not ready or not reachable keeps its pods for five minutes.
    private static func tolerateBriefOutages(_ spec: inout JSON) {
        var tolerations = spec["tolerations"]?.array ?? []
        for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]
        where !tolerations.contains(where: { $0["key"]?.string == key || $0["key"] == nil }) {
            tolerations.append([
                "key": .string(key), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300,
            ])
        }
        spec["tolerations"] = .array(tolerations)
    }

    func validate(_ object: JSON, old: JSON?) -> [FieldError] {
        guard let old else { return PodValidation.spec(object["spec"] ?? .null, field: "spec") }
        for list in ["containers", "initContainers"] {
            let (new, before) = (object["spec", list]?.array ?? [], old["spec", list]?.array ?? [])
            if new.count != before.count {
                return [.forbidden("spec.\(list)", "pod updates may not add or remove containers")]
            }
            for (index, container) in new.enumerated() where (container["image"]?.string ?? "").isEmpty {
                return [.required("spec.\(list)[\(index)].image")]
            }
        }
        guard Self.frozen(object) != Self.frozen(old) else { return [] }
        return [
            .forbidden(
                "spec",
                "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
            )
        ]
    }

    /// What of the specification an update must leave alone.
    private static func frozen(_ object: JSON) -> JSON {
        var spec = object["spec"] ?? [:]
        for field in ["activeDeadlineSeconds", "tolerations", "nodeName", "ephemeralContainers", "schedulingGates"] {
            spec[field] = nil
        }
        for list in ["containers", "initContainers"] { spec.changeEach(list) { $0["image"] = nil } }
        return spec
    }

    func gracePeriod(_ object: JSON, requested: Int64?) -> Int64? {
        // Nobody has begun to run it, or it has ended: nothing to wait for.
        if (object["spec", "nodeName"]?.string ?? "").isEmpty { return 0 }
        if ["Succeeded", "Failed"].contains(object["status", "phase"]?.string ?? "") { return 0 }
        return max(0, requested ?? object["spec", "terminationGracePeriodSeconds"]?.int ?? 30)
    }
}

/// The class in which the node puts a pod when memory gets short.
enum QualityOfService {
    static func of(_ spec: JSON) -> String {
        let containers = (spec["containers"]?.array ?? []) + (spec["initContainers"]?.array ?? [])
        let resources = containers.map { $0["resources"] ?? .null }
        func quantities(_ resource: JSON, _ kind: String) -> [String: JSON] {
            (resource[kind]?.object ?? [:]).filter { $0.key == "cpu" || $0.key == "memory" }
        }
        if resources.allSatisfy({ quantities($0, "limits").isEmpty && quantities($0, "requests").isEmpty }) {
            return "BestEffort"
        }
        let isGuaranteed = resources.allSatisfy {
            quantities($0, "limits").count == 2 && quantities($0, "limits") == quantities($0, "requests")
        }
        return isGuaranteed ? "Guaranteed" : "Burstable"
    }
}
