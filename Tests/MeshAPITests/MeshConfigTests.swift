import Base
import JSON
import MeshAPI
import Testing
import YAML

@Suite struct MeshConfigTests {
    @Test func `the defaults are Istio's`() throws {
        let config = try MeshConfig([:])
        #expect(config == MeshConfig())
        #expect(config.trustDomain == "cluster.local" && config.rootNamespace == "istio-system")
        #expect(config.enableAutoMtls && config.outboundTrafficPolicy == .allowAny)
        #expect(config.connectTimeout == .seconds(10) && config.protocolDetectionTimeout == .zero)
    }

    @Test func `an overlay replaces fields, merges defaultConfig and unites aliases`() throws {
        let base = try MeshConfig(
            YAML.value(
                """
                trustDomainAliases: [a, b]
                outboundTrafficPolicy: {mode: REGISTRY_ONLY}
                defaultConfig: {terminationDrainDuration: 7s, proxyMetadata: {A: "1"}}
                extensionProviders: [{name: x, zipkin: {port: 1}}, {name: y}]
                """
            )
        )
        let config = try base.merging(
            YAML.value(
                """
                trustDomainAliases: [b, c]
                defaultConfig: {statusPort: 15999, proxyMetadata: {B: "2"}}
                extensionProviders: [{name: x, zipkin: {port: 2}}]
                meshMTLS: {minProtocolVersion: TLSV1_3}
                """
            )
        )
        #expect(config.trustDomains == ["cluster.local", "a", "b", "c"])
        #expect(config.outboundTrafficPolicy == .registryOnly)
        #expect(config.terminationDrainDuration == .seconds(7) && config.statusPort == 15999)
        #expect(config.document["defaultConfig", "proxyMetadata"] == ["A": "1", "B": "2"])
        #expect(config.document["extensionProviders"]?.array?.count == 2)
        #expect(config.document["extensionProviders"]?.array?.first?["zipkin", "port"] == 2)
        #expect(config.meshMTLS?.minProtocolVersion == .tls13)
    }

    @Test(arguments: [
        ("meshMTLS: {ecdhCurves: [P-256]}", "mesh TLS does not support ECDH curves configuration"),
        (
            "meshMTLS: {minProtocolVersion: TLSV1_1}",
            "meshConfig.meshMTLS.minProtocolVersion: Unsupported value: \"TLSV1_1\""
        ),
        ("meshMTLS: {cipherSuites: [NOPE]}", "meshMTLS.cipherSuites has no suite that workloads can use"),
        ("meshMTLS: {minVersion: TLSV1_3}", "unknown field \"meshConfig.meshMTLS.minVersion\""),
        ("trustDomain: a_b", "trust domain name \"a_b\" invalid"), ("trustDomain: ''", "empty domain name not allowed"),
        ("proxyListenPort: 0", "proxyListenPort: port number 0 must be in the range 1..65535"),
        ("protocolDetectionTimeout: 1us", "only durations to ms precision are supported"),
        ("connectTimeout: 31s", "connectTimeout: must be from 1ms to 30s, in whole milliseconds"),
        ("outboundTrafficPolicy: {mode: NONE}", "meshConfig.outboundTrafficPolicy.mode: Unsupported value: \"NONE\""),
        ("enableAutoMtls: \"true\"", "meshConfig.enableAutoMtls in body must be of type boolean: \"string\""),
        ("noSuchField: 1", "unknown field \"meshConfig.noSuchField\""),
        ("[1]", "meshConfig: must be an object, not array"),
    ])
    func `what cannot be used is refused whole, with its name`(text: String, reason: String) throws {
        let error = try #require(throws: MeshError.self) { try MeshConfig(YAML.value(text)) }
        #expect(error.message.contains(reason), "\(error.message)")
    }

    @Test(arguments: [
        ("trustDomain: example.com.", []), ("tlsDefaults: {ecdhCurves: [P-256, X25519]}", []),
        (
            "tlsDefaults: {ecdhCurves: [P-1, P-256, P-256]}",
            ["detected unrecognized ECDH curves: [P-1]", "detected duplicate ECDH curves: [P-256]"]
        ),
        (
            "meshMTLS: {cipherSuites: [ECDHE-ECDSA-AES128-GCM-SHA256, AES128-GCM-SHA256, X]}",
            [
                "meshMTLS.cipherSuites: left out for want of forward secrecy: [AES128-GCM-SHA256]",
                "meshMTLS.cipherSuites: left out because unknown: [X]",
            ]
        ),
    ])
    func `what is doubtful is accepted with a warning`(text: String, warnings: [String]) throws {
        #expect(try MeshConfig(YAML.value(text)).validate() == Validation(warnings: warnings))
    }

