import JSON
import MeshAPI
import Testing
import YAML

/// Behaviour of Istio's validation, and where it goes beyond.
@Suite struct SidecarValidationTests {
    private static let port = "{number: 80, protocol: HTTP, name: http}"
    private static func ingress(_ members: String) -> String {
        "ingress: [{port: \(port)\(members.isEmpty ? "" : ", \(members)")}]"
    }

    static let ingressCases = [
        ValidationCase(rule: "a listener", spec: ingress("defaultEndpoint: '127.0.0.1:8080'")),
        ValidationCase(rule: "no endpoint", spec: ingress("")),
        ValidationCase(rule: "the workload", spec: ingress("defaultEndpoint: '0.0.0.0:8080'")),
        ValidationCase(rule: "a Unix socket", spec: ingress("defaultEndpoint: 'unix:///run/app.sock'")),
        ValidationCase(
            rule: "an address elsewhere",
            spec: ingress("defaultEndpoint: '10.0.0.1:8080'"),
            errors: [
                "sidecar: defaultEndpoint \"10.0.0.1:8080\" must be of form 127.0.0.1:<port>, 0.0.0.0:<port>, "
                    + "[::1]:<port>, [::]:<port>, unix:///<path> or unset"
            ]
        ),
        ValidationCase(
            rule: "no port",
            spec: "ingress: [{defaultEndpoint: '127.0.0.1:8080'}]",
            errors: ["sidecar: port is required for ingress listeners"]
        ),
        ValidationCase(
            rule: "a port twice",
            spec: "ingress: [{port: \(port)}, {port: {number: 80, protocol: TCP, name: b}}]",
            errors: ["sidecar: ports on IP bound listeners must be unique"]
        ),
        ValidationCase(
            rule: "a bind on a Unix socket",
            spec: ingress("bind: 'unix:///a'"),
            errors: ["sidecar: unix domain socket addresses are not allowed in the bind of ingress listeners"]
        ),
        ValidationCase(
            rule: "TLS on a port for plaintext",
            spec: ingress("tls: {mode: SIMPLE, serverCertificate: /c, privateKey: /k}"),
            errors: ["server cannot have TLS settings for non HTTPS/TLS ports"],
            warnings: ["sidecar: ingress tls is not in force: TLS of its own ends at the application"]
        ),
        ValidationCase(
            rule: "a listener that leads to itself",
            spec: ingress("captureMode: NONE"),
            warnings: [
                "sidecar: an ingress listener with captureMode NONE needs a defaultEndpoint, or would lead to itself; "
                    + "it is not listened on"
            ]
        ),
    ]

    static let egressCases = [
        ValidationCase(rule: "all", spec: "egress: [{hosts: ['*/*']}]"),
        ValidationCase(
            rule: "nothing at all",
            spec: "{}",
            errors: ["sidecar: empty configuration provided"]
        ),
        ValidationCase(
            rule: "no host",
            spec: "egress: [{hosts: []}]",
            errors: ["sidecar: egress listener must contain at least one host"]
        ),
        ValidationCase(
            rule: "a host twice",
            spec: "egress: [{hosts: ['./*', './*']}]",
            warnings: ["duplicated egress host: ./*"]
        ),
        ValidationCase(
            rule: "the listener for all ports before another",
            spec: "egress: [{hosts: ['./*']}, {port: {number: 80, protocol: HTTP, name: a}, hosts: ['./*']}]",
            errors: ["sidecar: the egress listener with empty port should be the last listener in the list"]
        ),
        ValidationCase(
            rule: "a bind without a port",
            spec: "egress: [{bind: 127.0.0.1, hosts: ['./*']}]",
            errors: ["sidecar: port is required if bind or capture mode is specified"]
        ),
        ValidationCase(
            rule: "an egress proxy",
            spec: "outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: a.b, port: {number: 80}}}"
        ),
        ValidationCase(
            rule: "an egress proxy where nothing unknown is allowed",
            spec: "outboundTrafficPolicy: {mode: REGISTRY_ONLY, egressProxy: {host: a.b, port: {number: 80}}}",
            errors: ["sidecar: egress_proxy must be set only with ALLOW_ANY outbound_traffic_policy mode"]
        ),
    ]

    @Test(arguments: ingressCases + egressCases) func `says what is wrong`(rule: ValidationCase) throws {
        let result = try rule.validation(.sidecar, version: "v1")
        #expect(result == Validation(errors: rule.errors, warnings: rule.warnings))
    }
}
