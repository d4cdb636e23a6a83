public import Base
public import JSON

/// What an installation is asked to be (install.istio.io/v1alpha1 IstioOperator), Helm values included.
public struct IstioOperator: Hashable, Sendable {
    public static let profiles = [
        "default", "demo", "minimal", "preview", "remote", "empty", "ambient", "stable", "openshift",
        "openshift-ambient",
    ]

    public var metadata: Metadata
    public var profile: String
    public var namespace: String
    public var revision: String
    public var hub: String
    public var tag: String
    /// `spec.meshConfig`, as written.
    public var meshConfig: JSON
    /// `spec.values`, as written.
    public var values: JSON
    /// `spec.components`, as written.
    public var components: JSON

    /// Reads the object strictly, its `meshConfig` included.
    public init(_ object: JSON) throws(MeshError) {
        guard object["kind"] == "IstioOperator", object["apiVersion"] == "install.istio.io/v1alpha1" else {
            let found = "\(object["apiVersion"]?.string ?? "?") \(object["kind"]?.string ?? "?")"
            throw MeshError(
                .invalidConfiguration,
                "expected an install.istio.io/v1alpha1 IstioOperator, found \(found)"
            )
        }
        let problems = FieldProblems()
        metadata = Metadata(of: object)
        var spec = FieldReader(object["spec"] ?? [:], path: "spec", problems: problems)
        profile = spec.string("profile") ?? "default"
        namespace = spec.string("namespace") ?? "istio-system"
        revision = spec.string("revision") ?? ""
        hub = spec.string("hub") ?? ""
        tag = spec.value("tag").map { $0.string ?? $0.text() } ?? ""
        meshConfig = spec.value("meshConfig") ?? [:]
        values = spec.value("values") ?? [:]
        components = spec.value("components") ?? [:]
        spec.ignore("installPackagePath", "unvalidatedValues", "compatibilityVersion", "addonComponents")
        spec.finish()
        if !Self.profiles.contains(profile) {
            problems.add(
                "spec.profile: unknown profile \"\(profile)\"; choose one of \(Self.profiles.joined(separator: ", "))"
            )
        }
        for (name, value) in [("meshConfig", meshConfig), ("values", values), ("components", components)]
        where value.object == nil {
            problems.add("spec.\(name): must be an object, not \(value.typeName)")
        }
        checkSwitches(problems)
        if let text = Validation(errors: problems.texts).errorText {
            throw MeshError(.invalidConfiguration, "IstioOperator \(metadata.name) cannot be read: \(text)")
        }
        _ = try MeshConfig(meshConfigOverlay)
    }

    /// A switch that is neither on nor off would silently mean its default, such as not to require mutual TLS.
    private func checkSwitches(_ problems: FieldProblems) {
        let switches = [
            ("values.global.mtls.enabled", values["global", "mtls", "enabled"]),
            ("values.global.mtls.auto", values["global", "mtls", "auto"]),
            ("components.base.enabled", components["base", "enabled"]),
            ("components.pilot.enabled", components["pilot", "enabled"]),
        ]
        for (path, value) in switches {
            guard let value, !value.isNull, value.bool == nil else { continue }
            problems.add("spec.\(path): must be true or false, not \(value.text())")
        }
    }

    /// What goes to the ConfigMap `istio`: what the values say of the mesh, and over it `spec.meshConfig`.
    public var meshConfigOverlay: JSON {
        var overlay: JSON = values["meshConfig"] ?? [:]
        if let isAutomatic = values["global", "mtls", "auto"]?.bool { overlay["enableAutoMtls"] = .bool(isAutomatic) }
        if let file = values["global", "proxy", "accessLogFile"]?.string { overlay["accessLogFile"] = .string(file) }
        if let domain = values["global", "trustDomain"]?.string, !domain.isEmpty {
            overlay["trustDomain"] = .string(domain)
        }
        if profile == "demo", overlay["accessLogFile"] == nil { overlay["accessLogFile"] = "/dev/stdout" }
        return MeshConfig.merge(overlay, meshConfig)
    }

    /// Whether the values choose mutual TLS as Istio up to 1.5 did, which brings ``legacyObjects(clusterDomain:)``.
    public var usesLegacyPolicies: Bool { values["global", "mtls"]?.object != nil }

    /// The policies and rules that Istio up to 1.5 created with `values.global.mtls.enabled`.
    public func legacyObjects(clusterDomain: String = "cluster.local") -> [JSON] {
        guard usesLegacyPolicies else { return [] }
        let isStrict = values["global", "mtls", "enabled"]?.bool ?? false
        var objects: [JSON] = [meshPolicy(isStrict: isStrict)]
        if isStrict {
            objects.append(rule("default", host: "*.local", ["tls": ["mode": "ISTIO_MUTUAL"]]))
            let apiServer = "kubernetes.default.svc.\(clusterDomain)"
            objects.append(rule("api-server", host: apiServer, ["tls": ["mode": "DISABLE"]]))
        }
        guard profile == "demo" else { return objects }
        objects.append([
            "apiVersion": "authentication.istio.io/v1alpha1", "kind": "Policy",
            "metadata": ["name": "grafana-ports-mtls-disabled", "namespace": .string(namespace)],
            "spec": ["targets": [["name": "grafana", "ports": [["number": 3000]]]]],
        ])
        let pool: JSON = ["connectionPool": ["http": ["http2MaxRequests": 10000, "maxRequestsPerConnection": 10000]]]
        for name in ["istio-policy", "istio-telemetry"] {
            objects.append(rule(name, host: "\(name).\(namespace).svc.\(clusterDomain)", pool))
        }
        return objects
    }

    private func meshPolicy(isStrict: Bool) -> JSON {
        [
            "apiVersion": "authentication.istio.io/v1alpha1", "kind": "MeshPolicy", "metadata": ["name": "default"],
            "spec": ["peers": [["mtls": isStrict ? [:] : ["mode": "PERMISSIVE"]]]],
        ]
    }

    private func rule(_ name: String, host: String, _ trafficPolicy: JSON) -> JSON {
        [
            "apiVersion": "networking.istio.io/v1alpha3", "kind": "DestinationRule",
            "metadata": ["name": .string(name), "namespace": .string(namespace)],
            "spec": ["host": .string(host), "trafficPolicy": trafficPolicy],
        ]
    }
}
