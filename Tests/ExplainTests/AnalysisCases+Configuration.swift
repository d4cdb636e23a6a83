import Explain
import JSON
import Kubernetes
import Mesh
import MeshAPI
import TestMesh
import Testing
import YAML

extension AnalysisTests {
    /// VirtualServices, Gateways, policies, entries and Sidecars.
    static let configurationCases = [
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
            rule: "two policies that select one pod",
            objects: Manifest.policy("full", "b", "selector: {matchLabels: {app: httpbin}}, mtls: {mode: STRICT}")
                + Manifest.policy(
                    "full",
                    "a",
                    "selector: {matchLabels: {app: httpbin}}, portLevelMtls: {80: {mode: DISABLE}}"
                ),
            code: "APS0005",
            lines: [
                "Warning [APS0005] (PeerAuthentication full/b) The policy does not count for pod httpbin: PeerAuthentication "
                    + "full/a selects it, too, and comes first (the older one, then the first by name); two are never merged. "
                    + "Make one of the two, or give them selectors of different pods."
            ]
        ),
        Case(
            rule: "two policies that select different pods",
            objects: Manifest.policy("full", "b", "selector: {matchLabels: {app: httpbin}}, mtls: {mode: STRICT}")
                + Manifest.policy("full", "a", "selector: {matchLabels: {app: sleep}}, mtls: {mode: STRICT}"),
            code: "APS0005"
        ),
        Case(
            rule: "two policies for one namespace",
            objects: Manifest.policy("full", "b", "mtls: {mode: STRICT}")
                + Manifest.policy("full", "a", "mtls: {mode: UNSET}"),
            code: "APS0005",
            lines: [
                "Warning [APS0005] (PeerAuthentication full/b) The policy does not count: PeerAuthentication full/a is for the "
                    + "whole namespace, too, and comes first (the older one, then the first by name); two are never merged. "
                    + "Remove one of the two."
            ]
        ),
        Case(
            rule: "two policies for the mesh, and one with a selector beside them",
            objects: Manifest.policy("istio-system", "b", "mtls: {mode: STRICT}")
                + Manifest.policy("istio-system", "a", "mtls: {mode: PERMISSIVE}")
                + Manifest.policy("istio-system", "c", "selector: {matchLabels: {app: httpbin}}, mtls: {mode: STRICT}"),
            code: "APS0005",
            lines: [
                "Warning [APS0005] (PeerAuthentication istio-system/b) The policy does not count: PeerAuthentication "
                    + "istio-system/a is for the whole mesh, too, and comes first (the older one, then the first by name); two are "
                    + "never merged. Remove one of the two.",
                "Warning [APS0005] (PeerAuthentication istio-system/c) The policy does not count: in the root namespace only "
                    + "policies without a selector do. Move it to the namespace of the pods that it means.",
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
}
