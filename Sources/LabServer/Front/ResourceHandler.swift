import JSON
import Kubernetes

/// Answers the requests about one resource.
struct ResourceHandler: Sendable {
    let registry: Registry
    let definition: ResourceDefinition
    let target: RequestTarget
    let request: APIRequest

    private var namespace: String? { target.namespace.isEmpty ? nil : target.namespace }

    func respond() async throws -> APIResponse {
        var context = try request.context()
        if ["delete", "deletecollection"].contains(target.verb) { context.isDryRun = try isDryRunOfDeletion(context) }
        if let warning = definition.deprecationWarning { context.warnings.add(warning) }
        var response = try await answer(context)
        response.warn(context.warnings.all)
        return response
    }

    private func answer(_ context: RequestContext) async throws -> APIResponse {
        if !target.subresource.isEmpty { try checkSubresource() }
        if ["update", "patch"].contains(target.verb), target.name.isEmpty { throw StatusError.methodNotAllowed() }
        switch target.verb {
        case "get": return try shown(try read())
        case "list": return try list()
        case "watch": return try await watch()
        case "create": return try await create(context)
        case "update": return try await update(context)
        case "patch": return try await patch(context)
        case "delete": return try await delete(context)
        case "deletecollection": return try await deleteCollection(context)
        default: throw StatusError.methodNotAllowed()
        }
    }

    private func checkSubresource() throws {
        guard definition.subresources.contains(target.subresource) else { throw StatusError.pathNotFound() }
    }

    private func read() throws -> JSON {
        let object = try registry.get(definition, namespace: namespace, name: target.name)
        switch target.subresource {
        case "", "status": return object
        case "scale": return try Scale(definition).scale(of: object)
        default: throw StatusError.methodNotAllowed()
        }
    }

    func selection() throws -> Selection {
        var fields = request.query("fieldSelector") ?? ""
        // A watch of one object has its name in the path.
        if !target.name.isEmpty { fields += (fields.isEmpty ? "" : ",") + "metadata.name=\(target.name)" }
        return try Selection(
            definition,
            namespace: namespace,
            labelSelector: request.query("labelSelector"),
            fieldSelector: fields
        )
    }

    private func list() throws -> APIResponse {
        let page = try registry.list(
            definition,
            selection(),
            limit: request.number("limit"),
            continueToken: request.query("continue").flatMap { $0.isEmpty ? nil : $0 },
            moment: ListMoment(
                request.query("resourceVersion") ?? "",
                match: request.query("resourceVersionMatch") ?? ""
            )
        )
        return try shown(page)
    }

    /// The kind of object that a body holds: the resource's own, or that of the subresource.
    private var bodySchema: ResourceSchema {
        switch target.subresource {
        case "scale": .builtIn("autoscaling.Scale")
        case "token": .builtIn("authentication.TokenRequest")
        case "eviction": .builtIn("policy.Eviction")
        default: definition.schema
        }
    }

    private func create(_ context: RequestContext) async throws -> APIResponse {
        let object = try request.object(bodySchema)
        if !target.name.isEmpty {
            guard !target.subresource.isEmpty else { throw StatusError.methodNotAllowed() }
            let made = try await registry.create(
                definition,
                namespace: namespace,
                name: target.name,
                subresource: target.subresource,
                object,
                context
            )
            return .json(made, status: 201)
        }
        let made = try await registry.create(definition, namespace: namespace, object, context)
        return try shown(made, status: 201)
    }

    private func update(_ context: RequestContext) async throws -> APIResponse {
        let object = try request.object(bodySchema)
        if target.subresource == "scale" {
            let scale = Scale(definition)
            let replicas = try scale.replicas(in: object)
            return try shown(try await changeScale(scale, context) { _ in replicas })
        }
        let stored = try await registry.update(
            definition,
            namespace: namespace,
            name: target.name,
            subresource: target.subresource,
            object,
            context
        )
        return try shown(stored)
    }

