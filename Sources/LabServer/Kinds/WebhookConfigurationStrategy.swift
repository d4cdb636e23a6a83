import JSON
import Kubernetes

/// MutatingWebhookConfigurations and ValidatingWebhookConfigurations.
struct WebhookConfigurationStrategy: ResourceStrategy {
    var hasGeneration: Bool { true }

    func applyDefaults(_ object: inout JSON) {
        let isMutating = object.kind == "MutatingWebhookConfiguration"
        object.changeEach("webhooks") { webhook in
            webhook.setDefault("failurePolicy", "Fail")
            webhook.setDefault("matchPolicy", "Equivalent")
            webhook.setDefault("namespaceSelector", [:])
            webhook.setDefault("objectSelector", [:])
            webhook.setDefault("timeoutSeconds", 10)
            if isMutating { webhook.setDefault("reinvocationPolicy", "Never") }
            webhook.changeEach("rules") { $0.setDefault("scope", "*") }
            webhook.change("clientConfig") { $0.change("service") { $0.setDefault("port", 443) } }
        }
    }

    func validate(_ object: JSON, old: JSON?) -> [FieldError] {
        var names: Set<String> = []
        return (object["webhooks"]?.array ?? []).enumerated().flatMap { index, webhook in
            let name = webhook["name"] ?? ""
            let isNew = names.insert(name.string ?? "").inserted
            return (isNew ? [] : [.duplicate("webhooks[\(index)].name", name)])
                + errors(webhook, field: "webhooks[\(index)]")
        }
    }

    private func errors(_ webhook: JSON, field: String) -> [FieldError] {
        var errors: [FieldError] = []
        let name = webhook["name"]?.string ?? ""
        if name.split(separator: ".").count < 3 {
            let detail = "should be a domain with at least three segments separated by dots"
            errors.append(.invalid("\(field).name", .string(name), detail))
        }
        errors += PodValidation.oneOf(webhook["failurePolicy"], ["Fail", "Ignore"], field: "\(field).failurePolicy")
        if let sideEffects = webhook["sideEffects"] {
            errors += PodValidation.oneOf(sideEffects, ["None", "NoneOnDryRun"], field: "\(field).sideEffects")
        } else {
            errors.append(.required("\(field).sideEffects", "must specify one of None, NoneOnDryRun"))
        }
        if (webhook["admissionReviewVersions"]?.array ?? []).isEmpty {
            errors.append(.required("\(field).admissionReviewVersions", "must specify one of v1, v1beta1"))
        }
        let timeout = webhook["timeoutSeconds"]?.int ?? 10
        if !(1...30).contains(timeout) {
            let detail = "the timeout value must be between 1 and 30 seconds"
            errors.append(.invalid("\(field).timeoutSeconds", .int(timeout), detail))
        }
        if (webhook["clientConfig", "url"] != nil) == (webhook["clientConfig", "service"] != nil) {
            errors.append(.required("\(field).clientConfig", "exactly one of url or service is required"))
        }
        return errors
    }
}
