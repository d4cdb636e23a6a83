internal import JSON

/// What an IstioOperator may say: the names that exist, so that a misspelt one is an error and not a wish unheard.
indirect enum SettingShape: Sendable, ExpressibleByDictionaryLiteral {
    /// A value, or anything below it.
    case any
    case object([String: SettingShape])
    case list(SettingShape)

    init(dictionaryLiteral elements: (String, SettingShape)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }

    private static func object(_ names: String, _ more: [String: SettingShape] = [:]) -> Self {
        let plain = names.split(separator: " ").map { (String($0), Self.any) }
        return .object(Dictionary(plain) { first, _ in first }.merging(more) { _, new in new })
    }

    /// The `spec` of an IstioOperator.
    static let operatorSpec = object(
        "profile hub tag revision namespace installPackagePath compatibilityVersion unvalidatedValues",
        ["meshConfig": meshConfig, "components": components, "values": values]
    )

    private static let kubernetes = object(
        """
        resources readinessProbe replicaCount hpaSpec podDisruptionBudget podAnnotations serviceAnnotations env \
        imagePullPolicy priorityClassName nodeSelector affinity tolerations strategy securityContext volumes \
        volumeMounts service overlays
        """
    )
    private static let component = object("enabled hub tag namespace name label", ["k8s": kubernetes])
    private static let gateway = object(
        """
        name namespace enabled labels type loadBalancerIP loadBalancerSourceRanges externalTrafficPolicy ports \
        serviceAnnotations podAnnotations env resources replicaCount nodeSelector tolerations autoscaleEnabled \
        autoscaleMin autoscaleMax memory cpu injectionTemplate runAsRoot secretVolumes configVolumes \
        rollingMaxSurge rollingMaxUnavailable customService externalIPs ingressPorts
        """
    )
    private static let components: Self = [
        "base": component, "pilot": component, "cni": component, "ztunnel": component, "istiodRemote": component,
        "ingressGateways": .list(component), "egressGateways": .list(component),
    ]

    private static let tls = object("minProtocolVersion ecdhCurves cipherSuites")
    private static let meshConfig = object(
        """
        proxyListenPort proxyInboundListenPort proxyHttpPort connectTimeout tcpKeepalive ingressClass ingressService \
        ingressControllerMode ingressSelector enableTracing accessLogFile accessLogFormat accessLogEncoding \
        enableEnvoyAccessLogService disableEnvoyListenerLog trustDomain trustDomainAliases caCertificates \
        defaultServiceExportTo defaultVirtualServiceExportTo defaultDestinationRuleExportTo rootNamespace \
        localityLbSetting dnsRefreshRate h2UpgradePolicy inboundClusterStatName outboundClusterStatName certificates \
        serviceSettings enablePrometheusMerge verifyCertificateAtClient extensionProviders defaultProviders \
        discoverySelectors pathNormalization defaultHttpRetryPolicy enableAutoMtls protocolDetectionTimeout \
        configSources mixerCheckServer disablePolicyChecks serviceScopeConfigs
        """,
        [
            "meshMTLS": tls, "tlsDefaults": tls, "ca": .any,
            "outboundTrafficPolicy": object("mode"), "inboundTrafficPolicy": object("mode"),
            "defaultConfig": object(
                """
                configPath binaryPath serviceCluster drainDuration terminationDrainDuration discoveryAddress \
                proxyAdminPort controlPlaneAuthPolicy customConfigFile statNameLength concurrency \
                proxyBootstrapTemplatePath interceptionMode tracing envoyAccessLogService envoyMetricsService \
                proxyMetadata runtimeValues statusPort extraStatTags gatewayTopology proxyStatsMatcher \
                readinessProbe holdApplicationUntilProxyStarts caCertificatesPem image privateKeyProvider \
                proxyHeaders zipkinAddress meshId
                """
            ),
        ]
    )

    private static let values: Self = [
        "global": object(
            """
            hub tag variant imagePullPolicy imagePullSecrets istioNamespace meshID network caAddress caName \
            pilotCertProvider priorityClassName logAsJson omitSidecarInjectorConfigMap operatorManageWebhooks \
            configValidation defaultPodDisruptionBudget defaultResources externalIstiod remotePilotAddress sts sds \
            meshNetworks mountMtlsCerts platform istiod certSigners controlPlaneSecurityEnabled
            """,
            [
                "mtls": object("enabled auto"), "logging": object("level"), "proxy_init": object("image resources"),
                "multiCluster": object("enabled clusterName globalDomainSuffix includeEnvoyFilter"),
                "proxy": object(
                    """
                    image clusterDomain logLevel componentLogLevel includeIPRanges excludeIPRanges \
                    includeInboundPorts excludeInboundPorts includeOutboundPorts excludeOutboundPorts privileged \
                    statusPort readinessInitialDelaySeconds readinessPeriodSeconds readinessFailureThreshold \
                    autoInject tracer lifecycle holdApplicationUntilProxyStarts enableCoreDump outlierLogPath \
                    accessLogFile accessLogFormat accessLogEncoding
                    """,
                    [
                        "resources": ["requests": object("cpu memory"), "limits": object("cpu memory")],
                        "startupProbe": object("enabled failureThreshold"),
                    ]
                ),
            ]
        ),
        "pilot": object(
            """
            image hub tag env replicaCount autoscaleEnabled autoscaleMin autoscaleMax traceSampling resources \
            nodeSelector tolerations podAnnotations podLabels serviceAnnotations affinity enabled \
            keepaliveMaxServerConnectionAge extraContainerArgs cpu memory
            """
        ),
        "sidecarInjectorWebhook": object(
            """
            rewriteAppHTTPProbe enableNamespacesByDefault reinvocationPolicy neverInjectSelector \
            alwaysInjectSelector injectedAnnotations templates defaultTemplates enableAccessLog
            """
        ),
        "base": object("enableCRDTemplates validationURL enableIstioConfigCRDs excludedCRDs"),
        "gateways": object(
            "enabled securityContext seccompProfile",
            ["istio-ingressgateway": gateway, "istio-egressgateway": gateway]
        ),
        "telemetry": .any, "revision": .any, "defaultRevision": .any, "revisionTags": .any,
        "meshConfig": meshConfig, "ownerName": .any, "experimental": .any, "istio_cni": .any, "cni": .any,
        "ztunnel": .any, "istiodRemote": .any, "grafana": .any, "prometheus": .any, "kiali": .any, "tracing": .any,
        "mixer": .any, "security": .any, "compatibilityVersion": .any,
    ]
}

extension SettingShape {
    /// The first name in `value` that does not exist here, with the names that do; nil when all do.
    func unknownName(in value: JSON, path: String = "") -> (path: String, known: [String])? {
        switch (self, value) {
        case (.object(let members), .object(let given)):
            for key in given.keys.sorted() {
                let name = path.isEmpty ? key : "\(path).\(key)"
                guard let member = members[key] else { return (name, members.keys.sorted()) }
                if let found = member.unknownName(in: given[key] ?? .null, path: name) { return found }
            }
            return nil
        case (.list(let element), .array(let elements)):
            for (index, value) in elements.enumerated() {
                if let found = element.unknownName(in: value, path: "\(path)[\(index)]") { return found }
            }
            return nil
        default: return nil
        }
    }
}
