import Base
import JSON
import Kubernetes

/// Asks the webhooks of MutatingWebhookConfigurations and ValidatingWebhookConfigurations.
struct WebhookAdmission: Admission {
    /// All versions of a resource, by where it is stored.
    let versions: @Sendable (_ storage: String) -> [ResourceDefinition]
    private let caller = WebhookCaller()
    private let log = Log("admission")

    init(versions: @escaping @Sendable (String) -> [ResourceDefinition]) { self.versions = versions }

    func mutate(_ request: AdmissionRequest) async throws -> JSON? {
        var request = request
        let webhooks = Webhook.all(of: "mutatingwebhookconfigurations", in: request.index)
        if webhooks.isEmpty { return request.object }
        /// The object as each webhook left it.
        var seen: [Int: JSON?] = [:]
        for (position, webhook) in webhooks.enumerated() {
            request.object = try await ask(webhook, request, isMutating: true)
            seen[position] = .some(request.object)
        }
        // Who asked for it sees once more what others have changed since.
        for (position, webhook) in webhooks.enumerated() where webhook.mayBeAskedAgain {
            if let left = seen[position], left == request.object { continue }
            request.object = try await ask(webhook, request, isMutating: true)
        }
        return request.object
    }

    func validate(_ request: AdmissionRequest) async throws {
        for webhook in Webhook.all(of: "validatingwebhookconfigurations", in: request.index) {
            _ = try await ask(webhook, request, isMutating: false)
        }
    }

    /// The object after the webhook has seen it.
    private func ask(_ webhook: Webhook, _ request: AdmissionRequest, isMutating: Bool) async throws -> JSON? {
        let all = versions(request.definition.storage)
        guard let version = webhook.version(for: request, among: all) else { return request.object }
        let response: JSON
        do {
            response = try await caller.call(webhook, review(request, in: version), index: request.index)
        } catch {
            let message = "failed calling webhook \"\(webhook.name)\": failed to call webhook: \(error)"
            if webhook.ignoresFailures {
                log.warn("\(message); going on, because its failurePolicy is Ignore")
                return request.object
            }
            throw StatusError.internalError(message)
        }
        for warning in response["warnings"]?.array?.compactMap(\.string) ?? [] { request.context.warnings.add(warning) }
        guard response["allowed"]?.bool == true else { throw Self.denial(webhook, response["status"]) }
        guard isMutating, let object = request.object, let encoded = response["patch"]?.string else {
            return request.object
        }
        return try patched(object, encoded, webhook, request, version)
    }

    private func patched(
        _ object: JSON,
        _ encoded: String,
        _ webhook: Webhook,
        _ request: AdmissionRequest,
        _ version: ResourceDefinition
    ) throws -> JSON {
        guard let bytes = Base64.decode(encoded), let patch = try? JSON(parsing: bytes) else {
            throw StatusError.internalError("webhook \"\(webhook.name)\" answered with a patch that is no JSON")
        }
        let shown = version.shown(request.definition.stored(object))
        do {
            return request.definition.shown(version.stored(try JSONPatch(patch).apply(to: shown)))
        } catch {
            throw StatusError.internalError("the patch of webhook \"\(webhook.name)\" does not fit: \(error)")
        }
    }

    private func review(_ request: AdmissionRequest, in version: ResourceDefinition) -> JSON {
        func kind(_ type: ResourceType) -> JSON {
            ["group": .string(type.group), "version": .string(type.version), "kind": .string(type.kind)]
        }
        func resource(_ type: ResourceType) -> JSON {
            ["group": .string(type.group), "version": .string(type.version), "resource": .string(type.plural)]
        }
        func shown(_ object: JSON?) -> JSON { object.map { version.shown(request.definition.stored($0)) } ?? .null }
        let options =
            switch request.operation {
            case .create: "CreateOptions"
            case .update: "UpdateOptions"
            case .delete: "DeleteOptions"
            case .connect: "PodExecOptions"
            }
        var content: JSON = [
            "uid": .string(MetadataRules.newUID()), "kind": kind(version.type), "resource": resource(version.type),
            "requestKind": kind(request.definition.type), "requestResource": resource(request.definition.type),
            "name": .string(request.name), "operation": .string(request.operation.rawValue),
            "userInfo": Reviews.json(request.context.user), "object": shown(request.object),
            "oldObject": shown(request.old), "dryRun": .bool(request.context.isDryRun),
            "options": ["kind": .string(options), "apiVersion": "meta.k8s.io/v1"],
        ]
        if !request.namespace.isEmpty { content["namespace"] = .string(request.namespace) }
        if !request.subresource.isEmpty {
            content["subResource"] = .string(request.subresource)
            content["requestSubResource"] = .string(request.subresource)
        }
        return ["kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": content]
    }

    private static func denial(_ webhook: Webhook, _ status: JSON?) -> StatusError {
        let denied = "admission webhook \"\(webhook.name)\" denied the request"
        let (message, reason) = (status?["message"]?.string ?? "", status?["reason"]?.string ?? "")
        let code = Int(status?["code"]?.int ?? 0)
        return StatusError(
            code: code < 400 ? 400 : code,
            reason: reason,
            message: message.isEmpty
                ? (reason.isEmpty ? "\(denied) without explanation" : "\(denied): \(reason)") : "\(denied): \(message)",
            details: status?["details"]
        )
    }
}
