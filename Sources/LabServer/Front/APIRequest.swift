import HTTP
import JSON
import Kubernetes
import YAML

/// One request to the API, read from HTTP.
struct APIRequest: Sendable {
    let method: String
    /// Decoded segments of the path.
    let path: [String]
    let query: [HTTPRequestHead.QueryItem]
    let fields: HTTPFields
    let body: [UInt8]
    var user = UserInfo.anonymous

    init(_ head: HTTPRequestHead, body: [UInt8] = []) {
        method = head.method
        path = head.pathSegments
        query = head.queryItems
        fields = head.fields
        self.body = body
    }

    func query(_ name: String) -> String? { query.first { $0.name == name }?.value }

    /// A number of the query; nil when it is not given.
    ///
    /// - Throws: ``StatusError`` (400) when it is none.
    func number(_ name: String) throws -> Int? {
        guard let text = query(name), !text.isEmpty else { return nil }
        guard let number = Int(text) else {
            throw StatusError.badRequest("strconv.ParseInt: parsing \"\(text)\": invalid syntax")
        }
        return number
    }

    func flag(_ name: String) -> Bool { ["true", "1"].contains(query(name) ?? "") }

    /// The largest body that is read, in octets.
    static let bodyLimit = 3 << 20

    /// The body's media type, without parameters.
    var contentType: String {
        let value = fields["Content-Type"] ?? "application/json"
        return value.split(separator: ";").first.map { String($0.filter { $0 != " " }).lowercased() } ?? ""
    }

    /// The body as one object.
    ///
    /// - Throws: ``StatusError`` (400, 415) when it is malformed, or in a format that is not spoken.
    ///
    /// - Parameter schema: What Protobuf is read by; nil when the body cannot be in that form.
    func object(_ schema: ResourceSchema? = nil) throws -> JSON {
        switch contentType {
        case "application/vnd.kubernetes.protobuf":
            guard case .builtIn(let name) = schema else { throw unknownFormat }
            do {
                return try ProtobufObject().read(body, as: name)
            } catch {
                throw StatusError.badRequest("couldn't get version/kind; \(error)")
            }
        case "application/json", "application/json-patch+json", "application/merge-patch+json",
            "application/strategic-merge-patch+json":
            do {
                return try JSON(parsing: body)
            } catch {
                throw StatusError.badRequest("couldn't get version/kind; json parse error: \(error)")
            }
        case "application/yaml", "application/apply-patch+yaml":
            do {
                return try YAML.value(String(decoding: body, as: UTF8.self))
            } catch {
                throw StatusError.badRequest("error converting YAML to JSON: \(error)")
            }
        default: throw unknownFormat
        }
    }

    private var unknownFormat: StatusError {
        StatusError(
            code: 415,
            reason: "UnsupportedMediaType",
            message:
                "the body of the request was in an unknown format (\(contentType)) - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf"
        )
    }

    /// What the query of such a request is called in messages.
    private var optionsKind: String {
        switch method {
        case "POST": "CreateOptions"
        case "PUT": "UpdateOptions"
        case "PATCH": "PatchOptions"
        case "DELETE": "DeleteOptions"
        default: "ListOptions"
        }
    }

    /// What the query says beside the object.
    func context() throws -> RequestContext {
        var context = RequestContext(user: user)
        let dryRun = query.filter { $0.name == "dryRun" }.map(\.value).filter { !$0.isEmpty }
        if let unknown = dryRun.first(where: { $0 != "All" }) {
            let error = FieldError.unsupported("dryRun", .strings([unknown]), ["All"])
            throw StatusError.invalidOptions(optionsKind, error)
        }
        context.isDryRun = !dryRun.isEmpty
        if let text = query("fieldValidation"), !text.isEmpty {
            guard let value = RequestContext.FieldValidation(rawValue: text) else {
                let error = FieldError.unsupported("fieldValidation", .string(text), ["", "Ignore", "Warn", "Strict"])
                throw StatusError.invalidOptions(optionsKind, error)
            }
            context.fieldValidation = value
        } else {
            context.fieldValidation = .warn
        }
        context.fieldManager = query("fieldManager") ?? ""
        context.isForced = flag("force")
        return context
    }
}
