import JSON
import MeshAPI
import Testing
import YAML

@Suite struct DestinationRuleValidationTests {
    private static let credentialWarning =
        "credentialName is used by sidecars only in a rule with a workloadSelector; without one, sidecars answer requests to h with 503"

    private static func tls(_ text: String) -> String { "{host: h, trafficPolicy: {tls: \(text)}}" }

    static let tlsCases = [
        ValidationCase(rule: "empty tls is DISABLE and fine", spec: tls("{}")),
        ValidationCase(rule: "simple alone", spec: tls("{mode: SIMPLE}")),
        ValidationCase(rule: "istio mutual ignores files", spec: tls("{mode: ISTIO_MUTUAL, clientCertificate: /a}")),
        ValidationCase(
            rule: "credentialName excludes files",
            spec: tls("{mode: MUTUAL, credentialName: c, caCertificates: /ca}"),
            errors: ["cannot specify client certificates or CA certificate or CA CRL If credentialName is set"]
        ),
        ValidationCase(
            rule: "credentialName excludes a revocation list",
            spec: tls("{mode: SIMPLE, credentialName: c, caCrl: /crl}"),
            errors: ["cannot specify client certificates or CA certificate or CA CRL If credentialName is set"]
        ),
        ValidationCase(
            rule: "mutual needs certificate and key",
            spec: tls("{mode: MUTUAL}"),
            errors: ["client certificate required for mutual tls", "private key required for mutual tls"]
        ),
        ValidationCase(
            rule: "mutual needs the key",
            spec: tls("{mode: MUTUAL, clientCertificate: /c}"),
            errors: ["private key required for mutual tls"]
        ),
        ValidationCase(rule: "mutual with both", spec: tls("{mode: MUTUAL, clientCertificate: /c, privateKey: /k}")),
        ValidationCase(
            rule: "simple without verification has nothing to verify with",
            spec: tls("{mode: SIMPLE, insecureSkipVerify: true, subjectAltNames: [a]}"),
            errors: [
                "cannot specify CaCertificates or CredentialName or SubjectAltNames when InsecureSkipVerify is set true"
            ]
        ),
        ValidationCase(
            rule: "mutual without verification has nothing to verify with",
            spec: tls(
                "{mode: MUTUAL, clientCertificate: /c, privateKey: /k, insecureSkipVerify: true, caCertificates: /ca}"
            ),
            errors: ["cannot specify CaCertificates or SubjectAltNames when InsecureSkipVerify is set true"]
        ),
        ValidationCase(
            rule: "simple without verification",
            spec: tls("{mode: SIMPLE, insecureSkipVerify: true}")
        ),
        ValidationCase(
            rule: "a config map of another namespace",
            spec: tls("{mode: SIMPLE, credentialName: 'configmap://bar/ca'}"),
            errors: [
                "invalid configmap:// credentialName: namespace must match the configuration namespace \"foo\""
            ]
        ),
        ValidationCase(
            rule: "a config map without a name",
            spec: tls("{mode: SIMPLE, credentialName: 'configmap://foo'}"),
            errors: [
                "invalid configmap:// credentialName: expected configmap://<namespace>/<name>, "
                    + "found \"configmap://foo\""
            ]
        ),
        ValidationCase(
            rule: "a secret without a workload selector fails closed and says so",
            spec: tls("{mode: SIMPLE, credentialName: c}"),
            warnings: [credentialWarning]
        ),
        ValidationCase(
            rule: "a secret with a workload selector",
            spec:
                "{host: h, workloadSelector: {matchLabels: {a: b}}, trafficPolicy: {tls: {mode: SIMPLE, credentialName: c}}}"
        ),
        ValidationCase(
            rule: "an unknown mode",
            spec: tls("{mode: MTLS}"),
            errors: [
                "spec.trafficPolicy.tls.mode: Unsupported value: \"MTLS\": supported values: "
                    + "\"DISABLE\", \"SIMPLE\", \"MUTUAL\", \"ISTIO_MUTUAL\""
            ]
        ),
        ValidationCase(
            rule: "a port level is validated as well",
            spec: "{host: h, trafficPolicy: {portLevelSettings: [{port: {number: 80}, tls: {mode: MUTUAL}}]}}",
            errors: ["client certificate required for mutual tls", "private key required for mutual tls"]
        ),
        ValidationCase(
            rule: "a subset is validated as well",
            spec: "{host: h, subsets: [{name: v1, trafficPolicy: {tls: {mode: MUTUAL, privateKey: /k}}}]}",
            errors: ["client certificate required for mutual tls"]
        ),
    ]

