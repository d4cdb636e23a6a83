public import Base
internal import JSON
internal import YAML

/// Injects the workloads of a manifest, as `istioctl kube-inject` does; everything else passes unchanged.
public struct ManifestInjection: Sendable {
    /// The manifest with its workloads injected, and what its reader should know.
    public struct Result: Hashable, Sendable {
        /// YAML; each document is followed by a line `---`.
        public var text: String
        /// Lines for standard error.
        public var warnings: [String]
    }

    private let injector: Injector

    public init(settings: InjectionSettings) {
        // Who runs the command wants injection: the policy is for pods that nobody asks about.
        var settings = settings
        settings.policy = .enabled
        injector = Injector(settings: settings)
    }

    /// - Throws: `invalidConfiguration` naming the document when the text is no YAML or an annotation is wrong.
    public func inject(_ manifest: String) throws(MeshError) -> Result {
        let documents: [YAML.Document]
        do {
            documents = try YAML.documents(manifest)
        } catch {
            throw MeshError(.invalidConfiguration, "the manifest cannot be read", cause: error)
        }
        var result = Result(text: "", warnings: [])
        for document in documents where !document.value.isNull {
            result.text += YAML.text(try inject(document.value, &result.warnings)) + "---\n"
        }
        return result
    }

    private func inject(_ object: JSON, _ warnings: inout [String]) throws(MeshError) -> JSON {
        if object["kind"]?.string == "List", let items = object["items"]?.array {
            var injected: [JSON] = []
            for item in items { injected.append(try inject(item, &warnings)) }
            var list = object
            list["items"] = .array(injected)
            return list
        }
        guard let path = Self.podPath(of: object), let pod = path.isEmpty ? object : object[path] else { return object }
        let name = Self.title(object)
        let outcome: Injector.Result
        do throws(MeshError) {
            outcome = try injector.inject(
                pod,
                namespace: object["metadata", "namespace"]?.string,
                workload: Self.workload(object)
            )
        } catch {
            throw MeshError(error.code, "\(name): \(error.message)", cause: error.cause)
        }
        warnings += outcome.warnings.map { "===> \(name): \($0)" }
        switch outcome.outcome {
        case .injected(let pod):
            guard !path.isEmpty else { return pod }
            var result = object
            result[path] = pod
            return result
        case .skipped(let reason):
            warnings.append("===> Skipping injection because \(name) \(reason)")
            return object
        }
    }

    /// Where an object keeps its pod: empty for a Pod itself, nil when it has none.
    static func podPath(of object: JSON) -> [String]? {
        switch object["kind"]?.string {
        case "Pod": []
        case "CronJob": ["spec", "jobTemplate", "spec", "template"]
        case "Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "ReplicationController", "Job",
            "DeploymentConfig":
            ["spec", "template"]
        default: nil
        }
    }

    private static func title(_ object: JSON) -> String {
        let name = object["metadata", "name"]?.string ?? object["metadata", "generateName"]?.string ?? ""
        let qualified = object["metadata", "namespace"]?.string.map { "\($0)/\(name)" } ?? name
        return "\(object["kind"]?.string ?? "object") \"\(qualified)\""
    }

    private static func workload(_ object: JSON) -> Workload? {
        guard let name = object["metadata", "name"]?.string, let kind = object["kind"]?.string,
            let version = object["apiVersion"]?.string
        else { return nil }
        return Workload(name: name, kind: kind, apiVersion: version)
    }
}