    private func patch(_ context: RequestContext) async throws -> APIResponse {
        guard let type = PatchType(rawValue: request.contentType) else {
            throw StatusError(
                code: 415,
                reason: "UnsupportedMediaType",
                message:
                    "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml"
            )
        }
        let patch = try request.object()
        if type != .json, patch.object == nil {
            throw StatusError.badRequest("error decoding patch: a patch of this type is an object")
        }
        if type != .apply, request.query("force") != nil {
            let error = FieldError.forbidden("force", "may not be specified for non-apply patch")
            throw StatusError.invalidOptions("PatchOptions", error)
        }
        if target.subresource == "scale" {
            let scale = Scale(definition)
            return try shown(
                try await changeScale(scale, context) { current in
                    try scale.replicas(in: try scale.scale(of: current).merged(with: patch))
                }
            )
        }
        let existed = registry.store.index[definition.key(namespace: namespace, name: target.name)] != nil
        let patched = try await registry.patch(
            definition,
            namespace: namespace,
            name: target.name,
            subresource: target.subresource,
            type,
            patch,
            context
        )
        return try shown(patched, status: existed ? 200 : 201)
    }

    private func changeScale(
        _ scale: Scale,
        _ context: RequestContext,
        replicas: @Sendable (JSON) throws -> Int64
    ) async throws -> JSON {
        let changed = try await registry.change(
            definition,
            namespace: namespace,
            name: target.name,
            context
        ) { current in
            var new = current
            new["metadata", "resourceVersion"] = nil
            new[scale.replicasPath] = .int(try replicas(current))
            return new
        }
        return try scale.scale(of: changed)
    }

    private func delete(_ context: RequestContext) async throws -> APIResponse {
        let (object, isGone) = try await registry.delete(
            definition,
            namespace: namespace,
            name: target.name,
            deleteOptions(),
            context
        )
        guard isGone else { return try shown(object) }
        var details: JSON = [
            "name": .string(target.name), "kind": .string(definition.type.plural),
            "uid": .string(object.metadata.uid),
        ]
        if !definition.type.group.isEmpty { details["group"] = .string(definition.type.group) }
        return .json([
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "details": details,
        ])
    }

    private func deleteCollection(_ context: RequestContext) async throws -> APIResponse {
        try shown(try await registry.deleteCollection(definition, selection(), deleteOptions(), context))
    }

    /// Options come as body or in the query; the body counts.
    private func deleteOptions() throws -> DeleteOptions {
        var json: JSON = [:]
        if request.body.isEmpty {
            json["gracePeriodSeconds"] = try request.number("gracePeriodSeconds").map { .int(Int64($0)) }
            json["propagationPolicy"] = request.query("propagationPolicy").map { .string($0) }
            json["orphanDependents"] = request.query("orphanDependents").map { .bool($0 == "true") }
        } else {
            json = try request.object(.builtIn("meta.DeleteOptions"))
        }
        try checkDeletion(json)
        return DeleteOptions(json)
    }

    /// Whether the query or the options in the body ask for a dry run; kubectl puts it into the body.
    private func isDryRunOfDeletion(_ context: RequestContext) throws -> Bool {
        if context.isDryRun || request.body.isEmpty { return context.isDryRun }
        return try DeleteOptions.isDryRun(try request.object(.builtIn("meta.DeleteOptions")))
    }

    private func checkDeletion(_ options: JSON) throws {
        guard let policy = options["propagationPolicy"] else { return }
        if options["orphanDependents"] != nil {
            let detail = "orphanDependents and deletionPropagation cannot be both set"
            throw StatusError.invalidOptions("DeleteOptions", .invalid("propagationPolicy", policy, detail))
        }
        let allowed = ["Foreground", "Background", "Orphan", "nil"]
        guard !allowed.contains(policy.string ?? "") else { return }
        throw StatusError.invalidOptions("DeleteOptions", .unsupported("propagationPolicy", policy, allowed))
    }
}
