import Base
import JSON
import Kubernetes

/// What Deployments, ReplicaSets and Jobs have in common: a template that makes pods, and a selector that finds them.
private enum Template {
    static func applyDefaults(_ object: inout JSON) {
        object.change("spec") { spec in spec.change("template") { $0.change("spec", PodDefaults.apply) } }
    }

    static func validate(_ object: JSON, restartPolicies: [String] = ["Always"]) -> [FieldError] {
        let template = object["spec", "template"] ?? .null
        let labels = template["metadata", "labels"]?.strings ?? [:]
        var errors = MetadataRules.labels(labels, field: "spec.template.metadata.labels")
        if let selector = object["spec", "selector"], selector != [:] {
            do {
                if try !LabelSelector(selector).matches(labels) {
                    errors.append(
                        .invalid(
                            "spec.template.metadata.labels",
                            .strings(labels),
                            "`selector` does not match template `labels`"
                        )
                    )
                }
            } catch {
                errors.append(.invalid("spec.selector", selector, error.message))
            }
        }
        let spec = template["spec"] ?? .null
        errors += PodValidation.spec(spec, field: "spec.template.spec")
        let policy = spec["restartPolicy"] ?? .null
        if !restartPolicies.contains(policy.string ?? "") {
            errors.append(.unsupported("spec.template.spec.restartPolicy", policy, restartPolicies))
        }
        return errors
    }

    static func selectorRequired(_ object: JSON) -> [FieldError] {
        object["spec", "selector"] == nil || object["spec", "selector"] == [:]
            ? [
                object["spec", "selector"] == nil
                    ? .required("spec.selector")
                    : .invalid("spec.selector", [:], "empty selector is invalid for deployment")
            ]
            : []
    }

    static func notNegative(_ object: JSON, _ fields: [String]) -> [FieldError] {
        fields.compactMap { field in
            guard let value = object["spec", field]?.int, value < 0 else { return nil }
            return PodValidation.negative("spec.\(field)", value)
        }
    }

    static func unchanged(_ object: JSON, _ old: JSON?, _ field: String) -> [FieldError] {
        guard let old, old["spec", field] != object["spec", field] else { return [] }
        return [.invalid("spec.\(field)", object["spec", field] ?? .null, "field is immutable")]
    }
}

struct DeploymentStrategy: ResourceStrategy {
    /// Whether a missing selector is made of the template's labels, as before `apps/v1`.
    var takesSelectorFromTemplate = false

    var hasGeneration: Bool { true }

    func applyDefaults(_ object: inout JSON) {
        object.change("spec") { spec in
            if takesSelectorFromTemplate, spec["selector"] == nil,
                let labels = spec["template", "metadata", "labels"]
            {
                spec["selector"] = ["matchLabels": labels]
            }
            spec.setDefault("replicas", 1)
            spec.setDefault("revisionHistoryLimit", 10)
            spec.setDefault("progressDeadlineSeconds", 600)
            spec.setDefault("strategy", [:])
            spec.change("strategy") { strategy in
                strategy.setDefault("type", "RollingUpdate")
                guard strategy["type"]?.string == "RollingUpdate" else { return }
                strategy.setDefault("rollingUpdate", [:])
                strategy.change("rollingUpdate") { rolling in
                    rolling.setDefault("maxUnavailable", "25%")
                    rolling.setDefault("maxSurge", "25%")
                }
            }
        }
        Template.applyDefaults(&object)
    }

    func validate(_ object: JSON, old: JSON?) -> [FieldError] {
        var errors = Template.selectorRequired(object)
        if errors.isEmpty { errors += Template.validate(object) }
        errors += Template.notNegative(
            object,
            ["replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"]
        )
        let strategy = object["spec", "strategy"] ?? .null
        errors += PodValidation.oneOf(strategy["type"], ["Recreate", "RollingUpdate"], field: "spec.strategy.type")
        if strategy["type"]?.string == "Recreate", strategy["rollingUpdate"] != nil {
            errors.append(
                .forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")
            )
        }
        return errors + Template.unchanged(object, old, "selector")
    }
}

struct ReplicaSetStrategy: ResourceStrategy {
    var hasGeneration: Bool { true }

    func applyDefaults(_ object: inout JSON) {
        object.change("spec") { $0.setDefault("replicas", 1) }
        Template.applyDefaults(&object)
    }

    func prepareForCreate(_ object: inout JSON) { object["status"] = ["replicas": 0] }

    func validate(_ object: JSON, old: JSON?) -> [FieldError] {
        Template.selectorRequired(object) + Template.validate(object)
            + Template.notNegative(object, ["replicas", "minReadySeconds"])
            + Template.unchanged(object, old, "selector")
    }
}

struct JobStrategy: ResourceStrategy {
    var hasGeneration: Bool { true }

    func applyDefaults(_ object: inout JSON) {
        object.change("spec") { spec in
            if spec["completions"] == nil, spec["parallelism"] == nil { spec["completions"] = 1 }
            spec.setDefault("parallelism", 1)
            spec.setDefault("backoffLimit", 6)
            spec.setDefault("completionMode", "NonIndexed")
            spec.setDefault("suspend", false)
            spec.setDefault("podReplacementPolicy", "TerminatingOrFailed")
        }
        Template.applyDefaults(&object)
    }

    /// Pods of a job are found by its uid.
    func prepareForCreate(_ object: inout JSON) {
        guard object["spec", "manualSelector"]?.bool != true else { return }
        let (uid, name) = (object.metadata.uid, object.metadata.name)
        object["spec", "selector"] = ["matchLabels": ["batch.kubernetes.io/controller-uid": .string(uid)]]
        var labels = object["spec", "template", "metadata", "labels"] ?? [:]
        for prefix in ["", "batch.kubernetes.io/"] {
            labels["\(prefix)controller-uid"] = .string(uid)
            labels["\(prefix)job-name"] = .string(name)
        }
        object["spec", "template", "metadata", "labels"] = labels
        // As Kubernetes' defaults do: who asks for the pods' labels finds the job, too.
        if object["metadata", "labels"]?.object?.isEmpty ?? true { object["metadata", "labels"] = labels }
    }

    func validate(_ object: JSON, old: JSON?) -> [FieldError] {
        Template.validate(object, restartPolicies: ["OnFailure", "Never"])
            + Template.notNegative(
                object,
                ["parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"]
            )
            + Template.unchanged(object, old, "selector") + Template.unchanged(object, old, "template")
    }
}