    static let otherCases = [
        ValidationCase(
            rule: "an empty traffic policy",
            spec: "{host: h, trafficPolicy: {}}",
            errors: ["traffic policy must have at least one field"]
        ),
        ValidationCase(
            rule: "tunnel and proxy protocol",
            spec: "{host: h, trafficPolicy: {tunnel: {targetHost: a, targetPort: 1}, proxyProtocol: {version: V1}}}",
            errors: ["tunnel and proxyProtocol must not be set together"]
        ),
        ValidationCase(
            rule: "proxy protocol of an unknown version",
            spec: "{host: h, trafficPolicy: {proxyProtocol: {version: V3}}}",
            errors: [
                "spec.trafficPolicy.proxyProtocol.version: Unsupported value: \"V3\": supported values: \"V1\", \"V2\""
            ]
        ),
        ValidationCase(rule: "no host", spec: "{}", errors: ["empty domain name not allowed"]),
        ValidationCase(rule: "any host", spec: "host: '*'"),
        ValidationCase(rule: "a wildcard host", spec: "host: '*.local'"),
        ValidationCase(
            rule: "a host with a bad label",
            spec: "host: a_b.foo",
            errors: ["domain name \"a_b.foo\" invalid (label \"a_b\" invalid)"]
        ),
        ValidationCase(
            rule: "a wildcard inside",
            spec: "host: a.*.foo",
            errors: ["domain name \"a.*.foo\" invalid (label \"*\" invalid)"]
        ),
        ValidationCase(
            rule: "a host too long",
            spec: "host: \(String(repeating: "a.", count: 150))b",
            errors: ["domain name \"\(String(repeating: "a.", count: 150))b\" too long (max 255)"]
        ),
        ValidationCase(
            rule: "a subset twice",
            spec: "{host: h, subsets: [{name: v1}, {name: v1}]}",
            errors: ["duplicate subset names: v1"]
        ),
        ValidationCase(
            rule: "a bad subset name",
            spec: "{host: h, subsets: [{name: V_1}]}",
            errors: ["subset name is invalid: V_1"]
        ),
        ValidationCase(
            rule: "a subset without name",
            spec: "{host: h, subsets: [{labels: {a: b}}]}",
            errors: ["subset name cannot be empty"]
        ),
        ValidationCase(
            rule: "exportTo twice the same",
            spec: "{host: h, exportTo: [bar, bar]}",
            errors: ["duplicate entries in exportTo for entry bar"]
        ),
        ValidationCase(
            rule: "exportTo twice its own namespace",
            spec: "{host: h, exportTo: ['.', foo]}",
            errors: ["duplicate entries in exportTo: . and current namespace foo"]
        ),
        ValidationCase(
            rule: "exportTo all and some",
            spec: "{host: h, exportTo: ['*', bar]}",
            errors: ["cannot have both public (*) and non-public exportTo values for a resource"]
        ),
        ValidationCase(
            rule: "a selector's rule is private",
            spec: "{host: h, exportTo: [bar], workloadSelector: {matchLabels: {a: b}}}",
            errors: ["destination rule with workload selector cannot have exportTo beyond current namespace"]
        ),
        ValidationCase(
            rule: "a selector's rule has one export",
            spec: "{host: h, exportTo: [bar, baz], workloadSelector: {matchLabels: {a: b}}}",
            errors: ["destination rule with workload selector cannot have multiple entries in exportTo"]
        ),
        ValidationCase(
            rule: "everything that a rule may have",
            spec: """
                host: reviews
                trafficPolicy:
                  connectionPool:
                    tcp: {maxConnections: 1, connectTimeout: 30ms, tcpKeepalive: {time: 7200s, interval: 75s}}
                    http: {http1MaxPendingRequests: 1, http2MaxRequests: 2, maxRequestsPerConnection: 1, maxRetries: 3}
                  loadBalancer: {simple: LEAST_REQUEST, localityLbSetting: {enabled: true}}
                  outlierDetection: {consecutive5xxErrors: 1, interval: 1s, baseEjectionTime: 3m, maxEjectionPercent: 100}
                  portLevelSettings: [{port: {number: 80}, loadBalancer: {consistentHash: {httpCookie: {name: u, ttl: 0s}}}}]
                subsets: [{name: v1, labels: {version: v1}}]
                """
        ),
    ]

    @Test(arguments: tlsCases + otherCases) func `says exactly what is wrong`(rule: ValidationCase) throws {
        let result = try rule.validation(.destinationRule, version: "v1alpha3")
        #expect(result == Validation(errors: rule.errors, warnings: rule.warnings))
    }

    @Test func `several errors are told as a list and one as it is`() {
        #expect(Validation(errors: ["a"]).errorText == "a")
        #expect(Validation(errors: ["a", "b"]).errorText == "2 errors occurred:\n\t* a\n\t* b\n\n")
        #expect(Validation().errorText == nil)
    }

    @Test func `no object of another group is judged`() {
        #expect(validate(["apiVersion": "v1", "kind": "Service"]) == nil)
        #expect(validate(["apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway"]) == nil)
        #expect(validate("text") == nil)
    }

    @Test(arguments: IstioKind.allCases) func `no value in place of a spec brings a reader down`(kind: IstioKind) {
        let values: [JSON] = [
            .null, 1, "x", [], [[]], ["targets": ["x"]], ["host": 3, "subsets": [[], .null]],
            ["trafficPolicy": ["tls": 1, "portLevelSettings": [.null, ["port": []]]]], ["portLevelMtls": ["x": 1]],
            ["ports": [["number": -1]], "endpoints": [["ports": ["a": 99999]]]], ["egress": [1]],
        ]
        for spec in values {
            let object: JSON = [
                "apiVersion": .string("\(kind.group)/v1"), "kind": .string(kind.rawValue), "spec": spec,
            ]
            #expect(validate(object) != nil)
        }
    }
}
