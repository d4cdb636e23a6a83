import Base
import JSON
import Kubernetes

/// Which objects of a resource a list or watch is about.
struct Selection: Sendable {
    /// nil means all namespaces.
    let namespace: String?
    let labels: LabelSelector
    let fields: FieldSelector

    /// - Throws: ``StatusError`` (400) for a selector that cannot be read or names a field that cannot be selected by.
    init(
        _ definition: ResourceDefinition,
        namespace: String?,
        labelSelector: String?,
        fieldSelector: String?
    ) throws {
        self.namespace = definition.type.isNamespaced ? namespace : nil
        do {
            labels = try LabelSelector(parsing: labelSelector ?? "")
            fields = try FieldSelector(parsing: fieldSelector ?? "")
        } catch {
            throw StatusError.badRequest("\(error)")
        }
        let known = definition.selectableFields.union(["metadata.name", "metadata.namespace"])
        if let unknown = fields.requirements.first(where: { !known.contains($0.field) }) {
            throw StatusError.badRequest("field label not supported: \(unknown.field)")
        }
    }

    /// - Parameter object: As the resource's version shows it.
    func includes(_ object: JSON) -> Bool {
        if let namespace, object.metadata.namespace != namespace { return false }
        return (labels.requirements.isEmpty || labels.matches(object.metadata.labels)) && fields.matches(object)
    }
}
