import JSON

/// Events have two forms, `v1` (as stored) and `events.k8s.io/v1`, whose fields have other names.
enum EventConversion {
    /// New name and stored name of each field.
    private static let names: [(new: String, stored: String)] = [
        ("regarding", "involvedObject"), ("note", "message"), ("reportingController", "reportingComponent"),
        ("deprecatedSource", "source"), ("deprecatedFirstTimestamp", "firstTimestamp"),
        ("deprecatedLastTimestamp", "lastTimestamp"), ("deprecatedCount", "count"),
    ]

    static let conversion = ResourceDefinition.Conversion(
        fromStored: { event in rename(event, names.map { ($0.stored, $0.new) }) },
        toStored: { event in rename(event, names.map { ($0.new, $0.stored) }) }
    )

    static let coreFields: Set<String> = [
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
        "reportingComponent", "source", "type",
    ]
    static let newFields: Set<String> = [
        "regarding.kind", "regarding.namespace", "regarding.name", "regarding.uid", "regarding.apiVersion",
        "regarding.resourceVersion", "regarding.fieldPath", "reason", "reportingController", "type",
    ]

    private static func rename(_ event: JSON, _ names: [(from: String, to: String)]) -> JSON {
        var result = event
        for (from, to) in names {
            result[to] = event[from]
            result[from] = nil
        }
        return result
    }
}
