internal import Base
internal import Injection
internal import JSON
internal import MeshAPI
internal import YAML

/// What is to be installed: a profile, with files and `--set` laid over it.
struct Installation {
    let profile: Profile
    /// IstioOperator's `spec` with everything in its place.
    let spec: JSON
    /// ``spec`` as the mesh understands it.
    let meshOperator: IstioOperator

    /// - Parameters:
    ///   - files: Texts of IstioOperator objects with the names under which errors mention them.
    ///   - sets: `--set` arguments, the last of which wins.
    /// - Throws: `invalidConfiguration` naming the file or setting.
    init(files: [(name: String, text: String)], sets: [String], isLegacy: Bool = false) throws(MeshError) {
        var overlay: JSON = [:]
        for file in files {
            overlay = GatewaySettings.merge(overlay, with: try Self.spec(of: file.text, name: file.name))
        }
        var paths: [SettingPath] = []
        for text in sets {
            let path = try SettingPath(parsing: text)
            try Self.check(path.shape, source: "--set \(text)")
            paths.append(path)
        }
        let chosen = paths.last { $0.steps == [.member("profile")] }?.value.string
        profile = try Self.profile(named: chosen ?? overlay["profile"]?.string ?? "default")
        var spec = GatewaySettings.merge(profile.spec, with: overlay)
        for path in paths { try path.apply(to: &spec) }
        // Istio 1.4 always chose between the two, and chose not to require mutual TLS.
        if isLegacy, spec["values", "global", "mtls", "enabled"] == nil {
            spec["values", "global", "mtls", "enabled"] = false
        }
        self.spec = spec
        meshOperator = try IstioOperator([
            "apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator",
            "metadata": ["name": "installed-state"], "spec": spec,
        ])
    }

    private static func profile(named name: String) throws(MeshError) -> Profile {
        if let profile = Profile(rawValue: name) { return profile }
        let known = Profile.allCases.map(\.rawValue).joined(separator: ", ")
        throw MeshError(.invalidConfiguration, "profile \"\(name)\" is not known: one of \(known)")
    }

    private static func spec(of text: String, name: String) throws(MeshError) -> JSON {
        var spec: JSON = [:]
        let documents: [JSON]
        do {
            documents = try YAML.values(text)
        } catch {
            throw MeshError(.invalidConfiguration, "could not read \(name)", cause: error)
        }
        for document in documents {
            guard document["kind"]?.string == "IstioOperator",
                document["apiVersion"]?.string == "install.istio.io/v1alpha1"
            else {
                throw MeshError(
                    .invalidConfiguration,
                    "\(name): expected an IstioOperator of install.istio.io/v1alpha1, found "
                        + "\(document["kind"]?.string ?? "no kind") of \(document["apiVersion"]?.string ?? "no apiVersion")"
                )
            }
            let own = document["spec"] ?? [:]
            try check(own, source: name)
            spec = spec.merged(with: own)
        }
        return spec
    }

    private static func check(_ spec: JSON, source: String) throws(MeshError) {
        guard let unknown = SettingShape.operatorSpec.unknownName(in: spec) else { return }
        let last = unknown.path.split(separator: ".").last.map(String.init) ?? unknown.path
        let parent = unknown.path.dropLast(last.count)
        let hint = Spelling.nearest(to: last, among: unknown.known).map { "did you mean \(parent)\($0)?" }
        throw MeshError(
            .invalidConfiguration,
            "\(source): unknown setting \(unknown.path); "
                + (hint ?? "there is \(unknown.known.prefix(8).joined(separator: ", "))…")
        )
    }

    var namespace: String {
        spec["namespace"]?.string ?? spec["values", "global", "istioNamespace"]?.string ?? "istio-system"
    }
    var revision: String { spec["revision"]?.string ?? "" }
    /// The revision's name in labels: `default` for the unnamed one.
    var revisionLabel: String { revision.isEmpty ? "default" : revision }
    var hub: String { spec["hub"]?.string ?? spec["values", "global", "hub"]?.string ?? "docker.io/apus" }
    var tag: String {
        spec["tag"]?.string ?? spec["values", "global", "tag"].flatMap { $0.string ?? $0.int.map(String.init) }
            ?? Version.current
    }
    var installsBase: Bool { spec["components", "base", "enabled"]?.bool ?? true }
    var installsControlPlane: Bool { spec["components", "pilot", "enabled"]?.bool ?? true }

    /// The gateways that are wanted.
    func gateways(_ kind: GatewaySettings.Kind) -> [GatewaySettings] {
        GatewaySettings.all(kind, of: spec, namespace: namespace).filter(\.isEnabled)
    }

    /// The mesh configuration, as ConfigMap `istio` holds it.
    var meshConfig: JSON {
        let base: JSON = [
            "defaultConfig": ["discoveryAddress": .string("\(serviceName).\(namespace).svc:15012")],
            "rootNamespace": .string(namespace), "trustDomain": "cluster.local", "enablePrometheusMerge": true,
        ]
        // Both were read when the operator was, so there is nothing left to go wrong.
        let merged = try? MeshConfig(base).merging(meshOperator.meshConfigOverlay)
        return merged?.document ?? base
    }

    /// The values, as the injector reads them.
    var values: JSON {
        var own = spec["values"] ?? [:]
        own["meshConfig"] = nil
        own["global", "hub"] = .string(hub)
        own["global", "tag"] = .string(tag)
        own["global", "istioNamespace"] = .string(namespace)
        own["revision"] = .string(revision)
        return InjectionSettings.defaultValues.merged(with: own)
    }

    /// The name of the control plane's Deployment and Service.
    var serviceName: String { revision.isEmpty ? "istiod" : "istiod-\(revision)" }
}
