import JSON

/// The schema of one version of a custom resource (`apiextensions.k8s.io/v1`).
struct StructuralSchema: Sendable {
    /// `openAPIV3Schema`; of an object without properties when there is none.
    let json: JSON

    init(_ json: JSON) { self.json = json }

    func prune(_ object: inout JSON) -> [String] { [] }
    func applyDefaults(_ object: inout JSON) {}
    func validate(_ object: JSON) -> [FieldError] { [] }
}
