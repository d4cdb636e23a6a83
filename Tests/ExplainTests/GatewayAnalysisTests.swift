import Explain
import JSON
import Kubernetes
import Mesh
import MeshAPI
import TestMesh
import Testing
import YAML

/// Findings about Gateways, with one gateway pod in `istio-system`.
@Suite struct GatewayAnalysisTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let rule: String
        let objects: String
        /// The lines of the codes in question.
        let codes: Set<String>
        var lines: [String] = []
        var testDescription: String { rule }
    }

    private static func gateway(
        _ name: String,
        selector: String = "{istio: ingressgateway}",
        _ servers: String
    ) -> String {
        Manifest.object(
            "networking.istio.io/v1",
            "Gateway",
            "full",
            name,
            "selector: \(selector), servers: [\(servers)]"
        )
    }
    private static func https(_ host: String, credential: String = "web", name: String = "https") -> String {
        "{hosts: [\(host)], port: {number: 443, name: \(name), protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: \(credential)}}"
    }
    private static func http(_ members: String = "", port: Int = 80) -> String {
        "{hosts: [a.com], port: {number: \(port), name: http, protocol: HTTP}\(members)}"
    }
    private static func virtualService(_ routes: String) -> String {
        Manifest.object(
            "networking.istio.io/v1",
            "VirtualService",
            "full",
            "vs",
            "hosts: [a.com], gateways: [gw], \(routes)"
        )
    }
    private static let toHTTPBin = "route: [{destination: {host: httpbin, port: {number: 8000}}}]"

    static let references = [
        Case(
            rule: "a gateway whose secret is there",
            objects: gateway("gw", https("a.com")) + secret("web"),
            codes: ["IST0101", "IST0161"]
        ),
        Case(
            rule: "a secret that is not there",
            objects: gateway("gw", https("a.com", credential: "gone")),
            codes: ["IST0101"],
            lines: [
                "Error [IST0101] (Gateway full/gw) Referenced credentialName not found: \"gone\" (there is no Secret istio-system/gone, beside the "
                    + "gateway's pods)"
            ]
        ),
        Case(
            rule: "a secret in the gateway's namespace instead of the pod's",
            objects: gateway("gw", https("a.com")) + secret("web", in: "full"),
            codes: ["IST0101"],
            lines: [
                "Error [IST0101] (Gateway full/gw) Referenced credentialName not found: \"web\" (there is no Secret istio-system/web, beside the "
                    + "gateway's pods)"
            ]
        ),
        Case(
            rule: "a secret without a pair",
            objects: gateway("gw", https("a.com")) + secret("web", "{ca.crt: YQ==}"),
            codes: ["IST0161"],
            lines: [
                "Error [IST0161] (Gateway full/gw) The credential referenced by the Gateway gw in namespace full is invalid, "
                    + "which can cause the traffic not to work as expected. Secret istio-system/web: found secret, but didn't "
                    + "have expected keys (cert and key) or (tls.crt and tls.key); found: ca.crt"
            ]
        ),
        Case(
            rule: "a secret that old gateways ignore for its token",
            objects: gateway("gw", https("a.com")) + secret("web", "{token: YQ==}"),
            codes: ["APS0004"],
            lines: [
                "Warning [APS0004] (Gateway full/gw) Secret istio-system/web, which it names: it has a key token, and gateways "
                    + "of Istio up to 1.4 (ASM before 1.17) take it for a service account's and ignore it; remove the key where "
                    + "such gateways may read it"
            ]
        ),
        Case(
            rule: "a selector that no pod has",
            objects: gateway("gw", selector: "{istio: x, app: z}", http()),
            codes: ["IST0101"],
            lines: ["Error [IST0101] (Gateway full/gw) Referenced selector not found: \"app=z,istio=x\""]
        ),
        Case(
            rule: "a port of no service",
            objects: gateway("gw", http(port: 9090)),
            codes: ["IST0162"],
            lines: [
                "Warning [IST0162] (Gateway full/gw) The gateway is listening on a target port (port 9090) that is not defined "
                    + "in the Service associated with its workload instances (Pod selector istio=ingressgateway). If you need to "
                    + "access the gateway port through the gateway Service, it will not be available."
            ]
        ),
        Case(
            rule: "a service's port, and its target",
            objects: gateway("gw", "\(http()), \(https("a.com"))"),
            codes: ["IST0162"]
        ),
    ]

    private static let conflict = "is already served on port 443 by Gateway full/a server https"

    static let conflicts = [
        Case(
            rule: "one host in two gateways",
            objects: gateway("a", https("a.com", credential: "x")) + gateway("b", https("a.com", credential: "z")),
            codes: ["IST0145", "IST0133", "IST0171"],
            lines: [("a", "b", ""), ("b", "a", " Server https of this one is not in force: host a.com \(conflict).")]
                .map {
                    "Error [IST0145] (Gateway full/\($0)) Conflict with gateways full/\($1) (workload selector istio=ingressgateway, "
                        + "port 443, hosts [a.com]).\($2)"
                }
        ),
        Case(
            rule: "a server that is dropped for another of its own Gateway",
            objects: gateway("a", "\(https("a.com")), \(https("a.com", name: "twin"))"),
            codes: ["IST0145", "IST0133", "IST0171"],
            lines: [
                "Warning [IST0133] (Gateway full/a) Schema validation warning: server twin: host a.com \(conflict)"
            ]
        ),
        Case(
            rule: "one certificate in two gateways",
            objects: gateway("a", https("a.com")) + gateway("b", https("b.com")),
            codes: ["IST0138", "IST0145"],
            lines: [("a", "b"), ("b", "a")].map {
                "Warning [IST0138] (Gateway full/\($0)) Duplicate certificate in multiple gateways [full/\($0) full/\($1)] may "
                    + "cause 404s if clients re-use HTTP2 connections. Gateways of Apus answer 421 instead, and most clients "
                    + "then open another connection."
            }
        ),
        Case(
            rule: "two certificates in two gateways",
            objects: gateway("a", https("a.com", credential: "x")) + gateway("b", https("b.com", credential: "z")),
            codes: ["IST0138", "IST0145", "IST0133"]
        ),
        Case(
            rule: "a redirect to nothing",
            objects: gateway("gw", http(", tls: {httpsRedirect: true}")),
            codes: ["IST0133"],
            lines: [
                "Warning [IST0133] (Gateway full/gw) Schema validation warning: tls.httpsRedirect of server http sends clients "
                    + "to https, which no server of the same gateway has for a.com: add a server with protocol HTTPS"
            ]
        ),
        Case(
            rule: "a redirect to another server",
            objects: gateway("gw", "\(http(", tls: {httpsRedirect: true}")), \(https("'*.com'"))"),
            codes: ["IST0133"]
        ),
        Case(
            rule: "tls routes where TLS ends",
            objects: gateway("gw", https("a.com"))
                + virtualService("tls: [{match: [{sniHosts: [a.com]}], \(toHTTPBin)}]"),
            codes: ["IST0133"],
            lines: [
                "Warning [IST0133] (Gateway full/gw) Schema validation warning: its servers end TLS, so that the tls routes of "
                    + "VirtualService full/vs have no effect and requests get 404: write http routes, or mode PASSTHROUGH"
            ]
        ),
        Case(
            rule: "http routes where TLS goes through",
            objects: gateway("gw", pass) + virtualService("http: [{\(toHTTPBin)}]"),
            codes: ["IST0133"],
            lines: [
                "Warning [IST0133] (Gateway full/gw) Schema validation warning: server tls: no VirtualService with a tls route "
                    + "for its hosts is bound to it, so every connection is reset"
            ]
        ),
    ]
    private static let pass =
        "{hosts: [a.com], port: {number: 443, name: tls, protocol: TLS}, tls: {mode: PASSTHROUGH}}"

    private static func secret(_ name: String, in namespace: String = "istio-system", _ data: String = pair) -> String {
        "---\napiVersion: v1\nkind: Secret\nmetadata: {namespace: \(namespace), name: \(name)}\ndata: \(data)\n"
    }
    /// Something under the keys of a pair; whether it is one is another question.
    private static let pair = "{tls.crt: YQ==, tls.key: YQ==}"

    private static func analyze(_ objects: String) throws -> [AnalysisMessage] {
        var mesh = try Manifest.migration()
        mesh.ingressGateway()
        try mesh.service(
            "istio-system",
            "ingress",
            ports: "[{name: http, port: 80, targetPort: 8080}, {name: https, port: 443, targetPort: 8443}]"
        )
        try mesh.add(objects)
        return Analysis(mesh.allObjects.map { Analysis.Resource($0) }).messages
    }

    @Test(arguments: references + conflicts) func `finds exactly what is wrong`(rule: Case) throws {
        var messages = try Self.analyze(rule.objects).filter {
            rule.codes.contains($0.code) && $0.origin.hasPrefix("Gateway ")
        }
        // That the pair of the tests is none is found elsewhere.
        if rule.lines.isEmpty { messages.removeAll { $0.code == "IST0161" } }
        #expect(messages.map(\.line) == rule.lines)
    }
}
