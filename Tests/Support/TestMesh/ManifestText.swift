/// One of Istio's objects as YAML, a document of its own.
///
/// - Parameter spec: A flow mapping, with or without its braces.
public func manifest(
    _ apiVersion: String,
    _ kind: String,
    _ namespace: String,
    _ name: String,
    _ spec: String,
    created: String = "2024-01-01T00:00:00Z"
) -> String {
    """
    ---
    apiVersion: \(apiVersion)
    kind: \(kind)
    metadata: {namespace: \(namespace), name: \(name), creationTimestamp: "\(created)"}
    spec: \(flow(spec))

    """
}

/// Members of a flow mapping, with or without its braces, as a flow mapping.
public func flow(_ members: String) -> String { members.hasPrefix("{") ? members : "{\(members)}" }
