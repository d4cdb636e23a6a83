import JSON
import Kubernetes

/// What an admission step is told of a request (`admission.k8s.io/v1.AdmissionRequest`).
struct AdmissionRequest: Sendable {
    enum Operation: String, Sendable {
        case create = "CREATE"
        case update = "UPDATE"
        case delete = "DELETE"
        case connect = "CONNECT"
    }

    let operation: Operation
    let definition: ResourceDefinition
    var subresource = ""
    let namespace: String
    let name: String
    /// nil for a deletion.
    var object: JSON?
    /// nil for a creation.
    var old: JSON?
    let context: RequestContext
    /// What is committed, to look up namespaces and configurations.
    let index: StoreIndex
}

/// Says which requests may pass, and changes some on the way.
protocol Admission: Sendable {
    /// The object after all who may change it have seen it.
    func mutate(_ request: AdmissionRequest) async throws -> JSON?
    /// - Throws: ``StatusError`` when one of those who may refuse does.
    func validate(_ request: AdmissionRequest) async throws
}

/// Lets everything pass as it is.
struct OpenAdmission: Admission {
    func mutate(_ request: AdmissionRequest) async throws -> JSON? { request.object }
    func validate(_ request: AdmissionRequest) async throws {}
}
