import Base
import HTTP
import JSON
import Kubernetes
import Synchronization
import TLS

/// Answers HTTP requests: who asks, may they, what for.
final class APIFront: Sendable {
    let registry: Registry
    private let log = Log("apiserver")

    private let issuer: TokenIssuer
    private let node = Mutex<(any NodeConnector)?>(nil)

    init(registry: Registry, issuer: TokenIssuer) {
        self.registry = registry
        self.issuer = issuer
    }

    /// Says who runs the pods; until then their logs and programs cannot be reached.
    func connect(_ node: any NodeConnector) { self.node.withLock { $0 = node } }

    /// Who sends a request with these fields.
    ///
    /// - Throws: ``StatusError`` (401).
    func user(_ fields: HTTPFields, certificate: Certificate?) throws -> UserInfo {
        let index = registry.store.index
        let user = try Authenticator(issuer: issuer).user(fields, certificate: certificate, index: index)
        return try Impersonation(authorizer: Authorizer(index: index)).effectiveUser(user, fields)
    }

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
        try authorize(request.user, target)
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
            if definition.storage == "/pods", PodStreams.subresources.contains(target.subresource) {
                return try await podStream(request, definition, target)
            }
            if definition.isReview { return try review(request, definition, target) }
            let handler = ResourceHandler(registry: registry, definition: definition, target: target, request: request)
            return try await handler.respond()
        }
        return try answerNonResource(request)
    }

    private func podStream(
        _ request: APIRequest,
        _ definition: ResourceDefinition,
        _ target: RequestTarget
    ) async throws -> APIResponse {
        guard ["get", "create"].contains(target.verb) else { throw StatusError.methodNotAllowed() }
        let pod = try registry.get(definition, namespace: target.namespace, name: target.name)
        guard let node = node.withLock({ $0 }) else {
            throw StatusError(code: 503, reason: "ServiceUnavailable", message: "the cluster has no node yet")
        }
        return try await PodStreams(node: node, pod: pod, request: request).respond(to: target.subresource)
    }

    private func authorize(_ user: UserInfo, _ target: RequestTarget) throws {
        let authorizer = Authorizer(index: registry.store.index)
        if authorizer.allows(user, AccessAttributes(target)) != nil { return }
        // Who has shown nothing is told to do so first.
        throw user == .anonymous ? Authenticator.unauthorized : Authorizer.refusal(user, target)
    }

    private func review(
        _ request: APIRequest,
        _ definition: ResourceDefinition,
        _ target: RequestTarget
    ) throws -> APIResponse {
        guard target.verb == "create", target.name.isEmpty else { throw StatusError.methodNotAllowed() }
        let review = try registry.decode(request.object(definition.schema), definition, request.context())
        let reviews = Reviews(issuer: issuer, index: registry.store.index)
        return .json(try reviews.answer(review, user: request.user), status: 201)
    }

    private func answerNonResource(_ request: APIRequest) throws -> APIResponse {
        guard request.method == "GET" || request.method == "HEAD" else { throw StatusError.methodNotAllowed() }
        let discovery = Discovery(catalog: registry.catalog)
        switch (request.path.first ?? "", request.path.count) {
        case ("healthz", _), ("readyz", _), ("livez", _):
            let isVerbose = request.path.count == 1 && request.query("verbose") != nil
            return .text(isVerbose ? "[+]ping ok\n[+]storage ok\n\(request.path[0]) check passed\n" : "ok")
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
        "major": "1", "minor": "32", "gitVersion": .string(KubernetesRelease.emulated + "+apus"), "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "2025-04-22T16:00:00Z", "goVersion": "none", "compiler": "swift", "platform": "linux/amd64",
    ]
}
