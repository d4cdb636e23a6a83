internal import Base
internal import Injection
internal import JSON
internal import Kubernetes
internal import MeshAPI
internal import Synchronization
internal import YAML

/// What the operator has set for the whole mesh: ConfigMaps `istio` and `istio-sidecar-injector`.
///
/// A document that cannot be used is reported, and the last good one stays in force.
final class Settings: Sendable {
    private struct State {
        var mesh = MeshConfig()
        var injector: (config: JSON, values: JSON) = ([:], [:])
    }

    private let informer: Informer
    private let meshName: String
    private let injectorName: String
    private let revision: String
    private let state = Mutex(State())
    private let log = Log("config")

    init(api: any KubernetesAPI, namespace: String, revision: String) {
        self.revision = revision
        let suffix = revision.isEmpty || revision == "default" ? "" : "-\(revision)"
        meshName = "istio\(suffix)"
        injectorName = "istio-sidecar-injector\(suffix)"
        informer = Informer(api, .configMaps, namespace: namespace, keeping: KeptParts.of(.configMaps))
    }

    var mesh: MeshConfig { state.withLock(\.mesh) }

    /// How pods are injected now.
    func injection(usesNativeSidecars: Bool) -> InjectionSettings {
        let (mesh, injector) = state.withLock { ($0.mesh, $0.injector) }
        var settings = InjectionSettings(mesh: mesh.document, config: injector.config, values: injector.values)
        if !revision.isEmpty { settings.revision = revision }
        settings.usesNativeSidecars = usesNativeSidecars
        return settings
    }

    /// Follows the ConfigMaps until the task is cancelled; `changed` is called for each new mesh configuration.
    func run(changed: @escaping @Sendable (MeshConfig) -> Void) async {
        let changes = informer.changes()
        await withTaskGroup { group in
            group.addTask { await self.informer.run() }
            for await batch in changes {
                for change in batch where change.key.name == meshName || change.key.name == injectorName {
                    if take(change) { changed(mesh) }
                }
            }
            group.cancelAll()
        }
    }

    /// Waits until what is set now is in force.
    func waitUntilSynced() async {
        await informer.waitUntilSynced()
        for name in [meshName, injectorName] {
            guard let object = informer.objects.first(where: { $0.metadata.name == name }) else { continue }
            _ = take(ObjectChange(type: .configMaps, key: object.metadata.key, before: nil, after: object))
        }
    }

    /// - Returns: Whether the mesh configuration is another one now.
    private func take(_ change: ObjectChange) -> Bool {
        guard let data = change.after?["data"] else {
            log.warn("ConfigMap \(change.key) is gone; what it said stays in force until it is back")
            return false
        }
        do {
            if change.key.name == meshName { return set(try Self.mesh(data["mesh"]?.string ?? "")) }
            let config = try YAML.value(data["config"]?.string ?? "{}")
            let values = try YAML.value(data["values"]?.string ?? "{}")
            state.withLock { $0.injector = (config, values) }
        } catch {
            log.error("ConfigMap \(change.key) cannot be used, its last good content stays in force: \(error)")
        }
        return false
    }

    /// Reads the key `mesh` of the ConfigMap.
    static func mesh(_ text: String) throws -> MeshConfig {
        let document = try YAML.value(text.isEmpty ? "{}" : text)
        return try MeshConfig(document.isNull ? [:] : document)
    }

    private func set(_ mesh: MeshConfig) -> Bool {
        let before = state.withLock { state in
            defer { state.mesh = mesh }
            return state.mesh
        }
        guard before != mesh else { return false }
        log.info("mesh configuration: \(mesh.document)")
        for warning in Self.consequences(of: mesh, after: before) { log.warn(warning) }
        return true
    }

    /// What an operator should hear who changes the mesh's configuration from `before` to `mesh`.
    static func consequences(of mesh: MeshConfig, after before: MeshConfig) -> [String] {
        var texts: [String] = []
        if before.enableAutoMtls, !mesh.enableAutoMtls {
            texts.append(
                "automatic mutual TLS is OFF (meshConfig.enableAutoMtls: false): from now on clients send PLAINTEXT to "
                    + "every service that no DestinationRule with tls.mode ISTIO_MUTUAL names, and requests to services "
                    + "that require mutual TLS (STRICT) fail; add such rules, or set enableAutoMtls to true again"
            )
        }
        if !before.enableAutoMtls, mesh.enableAutoMtls {
            texts.append("automatic mutual TLS is on: clients use mutual TLS with every workload that can")
        }
        if before.trustDomain != mesh.trustDomain {
            texts.append(
                "the trust domain is \(mesh.trustDomain) now, was \(before.trustDomain): workloads keep their old "
                    + "identities until they are restarted; list the old one in trustDomainAliases until then"
            )
        }
        return texts + mesh.validate().warnings
    }
}
