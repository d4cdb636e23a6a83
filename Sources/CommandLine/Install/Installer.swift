internal import Base
internal import Explain
internal import Injection
internal import JSON
internal import Kubernetes
internal import MeshAPI
internal import YAML

/// Brings a cluster to what an installation says, and waits until it is.
struct Installer {
    let api: any KubernetesAPI
    let installation: Installation
    let console: Console
    /// How long the control plane may take to become ready.
    let timeout: Duration

    /// - Throws: ``MeshError`` naming what did not become ready, or the API server's own error.
    func install() async throws {
        let manifests = try await Manifests(installation).served(by: api)
        let consequence = try await consequence(earlier: try await earlierMeshConfig())
        let deadline = ContinuousClock.now + timeout
        if !manifests.core.isEmpty {
            for object in manifests.core { try await apply(object, until: deadline) }
            try await waitForDefinitions(manifests.core, until: deadline)
            done("Istio core installed")
        }
        if !manifests.controlPlane.isEmpty {
            for object in manifests.controlPlane { try await apply(object, until: deadline) }
            try await ControlPlaneReadiness(api: api, installation: installation).wait(until: deadline)
            done("Istiod installed")
        }
        for object in manifests.policies { try await apply(object, until: deadline) }
        try await removeStale(
            Definition.policyKinds.map(\.installedType),
            component: "Base",
            keeping: manifests.policies
        )
        try await install(manifests.egressGateways, .egress, until: deadline)
        try await install(manifests.ingressGateways, .ingress, until: deadline)
        done("Installation complete")
        for text in try MeshConfig(installation.meshConfig).validate().warnings {
            console.complain("\(console.colored("!", "33", on: .error)) \(text)")
        }
        if let consequence { console.complain(consequence) }
    }

    /// Installs the gateways of a kind, and takes away those that an earlier installation had and this one has not.
    private func install(
        _ objects: [JSON],
        _ kind: GatewaySettings.Kind,
        until deadline: ContinuousClock.Instant
    ) async throws {
        for object in objects { try await apply(object, until: deadline) }
        try await removeStale(ObjectTypes.ofGateways, component: kind.component, keeping: objects)
        if objects.isEmpty { return }
        let rollout = Rollout(api: api)
        for object in objects where object["kind"] == "Deployment" { try await rollout.wait(object, until: deadline) }
        done(kind == .ingress ? "Ingress gateways installed" : "Egress gateways installed")
    }

    private func done(_ text: String) { console.print("\(console.colored("✔", "32")) \(text)") }

    /// Creates the object, or brings the one that is there to what it says.
    func apply(_ object: JSON, until deadline: ContinuousClock.Instant) async throws {
        guard let type = ObjectTypes.type(of: object) else {
            preconditionFailure("an installation has an object of unknown kind \(object["kind"]?.string ?? "?")")
        }
        let namespace = object["metadata", "namespace"]?.string
        let name = object["metadata", "name"]?.string ?? ""
        while true {
            do {
                try await ObjectUpdate(api: api, type: type, namespace: namespace, name: name).apply(object)
                return
            } catch let error as StatusError where Self.isPassing(error, type: type) && ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(50))
            } catch let error as StatusError {
                throw MeshError(.peerRejected, "could not apply \(type.kind) \(name)", cause: error)
            }
        }
    }

    /// A definition that was just created is not served at once, and the control plane's webhook not while it restarts.
    private static func isPassing(_ error: StatusError, type: ResourceType) -> Bool {
        if error.isConflict || error.code == 503 { return true }
        if error.isNotFound { return type.group.hasSuffix("istio.io") || type.isNamespaced }
        return error.code == 500 && error.message.contains("failed calling webhook")
    }

    private func waitForDefinitions(_ objects: [JSON], until deadline: ContinuousClock.Instant) async throws {
        for object in objects where object["kind"]?.string == "CustomResourceDefinition" {
            let name = object["metadata", "name"]?.string ?? ""
            while true {
                let live = try await api.get(.customResourceDefinitions, namespace: nil, name: name)
                if live.hasCondition("Established") { break }
                guard ContinuousClock.now < deadline else {
                    throw MeshError(
                        .timedOut,
                        "CustomResourceDefinition \(name) is not served yet; see kubectl describe crd \(name)"
                    )
                }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    /// The mesh configuration that is in force now; nil when there is no mesh.
    private func earlierMeshConfig() async throws -> MeshConfig? {
        let name = installation.revision.isEmpty ? "istio" : "istio-\(installation.revision)"
        do {
            let map = try await api.get(.configMaps, namespace: installation.namespace, name: name)
            guard let text = map["data", "mesh"]?.string, let document = try? YAML.value(text) else { return nil }
            return try? MeshConfig(document)
        } catch let error as StatusError where error.isNotFound {
            return nil
        }
    }

    /// Removes what an earlier installation of this revision had of a component and this one has not.
    private func removeStale(_ types: [ResourceType], component: String, keeping kept: [JSON]) async throws {
        func key(_ object: JSON) -> [String?] {
            [object["metadata", "namespace"]?.string, object["metadata", "name"]?.string]
        }
        guard installation.installsBase || component != "Base" else { return }
        let selector = "\(Manifests.componentLabel)=\(component),istio.io/rev=\(installation.revisionLabel)"
        for type in types {
            let keys = Set(kept.filter { $0["kind"]?.string == type.kind }.map(key))
            for object in try await api.itemsIfServed(type, labelSelector: selector) ?? [] {
                let own = key(object)
                guard !keys.contains(own), let name = own[1] else { continue }
                try await api.delete(type, namespace: own[0], name: name, gracePeriodSeconds: nil)
            }
        }
    }

    /// What turning automatic mutual TLS off will do to the connections there are; nil when that is not what happens.
    ///
    /// It is the one setting that takes encryption away without another word.
    private func consequence(earlier: MeshConfig?) async throws -> String? {
        let config = try MeshConfig(installation.meshConfig)
        guard let earlier, earlier.enableAutoMtls, !config.enableAutoMtls else { return nil }
        let snapshot = try await MeshSnapshot.load(
            api,
            systemNamespace: installation.namespace,
            revision: installation.revision
        )
        let changes = Plan(snapshot.model, applying: [], config: config).changes
        let readable = changes.count(where: \.becomesReadable)
        let broken = changes.count(where: \.breaks)
        return """
            \(console.colored("!", "33", on: .error)) Automatic mutual TLS is now off for the whole mesh. Sidecars send \
            plaintext wherever no DestinationRule says
              otherwise: what was encrypted automatically no longer is, and workloads that accept only mutual TLS
              (STRICT) refuse these connections. Of the connections between workloads that are there now, \(readable) lost
              their encryption and \(broken) broke; `apus matrix` shows them. To turn it on again:
              istioctl install --set meshConfig.enableAutoMtls=true
            """
    }
}

extension JSON {
    /// Whether `status.conditions` has one of this type that is true.
    func hasCondition(_ type: String) -> Bool {
        (self["status", "conditions"]?.array ?? []).contains {
            $0["type"]?.string == type && $0["status"]?.string == "True"
        }
    }
}
