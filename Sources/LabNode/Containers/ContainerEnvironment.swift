internal import Base
internal import JSON
internal import Kubernetes

/// Works out a container's environment (`core/v1.EnvVar` and `EnvFromSource`).
struct ContainerEnvironment: Sendable {
    let api: any KubernetesAPI
    let namespace: String
    let downward: DownwardAPI

    /// The variables in the order in which later ones may refer to earlier ones.
    ///
    /// - Parameter base: What the image and the node set; the container's own variables win.
    /// - Throws: ``MeshError`` `.notFound` when a ConfigMap, Secret or key that is not optional is missing.
    func variables(of container: ContainerSpecification, base: [String: String]) async throws -> [String: String] {
        var values = base
        for source in container.json["envFrom"]?.array ?? [] {
            let prefix = source["prefix"]?.string ?? ""
            for (key, value) in try await all(of: source) { values[prefix + key] = value }
        }
        for variable in container.json["env"]?.array ?? [] {
            guard let name = variable["name"]?.string else { continue }
            if let source = variable["valueFrom"] {
                if let value = try await value(of: source, container) { values[name] = value }
            } else {
                let known = values
                values[name] = expandVariables(variable["value"]?.string ?? "") { known[$0] }
            }
        }
        return values
    }

    private func all(of source: JSON) async throws -> [String: String] {
        let isSecret = source["secretRef"] != nil
        let reference = source[isSecret ? "secretRef" : "configMapRef"] ?? .null
        let configuration = PodConfiguration(api: api, namespace: namespace)
        guard let data = try await configuration.data(isSecret: isSecret, reference, isText: true) else { return [:] }
        return data.mapValues { String(decoding: $0, as: UTF8.self) }
    }

    private func value(of source: JSON, _ container: ContainerSpecification) async throws -> String? {
        if let path = source["fieldRef", "fieldPath"]?.string { return try downward.field(path) }
        if let reference = source["resourceFieldRef"] {
            return try downward.resource(reference, defaultContainer: container)
        }
        let isSecret = source["secretKeyRef"] != nil
        guard let reference = source["secretKeyRef"] ?? source["configMapKeyRef"] else { return nil }
        let configuration = PodConfiguration(api: api, namespace: namespace)
        guard let data = try await configuration.data(isSecret: isSecret, reference, isText: true) else { return nil }
        let key = reference["key"]?.string ?? ""
        if let value = data[key] { return String(decoding: value, as: UTF8.self) }
        if reference["optional"]?.bool == true { return nil }
        let kind = isSecret ? "Secret" : "ConfigMap"
        let name = reference["name"]?.string ?? ""
        throw MeshError(.notFound, "couldn't find key \(key) in \(kind) \(namespace)/\(name)")
    }
}

/// Reads the ConfigMaps and Secrets that a pod refers to.
struct PodConfiguration: Sendable {
    let api: any KubernetesAPI
    let namespace: String

    /// All keys with their bytes; nil when the object is missing and `reference` says that this is fine.
    ///
    /// - Parameter isText: Whether the `binaryData` of a ConfigMap stays out: variables cannot hold it.
    func data(isSecret: Bool, _ reference: JSON, isText: Bool = false) async throws -> [String: [UInt8]]? {
        let name = reference["name"]?.string ?? reference["secretName"]?.string ?? ""
        do {
            let object = try await api.get(isSecret ? .secrets : .configMaps, namespace: namespace, name: name)
            return isSecret ? Self.secretData(object) : Self.configMapData(object, isText: isText)
        } catch let error as StatusError where error.isNotFound {
            if reference["optional"]?.bool == true { return nil }
            throw MeshError(.notFound, "\(isSecret ? "secret" : "configmap") \"\(name)\" not found")
        }
    }

    private static func secretData(_ secret: JSON) -> [String: [UInt8]] {
        (secret["data"]?.strings ?? [:]).compactMapValues(Base64.decode)
    }

    private static func configMapData(_ map: JSON, isText: Bool) -> [String: [UInt8]] {
        var data = (map["data"]?.strings ?? [:]).mapValues { Array($0.utf8) }
        if isText { return data }
        for (key, text) in map["binaryData"]?.strings ?? [:] { data[key] = Base64.decode(text) }
        return data
    }
}
