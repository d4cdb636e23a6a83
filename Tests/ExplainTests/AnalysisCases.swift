import Explain
import JSON
import Kubernetes
import Mesh
import MeshAPI
import TestMesh
import Testing
import YAML

extension AnalysisTests {
    static func namespace(_ name: String, _ labels: String = "{}") -> String {
        "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: \(name), labels: \(labels)}\n"
    }

    static func annotated(_ kind: String, _ annotation: String, _ value: String) -> String {
        "---\napiVersion: v1\nkind: \(kind)\nmetadata: {namespace: full, name: x, annotations: {\(annotation): \"\(value)\"}}\n"
    }

    static let toHTTPBin = "{route: [{destination: {host: httpbin, port: {number: 8000}}}]}"

    static func routes(_ name: String, _ spec: String) -> String {
        Manifest.object("networking.istio.io/v1", "VirtualService", "full", name, spec)
    }

    static func gateway(_ namespace: String, _ name: String, _ hosts: String) -> String {
        let server = "{port: {number: 80, name: http, protocol: HTTP}, hosts: \(hosts)}"
        return Manifest.object("networking.istio.io/v1", "Gateway", namespace, name, "servers: [\(server)]")
    }

    static let cases = meshCases + configurationCases

    /// Namespaces, pods, services and rules.
    private static let meshCases = [
        Case(
            rule: "a namespace that nobody decided about",
            objects: namespace("shop"),
            code: "IST0102",
            lines: [
                "Info [IST0102] (Namespace shop) The namespace is not enabled for Istio injection. Run 'kubectl label namespace "
                    + "shop istio-injection=enabled' to enable it, or 'kubectl label namespace shop istio-injection=disabled' to "
                    + "explicitly mark it as not needing injection."
            ]
        ),
        Case(
            rule: "a namespace that is enabled",
            objects: namespace("a", "{istio-injection: enabled}"),
            code: "IST0102"
        ),
        Case(rule: "a namespace with a revision", objects: namespace("a", "{istio.io/rev: default}"), code: "IST0102"),
        Case(
            rule: "a system namespace",
            objects: namespace("kube-system") + namespace("istio-system"),
            code: "IST0102"
        ),
        Case(
            rule: "pods without proxy in an enabled namespace",
            objects: namespace("legacy", "{istio-injection: enabled}"),
            code: "IST0103",
            lines: ["httpbin", "sleep"].map {
                "Warning [IST0103] (Pod legacy/\($0)) The pod \($0) is missing the Istio proxy. This can often be resolved by "
                    + "restarting or redeploying the workload."
            }
        ),
        Case(rule: "pods with proxy", objects: namespace("full", "{istio-injection: enabled}"), code: "IST0103"),
        Case(
            rule: "an object that the webhook would refuse",
            objects: Manifest.policy("full", "p", "portLevelMtls: {80: {mode: DISABLE}}"),
            code: "IST0106",
            lines: [
                "Error [IST0106] (PeerAuthentication full/p) Schema validation error: mesh/namespace peer authentication cannot "
                    + "have port level mTLS"
            ]
        ),
        Case(rule: "an object that it would accept", objects: Manifest.policy("full", "p", ""), code: "IST0106"),
        Case(
            rule: "an object that it would warn about",
            objects: Manifest.policy("full", "p", "selector: {}"),
            code: "IST0133",
            lines: [
                "Warning [IST0133] (PeerAuthentication full/p) Schema validation warning: workload selector specified without labels"
            ]
        ),
        Case(
            rule: "a pod's annotation on a service",
            objects: annotated("Service", "sidecar.istio.io/proxyCPU", "1"),
            code: "IST0107",
            lines: [
                "Warning [IST0107] (Service full/x) Misplaced annotation: sidecar.istio.io/proxyCPU can only be applied to Pod"
            ]
        ),
        Case(
            rule: "an annotation that does not exist",
            objects: annotated("Pod", "sidecar.istio.io/injekt", "true"),
            code: "IST0108",
            lines: ["Warning [IST0108] (Pod full/x) Unknown annotation: sidecar.istio.io/injekt"]
        ),
        Case(
            rule: "somebody else's annotation",
            objects: annotated("Pod", "example.com/inject", "true"),
            code: "IST0108"
        ),
        Case(
            rule: "an annotation with a value that means nothing",
            objects: annotated("Pod", "traffic.sidecar.istio.io/excludeInboundPorts", "http"),
            code: "IST0125",
            lines: [
                "Warning [IST0125] (Pod full/x) Invalid annotation traffic.sidecar.istio.io/excludeInboundPorts: \"http\" holds "
                    + "\"http\", which is not a port"
            ]
        ),
        Case(
            rule: "the annotation that became a label",
            objects: annotated("Pod", "sidecar.istio.io/inject", "true"),
            code: "IST0135",
            lines: [
                "Info [IST0135] (Pod full/x) Annotation \"sidecar.istio.io/inject\" has been deprecated in favor of the "
                    + "\"sidecar.istio.io/inject\" label and may not work in future Istio versions."
            ]
        ),
        Case(
            rule: "a port whose name says nothing",
            objects:
                "---\napiVersion: v1\nkind: Service\nmetadata: {namespace: full, name: x}\nspec: {ports: [{name: web, port: 80, targetPort: 8080}]}\n",
            code: "IST0118",
            lines: [
                "Info [IST0118] (Service full/x) Port name web (port: 80, targetPort: 8080) doesn't follow the naming convention "
                    + "of Istio port."
            ]
        ),
        Case(
            rule: "SIMPLE without roots",
            objects: Manifest.rule("full", "r", "host: httpbin, trafficPolicy: {tls: {mode: SIMPLE}}"),
            code: "IST0128",
            lines: [
                "Warning [IST0128] (DestinationRule full/r) DestinationRule full/r in namespace full has TLS mode set to SIMPLE but "
                    + "no caCertificates are set to validate server identity for host: httpbin (it is verified against the "
                    + "system's root certificates only)"
            ]
        ),
        Case(
            rule: "SIMPLE with roots",
            objects: Manifest.rule(
                "full",
                "r",
                "host: httpbin, trafficPolicy: {tls: {mode: SIMPLE, caCertificates: /ca}}"
            ),
            code: "IST0128"
        ),
        Case(
            rule: "SIMPLE without roots on a port",
            objects: Manifest.rule(
                "full",
                "r",
                "host: httpbin, trafficPolicy: {portLevelSettings: [{port: {number: 443}, tls: {mode: SIMPLE}}]}"
            ),
            code: "IST0129",
            lines: [
                "Warning [IST0129] (DestinationRule full/r) DestinationRule full/r in namespace full has TLS mode set to SIMPLE but "
                    + "no caCertificates are set to validate server identity for host: httpbin at port number:443 (it is verified "
                    + "against the system's root certificates only)"
            ]
        ),
        Case(
            rule: "SIMPLE with roots in a credential that is for gateways",
            objects: Manifest.rule(
                "full",
                "r",
                "host: httpbin, trafficPolicy: {tls: {mode: SIMPLE, credentialName: partner}}"
            ),
            code: "IST0128",
            lines: [
                "Warning [IST0128] (DestinationRule full/r) DestinationRule full/r in namespace full has TLS mode set to SIMPLE but "
                    + "no caCertificates are set to validate server identity for host: httpbin (it is verified against the "
                    + "roots of credential partner)"
            ]
        ),
        Case(
            rule: "a subset of no pods",
            objects: Manifest.rule(
                "full",
                "r",
                "host: httpbin, subsets: [{name: a, labels: {app: httpbin}}, {name: b, labels: {v: x}}]"
            ),
            code: "IST0173",
            lines: [
                "Error [IST0173] (DestinationRule full/r) The Subset b defined in the DestinationRule does not select any pods. "
                    + "Which may lead to 503 UH (NoHealthyUpstream)."
            ]
        ),
        Case(
            rule: "a rule for no service",
            objects: Manifest.rule("full", "r", "host: httpbin.nowhere.svc.cluster.local"),
            code: "IST0174",
            lines: [
                "Warning [IST0174] (DestinationRule full/r) The host httpbin.nowhere.svc.cluster.local defined in the "
                    + "DestinationRule does not match any services in the mesh."
            ]
        ),
        Case(rule: "a rule for all services", objects: Manifest.rule("full", "r", "host: '*.local'"), code: "IST0174"),
        Case(
            rule: "a negative condition",
            objects: Manifest.policy("full", "p", "")
                + "status: {conditions: [{type: T, status: \"False\", reason: R, message: M}]}\n",
            code: "IST0171",
            lines: [
                "Warning [IST0171] (PeerAuthentication full/p) A condition with a negative status is present: type=T, reason=R, message=M."
            ]
        ),
    ]
}
