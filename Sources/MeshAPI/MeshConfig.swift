public import Base
public import JSON

/// What happens to connections whose destination the mesh does not know (`outboundTrafficPolicy.mode`).
public enum OutboundTrafficPolicy: String, CaseIterable, Sendable {
    /// They are refused.
    case registryOnly = "REGISTRY_ONLY"
    /// They are forwarded as they are.
    case allowAny = "ALLOW_ANY"
    case allowAnyDynamicDNS = "ALLOW_ANY_DYNAMIC_DNS"
}

/// What holds for the whole mesh (key `mesh` of ConfigMap `istio`); the defaults are Istio's.
public struct MeshConfig: Hashable, Sendable {
    public enum InboundTrafficPolicy: String, CaseIterable, Sendable {
        case passthrough = "PASSTHROUGH"
        case localhost = "LOCALHOST"
    }

    public enum AccessLogEncoding: String, CaseIterable, Sendable {
        case text = "TEXT"
        case json = "JSON"
    }

    /// Everything that was set, merged; what this type has no property for is found here.
    public private(set) var document: JSON = [:]

    public var trustDomain = "cluster.local"
    public var trustDomainAliases: [String] = []
    /// Trust domains of `caCertificates`, whose workloads are believed too.
    public var foreignTrustDomains: [String] = []
    public var rootNamespace = "istio-system"
    public var enableAutoMtls = true
    public var outboundTrafficPolicy = OutboundTrafficPolicy.allowAny
    public var inboundTrafficPolicy = InboundTrafficPolicy.passthrough
    public var protocolDetectionTimeout = Duration.zero
    public var connectTimeout = Duration.seconds(10)
    /// Whether requests to ports declared `http` go on in HTTP/2, where no DestinationRule says.
    public var h2UpgradePolicy = ConnectionPool.H2UpgradePolicy.never
    public var proxyListenPort = 15001
    public var proxyInboundListenPort = 15006
    public var defaultServiceExportTo = ["*"]
    public var defaultVirtualServiceExportTo = ["*"]
    public var defaultDestinationRuleExportTo = ["*"]
    /// Empty means no access log.
    public var accessLogFile = ""
    public var accessLogEncoding = AccessLogEncoding.text
    /// Empty means Istio's.
    public var accessLogFormat = ""
    public var enablePrometheusMerge = true
    public var meshMTLS: TLSConfig?
    public var tlsDefaults: TLSConfig?
    /// When requests are tried again whose route does not say; nil for Istio's default.
    public var defaultHTTPRetryPolicy: VirtualService.Retries?
    /// How long an ending proxy lets its connections finish (`defaultConfig.terminationDrainDuration`).
    public var terminationDrainDuration = Duration.seconds(5)
    /// `defaultConfig.drainDuration`.
    public var drainDuration = Duration.seconds(45)
    /// `defaultConfig.discoveryAddress`.
    public var discoveryAddress = "istiod.istio-system.svc:15012"
    /// `defaultConfig.statusPort`.
    public var statusPort = 15020
    /// `defaultConfig.proxyAdminPort`.
    public var proxyAdminPort = 15000
    /// `defaultConfig.gatewayTopology`.
    public var gatewayTopology = GatewayTopology()
    /// `defaultConfig.holdApplicationUntilProxyStarts`.
    public var holdApplicationUntilProxyStarts = false

    /// The defaults.
    public init() {}

    /// The defaults with `document` merged into them.
    ///
    /// - Throws: ``MeshError`` that names the fields in error; nothing of such a document counts.
    public init(_ document: JSON) throws(MeshError) { self = try MeshConfig().merging(document) }

    /// This with `overlay` merged into it, as Istio merges mesh configuration.
    ///
    /// Fields are replaced; `defaultConfig` and `defaultProviders` are merged member by member, `extensionProviders` by
    /// name, and `trustDomainAliases` united.
    public func merging(_ overlay: JSON) throws(MeshError) -> MeshConfig {
        let problems = FieldProblems()
        if !overlay.isNull, overlay.object == nil {
            problems.add("meshConfig: must be an object, not \(overlay.typeName)")
        }
        var result = MeshConfig()
        result.document = Self.merge(document, overlay)
        var reader = FieldReader(result.document, path: "meshConfig", problems: problems)
        result.read(&reader)
        reader.finish()
        let validation =
            Validation(errors: problems.texts) + (problems.texts.isEmpty ? result.validate() : Validation())
        if let text = validation.errorText {
            throw MeshError(.invalidConfiguration, "mesh configuration is invalid: \(text)")
        }
        return result
    }

    /// Every trust domain whose workloads are believed, the mesh's own first, each once.
    public var trustDomains: [String] {
        var seen: Set<String> = []
        return ([trustDomain] + trustDomainAliases + foreignTrustDomains).filter { seen.insert($0).inserted }
    }

