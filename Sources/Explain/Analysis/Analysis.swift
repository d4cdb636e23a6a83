public import Base
public import JSON
public import Kubernetes
internal import Mesh
public import MeshAPI

/// `istioctl analyze`: what is wrong, or looks wrong, with a set of objects.
public struct Analysis: Sendable {
    /// An object and where it came from.
    public struct Resource: Sendable {
        public var object: JSON
        /// Empty for an object of a cluster.
        public var file: String
        /// Where it begins in the file; 0 when unknown.
        public var line: Int

        public init(_ object: JSON, file: String = "", line: Int = 0) {
            self.object = object
            self.file = file
            self.line = line
        }
    }

    public struct Options: Sendable {
        /// Only findings about objects of this namespace, and of none; nil for all.
        public var namespace: String?
        /// `CODE=Kind namespace/name`, with `*` for anything.
        public var suppressions: [String] = []
        /// Names of analyzers; all of them run when none of these exists.
        public var analyzers: [String] = []

        /// Secrets and ConfigMaps of which nothing is known, because whoever analyzes may not read them.
        public var unreadable: Set<ObjectKey> = []
        /// The moment for which certificates are judged.
        public var now = Timestamp.now

        public init() {}
    }

    /// Errors first, then by code, object and text; each once.
    public var messages: [AnalysisMessage]

    /// What `--list-analyzers` lists.
    public static let analyzerNames = Analyzer.all.map(\.name).sorted()

    public init(_ resources: [Resource], config: MeshConfig = MeshConfig(), options: Options = Options()) {
        var context = AnalysisContext(resources, config: config)
        context.unreadable = options.unreadable
        context.now = options.now
        let chosen = Analyzer.all.filter { options.analyzers.contains($0.name) }
        let findings = FindingList()
        for analyzer in chosen.isEmpty ? Analyzer.all : chosen { analyzer.run(context, findings) }
        var seen: Set<String> = []
        let told = Self.explained(findings.messages)
        messages = findings.messages
            .filter { message in !(message.isOfOwnCondition && told.contains(message.origin)) }
            .filter { message in
                options.namespace.map { message.namespace.isEmpty || message.namespace == $0 } ?? true
            }
            .filter { message in !options.suppressions.contains { Self.suppresses($0, message) } }
            .sorted(by: Self.isOrderedBefore)
            .filter { seen.insert($0.line).inserted }
    }

    /// The objects of which another finding says what is wrong, so that what their status says of it is nothing new.
    private static func explained(_ messages: [AnalysisMessage]) -> Set<String> {
        Set(messages.filter { !$0.isOfOwnCondition && $0.level > .info && $0.code != "APS0004" }.map(\.origin))
    }

    private static func isOrderedBefore(_ left: AnalysisMessage, _ right: AnalysisMessage) -> Bool {
        if left.level != right.level { return left.level > right.level }
        return (left.code, left.origin, left.text) < (right.code, right.origin, right.text)
    }

    /// Whether a suppression such as `IST0102=Namespace *` is for the message.
    static func suppresses(_ suppression: String, _ message: AnalysisMessage) -> Bool {
        let parts = suppression.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, parts[0] == message.code else { return false }
        return matches(Array(parts[1].utf8)[...], Array(message.origin.utf8)[...])
    }

    /// Whether `text` is of the form `pattern`, in which `*` stands for anything.
    private static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        var (pattern, text) = (pattern, text)
        var retry: (pattern: ArraySlice<UInt8>, text: ArraySlice<UInt8>)?
        while !text.isEmpty {
            if pattern.first == UInt8(ascii: "*") {
                pattern = pattern.dropFirst()
                retry = (pattern, text)
            } else if let first = pattern.first, first == text.first {
                pattern = pattern.dropFirst()
                text = text.dropFirst()
            } else if let (laterPattern, laterText) = retry {
                pattern = laterPattern
                text = laterText.dropFirst()
                retry = (pattern, text)
            } else {
                return false
            }
        }
        return pattern.allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

/// The findings so far.
final class FindingList {
    fileprivate var messages: [AnalysisMessage] = []

    /// - Parameter isOfOwnCondition: Whether it only repeats what the control plane found by the same rules.
    func add(
        _ code: String,
        _ level: AnalysisMessage.Level,
        _ resource: Analysis.Resource,
        _ text: String,
        isOfOwnCondition: Bool = false
    ) {
        let object = resource.object
        let key = object.metadata.key
        let suppressed = object.metadata.annotations["galley.istio.io/analyze-suppress"] ?? ""
        if suppressed.split(separator: ",").contains(where: { $0 == "*" || $0 == code }) { return }
        let line = resource.line > 0 ? ":\(resource.line)" : ""
        messages.append(
            AnalysisMessage(
                code: code,
                level: level,
                origin: "\(object.kind) \(key)",
                namespace: object.kind == "Namespace" ? key.name : key.namespace,
                reference: resource.file.isEmpty ? "" : resource.file + line,
                text: text,
                isOfOwnCondition: isOfOwnCondition
            )
        )
    }
}

/// The objects to be analyzed, by kind, and the mesh that they make.
struct AnalysisContext {
    private let byKind: [String: [Analysis.Resource]]
    let model: MeshModel
    /// Secrets and ConfigMaps of which nothing is known.
    var unreadable: Set<ObjectKey> = []
    /// The moment for which certificates are judged.
    var now = Timestamp.now
    var config: MeshConfig { model.config }

