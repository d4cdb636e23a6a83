import Kubernetes

/// `/openapi/v2` and `/openapi/v3`.
struct OpenAPIHandler: Sendable {
    let catalog: ResourceCatalog

    func respond(to request: APIRequest) throws -> APIResponse { throw StatusError.pathNotFound() }
}
