internal import Base
internal import Explain
internal import JSON
internal import Kubernetes
internal import MeshAPI
internal import YAML

extension Command {
    static let plan = Command(
        name: "plan",
        arguments: "-f FILENAME",
        summary: "Tell what applying or deleting manifests would change, without doing it",
        details: """
            Applies manifests to a copy of what the cluster has, and tells which connections would break, which would
            lose their encryption, and which would change otherwise; and which requests sidecars and gateways would route
            otherwise. An IstioOperator in them stands for a changed
            mesh configuration. Nothing in the cluster is touched.
            """,
        examples: """
            # What would requiring mutual TLS break?
            apus plan -f strict.yaml

            # What if this rule were gone?
            apus plan -f rule.yaml --delete
            """,
        flags: [
            Flag("filename", "f", .strings, "Manifests; - is standard input"),
            Flag("delete", "", .bool, "What deleting the objects would change, instead of applying them"),
            Flag("fail", "", .bool, "Exit with status 79 when a connection would break or lose its encryption"),
        ],
        run: { invocation in
            let paths = invocation.strings("filename")
            guard !paths.isEmpty else {
                throw ExitError("must specify at least one file to plan", status: ExitError.usage)
            }
            let cluster = try await invocation.cluster()
            let manifests = try PlannedManifests(paths, namespace: invocation.namespace(of: cluster))
            let model = try await MeshSnapshot.load(cluster.api, systemNamespace: invocation.systemNamespace).model
            let isDeleting = invocation.bool("delete")
            var plan = Plan(
                model,
                applying: isDeleting ? [] : manifests.objects,
                deleting: isDeleting ? manifests.objects : [],
                config: isDeleting ? nil : manifests.config
            )
            // The control plane and the cluster's own pods call no services of the mesh.
            let hidden = ["kube-system", invocation.systemNamespace].map { ".\($0)" }
            plan.changes.removeAll { change in hidden.contains(where: change.client.hasSuffix) }
            invocation.console.write(.output, plan.text)
            let isHarmful = plan.changes.contains { $0.breaks || $0.becomesReadable }
            if invocation.bool("fail"), isHarmful || plan.remarks.contains(where: { !$0.validation.isValid }) {
                throw ExitError(nil, status: ExitError.findings)
            }
        }
    )
}

/// What the files of a plan say.
private struct PlannedManifests {
    private(set) var objects: [JSON] = []
    /// The mesh configuration that an IstioOperator asks for.
    private(set) var config: MeshConfig?

    /// - Parameter namespace: Where objects go that do not say.
    init(_ paths: [String], namespace: String) throws(MeshError) {
        for path in paths {
            let text = try ManifestFile.text(path)
            do {
                for value in try YAML.values(text) { try add(value, path, namespace) }
            } catch let error as YAMLError {
                throw MeshError(.invalidConfiguration, "could not read \(path)", cause: error)
            } catch let error as MeshError {
                throw error
            } catch {
                throw MeshError(.invalidConfiguration, "could not use \(path)", cause: error)
            }
        }
    }

    private mutating func add(_ value: JSON, _ path: String, _ namespace: String) throws {
        switch value["kind"]?.string {
        case "List": for item in value["items"]?.array ?? [] { try add(item, path, namespace) }
        case "IstioOperator":
            let installation = try Installation(files: [(path, YAML.text(value))], sets: [])
            config = try MeshConfig(installation.meshConfig)
        case nil: throw MeshError(.invalidConfiguration, "\(path): an object has no kind")
        default:
            var object = value
            let isNamespaced = object["kind"]?.string != "Namespace" && object["kind"]?.string != "MeshPolicy"
            if isNamespaced, object["metadata", "namespace"] == nil {
                object["metadata", "namespace"] = .string(namespace)
            }
            objects.append(object)
        }
    }
}
