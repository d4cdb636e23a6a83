import Base
import HTTP
import JSON
import Kubernetes

/// Answers HTTP requests: who asks, may they, what for.
final class APIFront: Sendable {
    let registry: Registry
    private let log = Log("apiserver")

    init(registry: Registry) { self.registry = registry }

    /// The answer to one request; never throws, for every failure has an answer.
    func respond(to request: APIRequest) async -> APIResponse {
        do {
            return try await answer(request)
        } catch let error as StatusError {
            return .failure(error)
        } catch is CancellationError {
            return .failure(StatusError(code: 503, reason: "ServiceUnavailable", message: "the server is stopping"))
        } catch {
            log.error("\(request.method) /\(request.path.joined(separator: "/")): \(error)")
            return .failure(error)
        }
    }

    private func answer(_ request: APIRequest) async throws -> APIResponse {
        let target = RequestTarget(request)
        if target.isResource {
            let catalog = registry.catalog
            guard
                let definition = catalog.definition(
                    group: target.group,
                    version: target.version,
                    plural: target.resource
                )
            else { throw StatusError.pathNotFound() }
            guard definition.type.isNamespaced || target.namespace.isEmpty || definition.storage == "/namespaces" else {
                throw StatusError.pathNotFound()
            }
            let handler = ResourceHandler(registry: registry, definition: definition, target: target, request: request)
            return try await handler.respond()
        }
        return try answerNonResource(request)
    }

    private func answerNonResource(_ request: APIRequest) throws -> APIResponse {
        guard request.method == "GET" || request.method == "HEAD" else { throw StatusError.methodNotAllowed() }
        let discovery = Discovery(catalog: registry.catalog)
        switch (request.path.first ?? "", request.path.count) {
        case ("healthz", _), ("readyz", _), ("livez", _): return .text("ok")
        case ("version", 1): return .json(ServerVersion.json)
        case ("", 0):
            return .json(["paths": .strings(["/api", "/apis", "/healthz", "/openapi/v2", "/openapi/v3", "/version"])])
        case ("api", 1), ("apis", 1):
            let isCore = request.path[0] == "api"
            if let version = Self.aggregatedVersion(request.fields["Accept"]) {
                let body = discovery.aggregated(isCore: isCore, version: version)
                let type = "application/json;g=apidiscovery.k8s.io;v=\(version);as=APIGroupDiscoveryList"
                return APIResponse(200, type: type, .whole(body.bytes()))
            }
            return .json(isCore ? Discovery.coreVersions : discovery.groupList)
        case ("api", 2): return try found(discovery.resources(group: "", version: request.path[1]))
        case ("apis", 2): return try found(discovery.group(request.path[1]))
        case ("apis", 3): return try found(discovery.resources(group: request.path[1], version: request.path[2]))
        case ("openapi", _): return try OpenAPIHandler(catalog: registry.catalog).respond(to: request)
        default: throw StatusError.pathNotFound()
        }
    }

    private func found(_ json: JSON?) throws -> APIResponse {
        guard let json else { throw StatusError.pathNotFound() }
        return .json(json)
    }

    /// The version in which the client takes all of discovery at once; nil when it prefers the plain form.
    private static func aggregatedVersion(_ accept: String?) -> String? {
        for range in (accept ?? "").split(separator: ",") {
            let parameters = range.split(separator: ";").map { $0.filter { $0 != " " } }
            if parameters.contains("as=APIGroupDiscoveryList"), parameters.contains("g=apidiscovery.k8s.io") {
                let version = parameters.first { $0.hasPrefix("v=") }?.dropFirst(2)
                if version == "v2" || version == "v2beta1" { return version.map(String.init) }
            } else if parameters.first == "application/json" {
                return nil
            }
        }
        return nil
    }
}

/// The Kubernetes version whose behaviour the server has.
enum ServerVersion {
    static let json: JSON = [
        "major": "1", "minor": "32", "gitVersion": "v1.32.4+apus", "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "2025-04-22T16:00:00Z", "goVersion": "none", "compiler": "swift", "platform": "linux/amd64",
    ]
}
