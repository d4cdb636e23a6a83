internal import Base
internal import JSON
internal import Kubernetes

/// Puts the mesh's roots into every namespace, where pods mount them: ConfigMap `istio-ca-root-cert`.
struct RootDistributor: Sendable {
    /// The ConfigMap's name; its key is `root-cert.pem`.
    static let name = "istio-ca-root-cert"
    private static let exceptions: Set<String> = ["kube-public", "kube-node-lease", "local-path-storage"]

    private let api: any KubernetesAPI
    private let roots: @Sendable () -> String
    private let namespaces: Informer
    private let log = Log("ca")

    /// - Parameters:
    ///   - namespaces: Watches namespaces, and is run by somebody else.
    ///   - roots: PEM of what peers must trust.
    init(api: any KubernetesAPI, namespaces: Informer, roots: @escaping @Sendable () -> String) {
        self.api = api
        self.namespaces = namespaces
        self.roots = roots
    }

    /// Writes what is missing or was changed, until the task is cancelled.
    func run() async {
        let configMaps = Informer(api, .configMaps, labelSelector: "istio.io/config=true")
        let feed = ChangeFeed()
        await withTaskGroup { group in
            group.addTask { await configMaps.run() }
            await configMaps.waitUntilSynced()
            namespaces.report(to: feed)
            configMaps.report(to: feed)
            for await batch in feed { await settle(batch, configMaps) }
            group.cancelAll()
        }
    }

    /// Looks at all namespaces again, because the roots are others now.
    func rootsChanged() async {
        for namespace in namespaces.objects { await write(namespace.metadata.name) }
    }

    private func settle(_ batch: [ObjectChange], _ configMaps: Informer) async {
        var names: Set<String> = []
        for change in batch {
            if change.type == .namespaces { names.insert(change.key.name) }
            if change.type == .configMaps, change.key.name == Self.name { names.insert(change.key.namespace) }
        }
        for name in names.sorted() {
            let current = configMaps.object(namespace: name, name: Self.name)
            if current?["data", "root-cert.pem"]?.string != roots() { await write(name) }
        }
    }

    /// Creates or corrects the ConfigMap of one namespace, if that is there to stay.
    private func write(_ namespace: String) async {
        guard !Self.exceptions.contains(namespace), let object = namespaces.object(name: namespace),
            !object.metadata.isBeingDeleted
        else { return }
        let configMap: JSON = [
            "apiVersion": "v1", "kind": "ConfigMap", "data": ["root-cert.pem": .string(roots())],
            "metadata": [
                "name": .string(Self.name), "namespace": .string(namespace), "labels": ["istio.io/config": "true"],
            ],
        ]
        var backoff = Backoff()
        for _ in 0..<5 {
            do {
                return try await replace(configMap, namespace)
            } catch {
                if Task.isCancelled || namespaces.object(name: namespace)?.metadata.isBeingDeleted ?? true { return }
                log.warn("ConfigMap \(namespace)/\(Self.name) cannot be written: \(error)")
                try? await Task.sleep(for: backoff.failed())  // Cancelled: noticed above.
            }
        }
    }

    private func replace(_ configMap: JSON, _ namespace: String) async throws {
        do {
            _ = try await api.create(.configMaps, namespace: namespace, configMap)
        } catch let error as StatusError where error.alreadyExists {
            _ = try await api.update(.configMaps, namespace: namespace, subresource: nil, configMap)
        }
    }
}
