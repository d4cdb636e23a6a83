internal import Base
internal import JSON
public import Kubernetes
internal import Mesh
internal import MeshAPI

extension Analysis {
    /// The Secrets and ConfigMaps that Gateways name, where the pods of their gateways are.
    ///
    /// Whoever analyzes a cluster reads these, and no others.
    public static func credentials(of resources: [Resource], isConfigMap: Bool = false) -> Set<ObjectKey> {
        let kinds = ["Pod", "Gateway"]
        let context = AnalysisContext(resources.filter { kinds.contains($0.object.kind) })
        var keys: Set<ObjectKey> = []
        for use in context.resources("Gateway").flatMap({ GatewayCredential.all(of: $0, in: context) }) {
            guard let reference = try? use.reference.get(), (reference.kind == .configMap) == isConfigMap else {
                continue
            }
            keys.formUnion(use.keys)
        }
        return keys
    }
}

/// One Secret that a Gateway names, seen from the namespace of one of its gateways' pods.
private struct GatewayCredential {
    /// What the Gateway says, or what follows from it for the roots.
    let text: String
    let namespace: String
    let reference: Result<CredentialReference, MeshError>

    init(_ text: String, namespace: String) {
        self.text = text
        self.namespace = namespace
        do {
            reference = .success(try CredentialReference(text, namespace: namespace))
        } catch {
            reference = .failure(error)
        }
    }

    /// The objects that may hold it, the first that exists counts.
    var keys: [ObjectKey] {
        guard let reference = try? reference.get() else { return [] }
        return [reference.name, reference.fallbackName].compactMap(\.self)
            .map { ObjectKey(namespace: reference.namespace, name: $0) }
    }

    /// All of a Gateway's, each once for each namespace.
    static func all(of resource: Analysis.Resource, in context: AnalysisContext) -> [Self] {
        guard let gateway = try? Gateway(resource.object) else { return [] }
        var seen: Set<String> = []
        let namespaces = Set(context.pods(of: gateway).map(\.namespace)).sorted()
        return namespaces.flatMap { namespace in
            gateway.servers.compactMap(\.tls).flatMap(names).filter { seen.insert("\(namespace)/\($0)").inserted }
                .map { Self($0, namespace: namespace) }
        }
    }

    private static func names(_ tls: ServerTLSSettings) -> [String] {
        guard tls.endsTLS, let first = tls.credentials.first else { return [] }
        let roots = tls.caCertCredentialName.isEmpty ? first : tls.caCertCredentialName
        return tls.credentials + (tls.mode == .simple ? [] : [CredentialReference.rootsName(for: roots)])
    }
}

extension AnalysisContext {
    /// The pods that a Gateway is for.
    fileprivate func pods(of gateway: Gateway) -> [Workload] {
        model.workloads.values.filter { pod in
            guard let selector = gateway.selector, !selector.matchLabels.isEmpty else { return pod.isGateway }
            return !pod.isFinished && selector.matches(pod.labels)
        }
    }

    /// A Secret or ConfigMap; nil when there is none.
    fileprivate func object(_ kind: CredentialReference.Kind, _ key: ObjectKey) -> JSON? {
        resource(ObjectReference(kind == .secret ? "Secret" : "ConfigMap", key))?.object
    }
}

/// IST0101, IST0161 and APS0004: credentials that are not there, cannot be used, or may surprise.
@Sendable func analyzeGatewayCredentials(_ context: AnalysisContext, _ findings: FindingList) {
    for resource in context.resources("Gateway") {
        for use in GatewayCredential.all(of: resource, in: context) { analyze(use, resource, context, findings) }
    }
}

private func analyze(
    _ use: GatewayCredential,
    _ resource: Analysis.Resource,
    _ context: AnalysisContext,
    _ findings: FindingList
) {
    guard case .success(let reference) = use.reference else {
        findings.add("IST0101", .error, resource, "Referenced credentialName not found: \"\(use.text)\"")
        return
    }
    guard !use.keys.contains(where: context.unreadable.contains) else { return }
    let found = use.keys.lazy.compactMap { key in context.object(reference.kind, key).map { (key, $0) } }.first
    guard let (key, object) = found else {
        let place = "\(reference.kind == .secret ? "Secret" : "ConfigMap") \(reference.namespace)/\(reference.name)"
        findings.add(
            "IST0101",
            .error,
            resource,
            "Referenced credentialName not found: \"\(use.text)\" (there is no \(place), beside the gateway's pods)"
        )
        return
    }
    let gateway = resource.object.metadata
    func invalid(_ what: String) {
        findings.add(
            "IST0161",
            .error,
            resource,
            "The credential referenced by the Gateway \(gateway.name) in namespace \(gateway.namespace) is invalid, which "
                + "can cause the traffic not to work as expected. \(object.kind) \(key): \(what)"
        )
    }
    func note(_ what: String) {
        findings.add("APS0004", .warning, resource, "\(object.kind) \(key), which it names: \(what)")
    }
    do {
        let content =
            reference.isRoots
            ? try SecretContent(rootsOf: object, isConfigMap: reference.kind == .configMap)
            : try SecretContent(certificateOf: object)
        let check = CertificateCheck(content, now: context.now)
        for error in check.errors { invalid(error) }
        for warning in check.warnings { note(warning) }
    } catch {
        invalid(error.message)
    }
    if reference.kind == .secret, object["data", "token"] != nil {
        note(
            "it has a key token, and gateways of Istio up to 1.4 (ASM before 1.17) take it for a service account's and "
                + "ignore it; remove the key where such gateways may read it"
        )
    }
}
