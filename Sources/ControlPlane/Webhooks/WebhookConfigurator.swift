internal import Base
internal import JSON
internal import Kubernetes

/// Tells the API server which CA our webhooks' certificate comes from, and to insist on validation once we answer.
struct WebhookConfigurator {
    private let api: any KubernetesAPI
    private let namespace: String
    private let service: String
    private let roots: @Sendable () -> String
    private let informers: [Informer]
    private let log = Log("webhook")

    /// - Parameters:
    ///   - service: The Service by whose name our webhooks are called; other configurations are left alone.
    ///   - roots: PEM of the mesh's roots.
    init(api: any KubernetesAPI, namespace: String, service: String, roots: @escaping @Sendable () -> String) {
        self.api = api
        self.namespace = namespace
        self.service = service
        self.roots = roots
        informers = [.mutatingWebhookConfigurations, .validatingWebhookConfigurations].map { Informer(api, $0) }
    }

    /// Keeps the configurations right until the task is cancelled; the webhooks must be served by then.
    func run() async {
        let feed = ChangeFeed()
        for informer in informers { informer.report(to: feed) }
        await withTaskGroup { group in
            for informer in informers { group.addTask { await informer.run() } }
            group.addTask { await reconcileNowAndThen() }
            for await batch in feed {
                for change in batch {
                    if let object = change.after { await settle(change.type, object) }
                }
            }
            group.cancelAll()
        }
    }

    /// Looks at all configurations again: the roots are others now, or something could not be written before.
    func reconcile() async {
        for informer in informers { for object in informer.objects { await settle(informer.type, object) } }
    }

    private func reconcileNowAndThen() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(10))  // Cancelled: the loop ends.
            await reconcile()
        }
    }

    /// Writes `object` as it should be, if it is not; a conflict brings it back through the watch.
    private func settle(_ type: ResourceType, _ object: JSON) async {
        guard let wanted = corrected(type, object), wanted != object else { return }
        do {
            _ = try await api.update(type, namespace: nil, subresource: nil, wanted)
            log.info("\(object.objectDescription) now trusts the mesh's CA")
        } catch let error as StatusError where error.isConflict || error.isNotFound {
            log.debug("\(object.objectDescription) has changed in between")
        } catch {
            log.error("\(object.objectDescription) cannot be updated, next attempt in a few seconds: \(error)")
        }
    }

    /// The object with our CA in the webhooks that call us; nil when none does.
    func corrected(_ type: ResourceType, _ object: JSON) -> JSON? {
        guard let webhooks = object["webhooks"]?.array else { return nil }
        var isOurs = false
        let bundle = JSON.string(Base64.encode(Array(roots().utf8)))
        let corrected = webhooks.map { webhook -> JSON in
            let target = webhook["clientConfig", "service"]
            guard target?["name"]?.string == service, target?["namespace"]?.string == namespace else { return webhook }
            isOurs = true
            var webhook = webhook
            webhook["clientConfig", "caBundle"] = bundle
            if type == .validatingWebhookConfigurations { webhook["failurePolicy"] = "Fail" }
            return webhook
        }
        guard isOurs else { return nil }
        var result = object
        result["webhooks"] = .array(corrected)
        return result
    }
}