    @Test func `workloads get only cipher suites that they can use`() throws {
        let config = try MeshConfig(
            YAML.value(
                "meshMTLS: {cipherSuites: [AES256-GCM-SHA384, ECDHE-RSA-AES128-GCM-SHA256, X, ECDHE-RSA-AES128-GCM-SHA256]}"
            )
        )
        #expect(config.meshMTLS?.usableWorkloadCipherSuites == ["ECDHE-RSA-AES128-GCM-SHA256"])
        #expect(TLSConfig().usableWorkloadCipherSuites == TLSConfig.workloadCipherSuites)
    }
}

@Suite struct IstioOperatorTests {
    private func parse(_ spec: String) throws -> IstioOperator {
        try IstioOperator([
            "apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator", "spec": YAML.value(spec),
        ])
    }

    @Test func `the minimum TLS version reaches the mesh`() throws {
        let request = try parse("meshConfig: {meshMTLS: {minProtocolVersion: TLSV1_3}}")
        #expect(try MeshConfig(request.meshConfigOverlay).meshMTLS?.minProtocolVersion == .tls13)
        #expect(request.legacyObjects().isEmpty && request.profile == "default")
    }

    @Test func `legacy values for auto mTLS make a permissive mesh policy`() throws {
        let request = try parse("{profile: demo, values: {global: {mtls: {auto: true, enabled: false}}}}")
        #expect(try MeshConfig(request.meshConfigOverlay).enableAutoMtls)
        let objects = request.legacyObjects()
        #expect(
            objects.map { $0["metadata", "name"]?.string } == [
                "default", "grafana-ports-mtls-disabled", "istio-policy", "istio-telemetry",
            ]
        )
        let policy = try AuthenticationPolicy(objects[0])
        #expect(policy.isMeshPolicy && policy.mode == .permissive)
        for object in objects { #expect(validate(object)?.errors == []) }
    }

    @Test(arguments: [
        "values: {global: {mtls: {enabled: maybe}}}", "values: {global: {mtls: {auto: 'true'}}}",
        "components: {pilot: {enabled: 1}}",
    ])
    func `a switch that is neither on nor off is refused by its name`(spec: String) {
        let error = #expect(throws: MeshError.self) { try parse(spec) }
        #expect(error?.message.contains("must be true or false") == true)
    }

    @Test func `an operator is judged like any other object`() {
        func judge(_ spec: JSON) -> Validation? {
            validate(["apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator", "spec": spec])
        }
        #expect(judge(["meshConfig": ["meshMTLS": ["minProtocolVersion": "TLSV1_3"]]]) == Validation())
        #expect(judge(["meshConfig": ["meshMTLS": ["minProtocolVersion": "TLSV1_4"]]])?.errors.count == 1)
        #expect(judge(["meshConfig": ["tlsDefaults": ["ecdhCurves": ["x"]]]])?.warnings.count == 1)
    }

    @Test func `legacy values for mTLS make a strict mesh policy and its rules`() throws {
        let objects = try parse("values: {global: {mtls: {enabled: true}}}").legacyObjects()
        #expect(try AuthenticationPolicy(objects[0]).mode == .strict)
        #expect(
            try objects[1...].map { try DestinationRule($0).host } == [
                "*.local", "kubernetes.default.svc.cluster.local",
            ]
        )
    }

    @Test(arguments: [
        ("profile: nope", "unknown profile \"nope\""), ("meshConfig: {trustDomains: a}", "meshConfig.trustDomains"),
        ("meshconfig: {}", "unknown field \"spec.meshconfig\""), ("values: [1]", "spec.values"),
    ])
    func `what cannot be used is refused with its name`(spec: String, reason: String) throws {
        let error = try #require(throws: MeshError.self) { try parse(spec) }
        #expect(error.message.contains(reason), "\(error.message)")
    }
}