    private mutating func read(_ reader: inout FieldReader) {
        trustDomain = reader.string("trustDomain") ?? trustDomain
        trustDomainAliases = reader.strings("trustDomainAliases") ?? trustDomainAliases
        foreignTrustDomains =
            reader.list("caCertificates") { certificate in
                certificate.ignore("pem", "spiffeBundleUrl", "certSigners")
                return certificate.strings("trustDomains") ?? []
            }.flatMap(\.self)
        rootNamespace = reader.string("rootNamespace") ?? rootNamespace
        enableAutoMtls = reader.bool("enableAutoMtls") ?? enableAutoMtls
        readTraffic(&reader)
        accessLogFile = reader.string("accessLogFile") ?? accessLogFile
        accessLogEncoding = reader.choice("accessLogEncoding", AccessLogEncoding.self) ?? accessLogEncoding
        accessLogFormat = reader.string("accessLogFormat") ?? accessLogFormat
        enablePrometheusMerge = reader.bool("enablePrometheusMerge") ?? enablePrometheusMerge
        meshMTLS = reader.object("meshMTLS", TLSConfig.init)
        tlsDefaults = reader.object("tlsDefaults", TLSConfig.init)
        if let value = reader.value("defaultConfig") {
            // Not read strictly: Istio has many proxy settings, and versions differ in them.
            var proxy = FieldReader(value, path: reader.path(of: "defaultConfig"), problems: reader.problems)
            readProxyDefaults(&proxy)
        }
        for name in Self.otherFields { reader.ignore(name) }
    }

    private mutating func readTraffic(_ reader: inout FieldReader) {
        outboundTrafficPolicy =
            reader.object("outboundTrafficPolicy") { policy in
                policy.ignore("tls")
                return policy.choice("mode", OutboundTrafficPolicy.self) ?? .registryOnly
            } ?? outboundTrafficPolicy
        inboundTrafficPolicy =
            reader.object("inboundTrafficPolicy") { $0.choice("mode", InboundTrafficPolicy.self) ?? .passthrough }
            ?? inboundTrafficPolicy
        protocolDetectionTimeout = reader.duration("protocolDetectionTimeout") ?? protocolDetectionTimeout
        connectTimeout = reader.duration("connectTimeout") ?? connectTimeout
        h2UpgradePolicy = reader.choice("h2UpgradePolicy", ConnectionPool.H2UpgradePolicy.self) ?? h2UpgradePolicy
        proxyListenPort = reader.int("proxyListenPort") ?? proxyListenPort
        proxyInboundListenPort = reader.int("proxyInboundListenPort") ?? proxyInboundListenPort
        defaultServiceExportTo = reader.strings("defaultServiceExportTo") ?? defaultServiceExportTo
        defaultVirtualServiceExportTo =
            reader.strings("defaultVirtualServiceExportTo") ?? defaultVirtualServiceExportTo
        defaultDestinationRuleExportTo =
            reader.strings("defaultDestinationRuleExportTo") ?? defaultDestinationRuleExportTo
        defaultHTTPRetryPolicy = reader.object("defaultHttpRetryPolicy", VirtualService.Retries.init)
    }

    private mutating func readProxyDefaults(_ reader: inout FieldReader) {
        terminationDrainDuration = reader.duration("terminationDrainDuration") ?? terminationDrainDuration
        drainDuration = reader.duration("drainDuration") ?? drainDuration
        discoveryAddress = reader.string("discoveryAddress") ?? discoveryAddress
        statusPort = reader.int("statusPort") ?? statusPort
        proxyAdminPort = reader.int("proxyAdminPort") ?? proxyAdminPort
        gatewayTopology = reader.object("gatewayTopology", GatewayTopology.init) ?? gatewayTopology
        holdApplicationUntilProxyStarts =
            reader.bool("holdApplicationUntilProxyStarts") ?? holdApplicationUntilProxyStarts
    }

    /// Fields of Istio's MeshConfig that are accepted and change nothing here.
    private static let otherFields = [
        "proxyHttpPort", "tcpKeepalive", "ingressClass", "ingressService", "ingressControllerMode", "ingressSelector",
        "enableTracing", "enableEnvoyAccessLogService", "disableEnvoyListenerLog", "configSources",
        "localityLbSetting", "dnsRefreshRate", "outboundClusterStatName", "inboundClusterStatName",
        "certificates", "thriftConfig", "serviceSettings", "verifyCertificateAtClient", "ca", "extensionProviders",
        "defaultProviders", "discoverySelectors", "pathNormalization", "hboneIdleTimeout",
        "serviceScopeConfigs", "sdsUdsPath", "enableSdsTokenMount", "mixerCheckServer", "mixerReportServer",
        "disablePolicyChecks", "disableMixerHttpReports", "policyCheckFailOpen", "sidecarToTelemetrySessionAffinity",
        "reportBatchMaxEntries", "reportBatchMaxTime", "enableClientSidePolicyCheck", "localityLbSettings",
    ]
}
