internal import Base
internal import JSON

/// What the API server asks of a webhook, and how it is answered (`admission.k8s.io/v1.AdmissionReview`).
struct AdmissionReview {
    let uid: String
    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    let operation: String
    /// Empty for a cluster-scoped object.
    let namespace: String
    let name: String
    /// The object as it will be stored; null for a deletion.
    let object: JSON

    /// - Throws: ``MeshError`` when `body` is no such request.
    init(_ body: [UInt8]) throws(MeshError) {
        let json: JSON
        do {
            json = try JSON(parsing: body)
        } catch {
            throw MeshError(.invalidConfiguration, "the admission review is not JSON", cause: error)
        }
        guard json["kind"] == "AdmissionReview", let request = json["request"], let uid = request["uid"]?.string else {
            throw MeshError(.invalidConfiguration, "the body is not an AdmissionReview with a request")
        }
        self.uid = uid
        operation = request["operation"]?.string ?? ""
        namespace = request["namespace"]?.string ?? ""
        object = request["object"] ?? .null
        name = request["name"]?.string ?? ""
    }

    /// What the webhook says of it.
    enum Answer {
        /// The object is fine as it is, or with `patch` (RFC 6902).
        case allowed(patch: [JSON] = [], warnings: [String] = [])
        case denied(String, warnings: [String] = [])
    }

    func response(_ answer: Answer) -> JSON {
        var response: JSON = ["uid": .string(uid)]
        switch answer {
        case .allowed(let patch, let warnings):
            response["allowed"] = true
            if !warnings.isEmpty { response["warnings"] = .strings(warnings) }
            if !patch.isEmpty {
                response["patchType"] = "JSONPatch"
                response["patch"] = .string(Base64.encode(JSON.array(patch).bytes()))
            }
        case .denied(let reason, let warnings):
            response["allowed"] = false
            // The words alone, as Istio's webhooks answer: the API server makes a failure with code 400 of them, and
            // kubectl prints "Error from server: …" without a reason of its own in between.
            response["status"] = ["message": .string(reason)]
            if !warnings.isEmpty { response["warnings"] = .strings(warnings) }
        }
        return ["apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response]
    }
}
