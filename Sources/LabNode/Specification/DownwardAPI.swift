internal import Base
internal import JSON
internal import Kubernetes

/// Answers what a pod may ask about itself: `fieldRef` and `resourceFieldRef`.
struct DownwardAPI: Sendable {
    let pod: JSON
    let podIP: String
    let hostIP: String
    /// What `limits` stand at when a container has none.
    let allocatable: NodeCapacity

    /// The value of a field such as `metadata.labels['app']` or `status.podIP`.
    ///
    /// - Throws: ``MeshError`` `.invalidConfiguration` when there is no such field.
    func field(_ path: String) throws(MeshError) -> String {
        let metadata = pod.metadata
        switch path {
        case "metadata.name": return metadata.name
        case "metadata.namespace": return metadata.namespace
        case "metadata.uid": return metadata.uid
        case "metadata.labels": return Self.lines(metadata.labels)
        case "metadata.annotations": return Self.lines(metadata.annotations)
        case "spec.nodeName": return pod["spec", "nodeName"]?.string ?? ""
        case "spec.serviceAccountName": return pod["spec", "serviceAccountName"]?.string ?? "default"
        case "status.podIP", "status.podIPs": return podIP
        case "status.hostIP", "status.hostIPs": return hostIP
        default: break
        }
        if let key = Self.subscriptKey(of: "metadata.labels", in: path) { return metadata.labels[key] ?? "" }
        if let key = Self.subscriptKey(of: "metadata.annotations", in: path) { return metadata.annotations[key] ?? "" }
        throw MeshError(.invalidConfiguration, "fieldPath \"\(path)\" is not one that a pod may ask for")
    }

    /// The value of a resource such as `limits.cpu`, divided by `divisor` and rounded up.
    func resource(_ reference: JSON, defaultContainer: ContainerSpecification?) throws(MeshError) -> String {
        let name = reference["resource"]?.string ?? ""
        let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
        var container = defaultContainer
        if let other = reference["containerName"]?.string { container = PodSpecification(pod).container(other) }
        guard let container, parts.count == 2, parts[0] == "limits" || parts[0] == "requests" else {
            throw MeshError(.invalidConfiguration, "resourceFieldRef \"\(name)\" names no resource of a container")
        }
        let resources = container.json["resources"] ?? .null
        let written = resources[parts[0], parts[1]] ?? resources["limits", parts[1]]
        let value = written.flatMap { Quantity($0) } ?? allocatable.quantity(parts[1])
        var divisor = reference["divisor"].flatMap { Quantity($0) }?.thousandths ?? 0
        if divisor <= 0 { divisor = 1000 }  // Not given, which Kubernetes writes as 0.
        let amount = value?.thousandths ?? 0
        return String(amount / divisor + (amount % divisor == 0 ? 0 : 1))
    }

    private static func subscriptKey(of map: String, in path: String) -> String? {
        guard path.hasPrefix(map + "['"), path.hasSuffix("']") else { return nil }
        return String(path.dropFirst(map.count + 2).dropLast(2))
    }

    /// One `key="value"` per line, as volumes show labels and annotations.
    private static func lines(_ map: [String: String]) -> String {
        map.sorted { $0.key < $1.key }.map { "\($0.key)=\(JSON.string($0.value).text())" }.joined(separator: "\n")
    }
}

/// What this machine has to give.
struct NodeCapacity: Sendable, Hashable {
    let cores: Int64
    /// In octets.
    let memory: Int64

    func quantity(_ resource: String) -> Quantity? {
        switch resource {
        case "cpu": Quantity(String(cores))
        case "memory": Quantity(String(memory))
        default: nil
        }
    }
}

extension Quantity {
    /// Reads a quantity that was written as string or number.
    init?(_ json: JSON) {
        if let text = json.string {
            self.init(text)
        } else if let number = json.double {
            self.init("\(number)")
        } else {
            return nil
        }
    }
}