    init(_ resources: [Analysis.Resource], config: MeshConfig = MeshConfig()) {
        byKind = Dictionary(grouping: resources, by: \.object.kind)
        var model = MeshModel(config: config)
        for resource in resources { _ = model.update(resource.object) }
        self.model = model
    }

    func resources(_ kind: String) -> [Analysis.Resource] { byKind[kind] ?? [] }
    var all: [Analysis.Resource] { byKind.keys.sorted().flatMap { byKind[$0] ?? [] } }

    func resource(_ reference: ObjectReference) -> Analysis.Resource? {
        resources(reference.kind).first { $0.object.metadata.key == reference.key }
    }

    /// Whether a namespace belongs to the cluster or the mesh rather than to somebody's applications.
    func isSystem(_ namespace: String) -> Bool {
        [config.rootNamespace, "istio-system", "kube-system", "kube-public", "kube-node-lease", "local-path-storage"]
            .contains(namespace)
    }

    /// The host in full; a name without a dot means a service of the namespace.
    func fullName(_ host: String, in namespace: String) -> String {
        let host = host.lowercased()
        return host.contains(".") || host.contains(":") || host == "*"
            ? host : model.host(ofService: host, in: namespace)
    }

    /// The services that a host in an object of `namespace` means.
    func services(named host: String, in namespace: String) -> [Service] {
        let name = fullName(host, in: namespace)
        if let service = model.services[name] { return [service] }
        let wildcard = name.hasPrefix("*") ? name.dropFirst() : nil
        return model.services.values.filter { service in
            if let wildcard { return service.host.hasSuffix(wildcard) }
            return service.host.hasPrefix("*") && name.hasSuffix(service.host.dropFirst())
        }
    }
}

/// One kind of question, asked about all objects.
struct Analyzer: Sendable {
    /// The name that `--analyzer` takes.
    let name: String
    let run: @Sendable (AnalysisContext, FindingList) -> Void

    static let all = [
        Analyzer(name: "annotations.K8sAnalyzer", run: analyzeAnnotations),
        Analyzer(name: "applicationUID.Analyzer", run: analyzeUsers),
        Analyzer(name: "conditions.ConditionAnalyzer", run: analyzeConditions),
        Analyzer(name: "deprecation.DeprecationAnalyzer", run: analyzeDeprecations),
        Analyzer(name: "destinationrule.CaCertificateAnalyzer", run: analyzeCertificates),
        Analyzer(name: "destinationrule.ProxyProtocolAnalyzer", run: analyzeIntroductions),
        Analyzer(name: "destinationrule.SubsetSelectPodAnalyzer", run: analyzeSubsets),
        Analyzer(name: "gateway.CertificateAnalyzer", run: analyzeGatewayCertificates),
        Analyzer(name: "gateway.ConflictingGatewayAnalyzer", run: analyzeGatewayConflicts),
        Analyzer(name: "gateway.IngressGatewayPortAnalyzer", run: analyzeGatewayPorts),
        Analyzer(name: "gateway.SecretAnalyzer", run: analyzeGatewayCredentials),
        Analyzer(name: "gateway.ServerAnalyzer", run: analyzeGatewayServers),
        Analyzer(name: "injection.Analyzer", run: analyzeInjection),
        Analyzer(name: "injection.LabelAnalyzer", run: analyzeInjectionLabels),
        Analyzer(name: "mtls.ConflictAnalyzer", run: analyzeConflicts),
        Analyzer(name: "mtls.DoubleEncryptionAnalyzer", run: analyzeDoubleEncryption),
        Analyzer(name: "mtls.PolicyAnalyzer", run: analyzePolicies),
        Analyzer(name: "schema.ValidationAnalyzer", run: analyzeSchema),
        Analyzer(name: "service.ExternalNameAnalyzer", run: analyzeAliases),
        Analyzer(name: "service.PortNameAnalyzer", run: analyzePortNames),
        Analyzer(name: "serviceentry.Analyzer", run: analyzeEntries),
        Analyzer(name: "sidecar.SelectorAnalyzer", run: analyzeSidecars),
        Analyzer(name: "virtualservice.ConflictingMeshGatewayHostsAnalyzer", run: analyzeMeshHosts),
        Analyzer(name: "virtualservice.DestinationHostAnalyzer", run: analyzeDestinations),
        Analyzer(name: "virtualservice.GatewayAnalyzer", run: analyzeGateways),
        Analyzer(name: "virtualservice.IngressSubsetAnalyzer", run: analyzeIngressSubsets),
        Analyzer(name: "virtualservice.JWTClaimRouteAnalyzer", run: analyzeClaims),
        Analyzer(name: "virtualservice.UnusedRuleAnalyzer", run: analyzeUnusedRules),
    ]
}
