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
    private let configMaps: Informer
    private let log = Log("ca")

    /// - Parameters:
    ///   - namespaces: Watches namespaces, and is run by somebody else.
    ///   - roots: PEM of what peers must trust.
    init(api: any KubernetesAPI, namespaces: Informer, roots: @escaping @Sendable () -> String) {
        self.api = api
        self.namespaces = namespaces
        self.roots = roots
        configMaps = Informer(api, .configMaps, labelSelector: "istio.io/config=true")
    }

    /// Writes what is missing or was changed, until the task is cancelled.
    func run() async {
        let feed = ChangeFeed()
        await withTaskGroup { group in
            group.addTask { await configMaps.run() }
            await configMaps.waitUntilSynced()
            namespaces.report(to: feed)
            configMaps.report(to: feed)
            group.addTask { await reconcileNowAndThen() }
            for await batch in feed { await settle(batch) }
            group.cancelAll()
        }
    }

    /// Looks at all namespaces again: the roots are others now, or something could not be written before.
    func reconcile() async {
        for namespace in namespaces.objects { await settle(namespace.metadata.name) }
    }

    private func reconcileNowAndThen() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(10))  // Cancelled: the loop ends.
            await reconcile()
        }
    }

    private func settle(_ batch: [ObjectChange]) async {
        var names: Set<String> = []
        for change in batch {
            if change.type == .namespaces { names.insert(change.key.name) }
            if change.type == .configMaps, change.key.name == Self.name { names.insert(change.key.namespace) }
        }
        for name in names.sorted() { await settle(name) }
    }

    /// Creates or corrects the ConfigMap of one namespace, if that is there to stay and lacks it.
    private func settle(_ namespace: String) async {
        let roots = roots()
        guard !Self.exceptions.contains(namespace), let object = namespaces.object(name: namespace),
            !object.metadata.isBeingDeleted,
            configMaps.object(namespace: namespace, name: Self.name)?["data", "root-cert.pem"]?.string != roots
        else { return }
        let configMap: JSON = [
            "apiVersion": "v1", "kind": "ConfigMap", "data": ["root-cert.pem": .string(roots)],
            "metadata": [
                "name": .string(Self.name), "namespace": .string(namespace), "labels": ["istio.io/config": "true"],
            ],
        ]
        do {
            try await replace(configMap, namespace)
        } catch {
            if Task.isCancelled { return }
            log.warn("ConfigMap \(namespace)/\(Self.name) cannot be written, next attempt in a few seconds: \(error)")
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
