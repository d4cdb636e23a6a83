import JSON
import Kubernetes

extension Registry {
    /// The largest object that is stored, in octets of JSON; etcd's limit, which users know.
    static let objectLimit = 3 << 19

    /// Reads what a client sent as an object of the resource, and fills in defaults.
    ///
    /// - Parameter isUserInput: Whether unknown fields are worth telling.
    func decode(
        _ object: JSON,
        _ definition: ResourceDefinition,
        _ context: RequestContext,
        isUserInput: Bool = true
    ) throws -> JSON {
        var object = object
        let type = definition.type
        guard object.object != nil else { throw StatusError.badRequest("the body is no object of kind \(type.kind)") }
        if let kind = object["kind"]?.string, kind != type.kind {
            throw StatusError.badRequest(
                "\(kind) in version \"\(object.apiVersion)\" cannot be handled as a \(type.kind): no kind \"\(kind)\" is registered for this resource"
            )
        }
        if let version = object["apiVersion"]?.string, version != type.apiVersion {
            throw StatusError.badRequest(
                "the API version in the data (\(version)) does not match the expected API version (\(type.apiVersion))"
            )
        }
        var unknown: [String] = []
        switch definition.schema {
        case .builtIn(let name):
            var check = SchemaCheck()
            object = try check.read(object, as: name, kind: type.kind, version: type.version)
            unknown = check.unknownFields
        case .custom(let schema):
            unknown = schema.prune(&object)
            schema.applyDefaults(&object)
        }
        if isUserInput { try report(unknown, definition, context) }
        object["apiVersion"] = .string(type.apiVersion)
        object["kind"] = .string(type.kind)
        definition.strategy.applyDefaults(&object)
        return object
    }

    /// Says that fields were dropped, as loudly as the client wants it.
    func report(_ unknown: [String], _ definition: ResourceDefinition, _ context: RequestContext) throws {
        guard !unknown.isEmpty else { return }
        let texts = unknown.sorted().map { "unknown field \"\($0)\"" }
        switch context.fieldValidation {
        case .ignore: break
        case .warn: for text in texts { context.warnings.add(text) }
        case .strict:
            let (kind, list) = (definition.type.kind, texts.joined(separator: ", "))
            throw StatusError.badRequest(
                "\(kind) in version \"\(definition.type.version)\" cannot be handled as a \(kind): strict decoding error: \(list)"
            )
        }
    }

    func validate(_ object: JSON, old: JSON?, _ definition: ResourceDefinition) throws {
        let strategy = definition.strategy
        var errors = MetadataRules.validate(object, nameRule: strategy.nameRule, old: old)
        if case .custom(let schema) = definition.schema { errors += schema.validate(object) }
        errors += strategy.validate(object, old: old)
        if !errors.isEmpty { throw StatusError.invalid(definition.type, object.metadata.name, errors) }
    }

    static func checkSize(_ object: JSON) throws {
        if object.bytes().count > objectLimit {
            throw StatusError(
                code: 413,
                reason: "RequestEntityTooLarge",
                message: "etcdserver: request is too large; an object may have \(objectLimit) bytes"
            )
        }
    }
}
