import Explain
import JSON
import Kubernetes
import Mesh
import MeshAPI
import TestMesh
import Testing
import YAML

@Suite struct AnalysisTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let rule: String
        let objects: String
        /// The lines of the code in question; none when there is nothing to find.
        let code: String
        var lines: [String] = []
        var testDescription: String { rule }
    }

    private static func namespace(_ name: String, _ labels: String = "{}") -> String {
        "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: \(name), labels: \(labels)}\n"
    }

    private static func annotated(_ kind: String, _ annotation: String, _ value: String) -> String {
        "---\napiVersion: v1\nkind: \(kind)\nmetadata: {namespace: full, name: x, annotations: {\(annotation): \"\(value)\"}}\n"
    }

    private static let toHTTPBin = "{route: [{destination: {host: httpbin, port: {number: 8000}}}]}"

    private static func routes(_ name: String, _ spec: String) -> String {
        Manifest.object("networking.istio.io/v1", "VirtualService", "full", name, spec)
    }

    private static func gateway(_ namespace: String, _ name: String, _ hosts: String) -> String {
        let server = "{port: {number: 80, name: http, protocol: HTTP}, hosts: \(hosts)}"
        return Manifest.object("networking.istio.io/v1", "Gateway", namespace, name, "servers: [\(server)]")
    }

    static let cases = [
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
        Case(
            rule: "routes to what is not there",
            objects: Manifest.object(
                "networking.istio.io/v1",
                "VirtualService",
                "full",
                "v",
                "hosts: [a], gateways: [mesh, gw, other/gw], http: [{route: [{destination: {host: httpbin, subset: v1}}, {destination: {host: nope}}, {destination: {host: httpbin, port: {number: 1}}}]}]"
            ),
            code: "IST0101",
            lines: [
                "gateway not found: \"gw\"", "gateway not found: \"other/gw\"",
                "host not found: \"nope\"", "host+subset in destinationrule not found: \"httpbin+v1\"",
                "host:port not found: \"httpbin:1\"",
            ].map { "Error [IST0101] (VirtualService full/v) Referenced \($0)" }
        ),
        Case(
            rule: "a gateway whose name is nearly right",
            objects: routes("v", "hosts: [a.b], gateways: [istio-system/ingresgateway], http: [\(toHTTPBin)]")
                + gateway("istio-system", "ingressgateway", "['*']"),
            code: "IST0101",
            lines: [
                "Error [IST0101] (VirtualService full/v) Referenced gateway not found: \"istio-system/ingresgateway\" "
                    + "(did you mean \"istio-system/ingressgateway\"?)"
            ]
        ),
        Case(
            rule: "a gateway of another namespace named without it",
            objects: routes("v", "hosts: [a.b], gateways: [gw], http: [\(toHTTPBin)]")
                + gateway("other", "gw", "['*']"),
            code: "IST0101",
            lines: [
                "Error [IST0101] (VirtualService full/v) Referenced gateway not found: \"gw\" (did you mean \"other/gw\"?)"
            ]
        ),
        Case(
            rule: "a gateway that serves the host",
            objects: routes("v", "hosts: [x.a.b], gateways: [gw], http: [\(toHTTPBin)]")
                + gateway("full", "gw", "['full/*.a.b']"),
            code: "IST0132"
        ),
        Case(
            rule: "a gateway that serves the host for others",
            objects: routes("v", "hosts: [x.a.b, c.d], gateways: [gw], http: [\(toHTTPBin)]")
                + gateway("full", "gw", "['other/*.a.b', 'e.f']"),
            code: "IST0132",
            lines: [
                "Warning [IST0132] (VirtualService full/v) one or more host [x.a.b c.d] defined in VirtualService full/v not "
                    + "found in Gateway full/gw."
            ]
        ),
        Case(
            rule: "two VirtualServices of one host of the mesh",
            objects: routes("v", "hosts: [httpbin], http: [\(toHTTPBin)]")
                + routes("w", "hosts: [httpbin.full.svc.cluster.local], http: [\(toHTTPBin)]")
                + routes("x", "hosts: [httpbin], gateways: [gw], http: [\(toHTTPBin)]")
                + routes("y", "hosts: [httpbin], exportTo: ['.'], http: [\(toHTTPBin)]"),
            code: "IST0109",
            lines: ["v", "w"].map {
                "Error [IST0109] (VirtualService full/\($0)) The VirtualServices full/v,full/w associated with mesh gateway "
                    + "define the same host */httpbin.full.svc.cluster.local which can lead to undefined behavior. This can be "
                    + "fixed by merging the conflicting VirtualServices into a single resource."
            }
        ),
        Case(
            rule: "rules behind one without matches",
            objects: routes("v", "hosts: [httpbin], http: [\(toHTTPBin), \(toHTTPBin)]"),
            code: "IST0130",
            lines: [
                "Warning [IST0130] (VirtualService full/v) VirtualService rule #1 not used (only the last rule can have no matches)."
            ]
        ),
        Case(
            rule: "unused rules have a code of their own",
            objects: routes("v", "hosts: [httpbin], http: [\(toHTTPBin), \(toHTTPBin)]"),
            code: "IST0133"
        ),
        Case(
            rule: "a match that was there before",
            objects: routes(
                "v",
                "hosts: [httpbin], http: [{match: [{uri: {prefix: /a}}], redirect: {uri: /}}, {match: [{uri: {prefix: /a/b}}], redirect: {uri: /}}]"
            ),
            code: "IST0131",
            lines: [
                "Info [IST0131] (VirtualService full/v) VirtualService rule #1 match #0 of prefix /a/b is not used "
                    + "(duplicate/overlapping match in rule #0 of prefix /a on #0)."
            ]
        ),
        Case(
            rule: "a deprecated percent",
            objects: routes(
                "v",
                "hosts: [httpbin], http: [{route: [{destination: {host: httpbin}}], fault: {delay: {percent: 5, fixedDelay: 1s}}}]"
            ),
            code: "IST0002",
            lines: [
                "Warning [IST0002] (VirtualService full/v) Deprecated: HTTPRoute.fault.delay.percent is deprecated; use "
                    + "HTTPRoute.fault.delay.percentage"
            ]
        ),
        Case(
            rule: "a subset that requests through the gateway do not get to",
            objects: routes("v", "hosts: [a.b], gateways: [gw], http: [\(toHTTPBin)]")
                + routes("w", "hosts: [httpbin], http: [{route: [{destination: {host: httpbin, subset: v1}}]}]"),
            code: "IST0140",
            lines: [
                "Warning [IST0140] (VirtualService full/v) Subset in virtual service full/w has no effect on ingress gateway "
                    + "full/v requests"
            ]
        ),
        Case(
            rule: "a generated gateway",
            objects: routes(
                "v",
                "hosts: [a.b], gateways: [x-istio-autogenerated-k8s-gateway-http], http: [\(toHTTPBin)]"
            ),
            code: "IST0165",
            lines: [
                "Warning [IST0165] (VirtualService full/v) Gateway reference in VirtualService full/v is to an "
                    + "implementation-generated internal Gateway: x-istio-autogenerated-k8s-gateway-http."
            ]
        ),
        Case(
            rule: "a rule and a policy that do not fit",
            objects: Manifest.policy("full", "p", "mtls: {mode: STRICT}")
                + Manifest.rule("full", "r", "host: httpbin, trafficPolicy: {tls: {mode: DISABLE}}"),
            code: "APS0001",
            lines: [
                "Error [APS0001] (DestinationRule full/r) Clients in namespace full get 503 UC from "
                    + "httpbin.full.svc.cluster.local:8000 pod httpbin: they send plaintext (DestinationRule full/r), the server has "
                    + "STRICT by PeerAuthentication full/p. Set the rule's tls.mode to ISTIO_MUTUAL, or remove tls, so that auto "
                    + "mTLS decides."
            ]
        ),
        Case(
            rule: "a namespace with two labels for injection",
            objects: namespace("a", "{istio-injection: enabled, istio.io/rev: x}"),
            code: "IST0123",
            lines: [
                "Warning [IST0123] (Namespace a) The namespace has more than one type of injection labels [istio-injection "
                    + "istio.io/rev], which may lead to undefined behavior. Make sure only one injection label exists."
            ]
        ),
        Case(
            rule: "an entry without addresses",
            objects: Manifest.object(
                "networking.istio.io/v1",
                "ServiceEntry",
                "full",
                "e",
                "hosts: [x.example.com], ports: [{number: 1, name: a, protocol: TCP}, {number: 2, name: b, protocol: TLS}]"
            ),
            code: "IST0134",
            lines: ["Warning [IST0134] (ServiceEntry full/e) ServiceEntry addresses are required for this protocol."]
        ),
        Case(
            rule: "an application with the proxy's user",
            objects: "---\napiVersion: v1\nkind: Pod\nmetadata: {namespace: full, name: u}\n"
                + "spec: {containers: [{name: a, securityContext: {runAsUser: 1337}}]}\n",
            code: "IST0144",
            lines: ["Warning [IST0144] (Pod full/u) User ID (UID) 1337 is reserved for the sidecar proxy."]
        ),
        Case(
            rule: "the proxy with its user",
            objects: "---\napiVersion: v1\nkind: Pod\nmetadata: {namespace: full, name: u}\n"
                + "spec: {containers: [{name: istio-proxy, securityContext: {runAsUser: 1337}}]}\n",
            code: "IST0144"
        ),
        Case(
            rule: "a name for another name with a port that cannot be routed",
            objects: "---\napiVersion: v1\nkind: Service\nmetadata: {namespace: full, name: x}\n"
                + "spec: {type: ExternalName, externalName: example.com, ports: [{name: tcp, port: 80}]}\n",
            code: "IST0150",
            lines: [
                "Warning [IST0150] (Service full/x) Port name for ExternalName service is invalid. Proxy may prevent tcp named "
                    + "ports and unmatched traffic for ports serving TCP protocol from being forwarded correctly"
            ]
        ),
        Case(
            rule: "clients of several namespaces with one rule",
            objects:
                "---\napiVersion: v1\nkind: Pod\nmetadata: {namespace: more, name: c}\nspec: {containers: [{name: istio-proxy}]}\n"
                + Manifest.rule("legacy", "r", "host: httpbin, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}"),
            code: "APS0001",
            lines: [
                "Error [APS0001] (DestinationRule legacy/r) Clients in namespaces full and more get 503 UF from "
                    + "httpbin.legacy.svc.cluster.local:8000 pod httpbin: they send mTLS (DestinationRule legacy/r), the server has no "
                    + "sidecar. Remove tls from the rule, so that each endpoint gets what it accepts, or let the server accept mutual "
                    + "TLS."
            ]
        ),
        Case(
            rule: "a strict workload in a namespace that disables",
            objects: Manifest.policy("full", "ns", "mtls: {mode: DISABLE}")
                + Manifest.policy("full", "w", "selector: {matchLabels: {app: httpbin}}, mtls: {mode: STRICT}"),
            code: "APS0001",
            lines: [
                "Error [APS0001] (PeerAuthentication full/w) Clients in namespace full get 503 UC from "
                    + "httpbin.full.svc.cluster.local:8000 pod httpbin: they send plaintext (PeerAuthentication full/ns), the server "
                    + "has STRICT by PeerAuthentication full/w. Clients look no further than the namespace: make the namespace's "
                    + "policy PERMISSIVE or STRICT and except single workloads from it, or add a DestinationRule with tls.mode "
                    + "ISTIO_MUTUAL."
            ]
        ),
        Case(
            rule: "a strict namespace",
            objects: Manifest.policy("full", "ns", "mtls: {mode: STRICT}"),
            code: "APS0001"
        ),
        Case(
            rule: "an old policy beside a new one",
            objects: Manifest.legacyPolicy("full", "httpbin", "targets: [{name: httpbin}]")
                + Manifest.policy("full", "p", "mtls: {mode: STRICT}"),
            code: "APS0002",
            lines: [
                "Warning [APS0002] (Policy full/httpbin) The policy does not count for port 80 of pod httpbin: PeerAuthentication "
                    + "full/p says STRICT. Remove one of the two."
            ]
        ),
        Case(
            rule: "two Sidecars without selector",
            objects: ["a", "b"].map {
                Manifest.object("networking.istio.io/v1", "Sidecar", "full", $0, "egress: [{hosts: ['*/*']}]")
            }
            .joined(),
            code: "IST0111",
            lines: ["a", "b"].map {
                "Error [IST0111] (Sidecar full/\($0)) The Sidecars [a b] in namespace \"full\" have no workload selector, which can "
                    + "lead to undefined behavior."
            }
        ),
    ]

    private static func analyze(_ objects: String, _ options: Analysis.Options = Analysis.Options()) throws -> Analysis
    {
        var mesh = try Manifest.migration()
        try mesh.add(objects)
        return Analysis(mesh.allObjects.map { Analysis.Resource($0) }, config: mesh.config, options: options)
    }

    @Test(arguments: cases) func `finds exactly what is wrong`(rule: Case) throws {
        let lines = try Self.analyze(rule.objects).messages.filter { $0.code == rule.code }.map(\.line)
        #expect(lines == rule.lines)
    }

    @Test func `a healthy mesh has no findings`() throws { #expect(try Self.analyze("").messages.isEmpty) }

    @Test func `findings name file and line, and are sorted by level`() throws {
        let rule = try YAML.documents(Manifest.rule("full", "r", "host: nope, trafficPolicy: {tls: {mode: MUTUAL}}"))[0]
        let namespace = try YAML.value(Self.namespace("shop"))
        let analysis = Analysis([
            Analysis.Resource(namespace), Analysis.Resource(rule.value, file: "a.yaml", line: rule.line),
        ])
        #expect(analysis.messages.map(\.level) == [.error, .error, .warning, .warning, .info])
        #expect(
            analysis.messages[0].line.hasPrefix(
                "Error [IST0106] (DestinationRule full/r a.yaml:2) Schema validation error: "
            )
        )
        #expect(analysis.messages[0].json["reference"] == "a.yaml:2")
        #expect(analysis.messages[0].json["documentationUrl"]?.string?.hasSuffix("/ist0106/") == true)
        #expect(analysis.messages[0].colouredLine.hasPrefix("\u{1b}[1;31mError\u{1b}[0m [IST0106]"))
    }

    @Test(arguments: [
        ("IST0102=Namespace shop", true), ("IST0102=Namespace *", true), ("IST0102=*o*", true),
        ("IST0102=Namespace sho", false),
        ("IST0103=Namespace shop", false), ("IST0102", false), ("=", false),
    ])
    func `a suppression is for a code and objects by pattern`(suppression: String, isSuppressed: Bool) throws {
        var options = Analysis.Options()
        options.suppressions = [suppression]
        #expect(try Self.analyze(Self.namespace("shop"), options).messages.isEmpty == isSuppressed)
    }

    @Test(arguments: [("IST0102", true), ("'*'", true), ("IST0101,IST0102", true), ("IST0103", false)])
    func `an object can suppress findings about itself`(codes: String, isSuppressed: Bool) throws {
        let text =
            "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, annotations: {galley.istio.io/analyze-suppress: \"\(codes.replacing("'", with: ""))\"}}\n"
        #expect(try Self.analyze(text).messages.isEmpty == isSuppressed)
    }

    @Test func `a namespace or an analyzer can be chosen`() throws {
        let objects = Self.namespace("shop") + Manifest.policy("full", "p", "selector: {}")
        var options = Analysis.Options()
        options.namespace = "full"
        #expect(try Self.analyze(objects, options).messages.map(\.code) == ["IST0133"])
        options = Analysis.Options()
        options.analyzers = ["injection.Analyzer"]
        #expect(try Self.analyze(objects, options).messages.map(\.code) == ["IST0102"])
        options.analyzers = ["nope"]
        #expect(try Self.analyze(objects, options).messages.count == 2)
    }
}
