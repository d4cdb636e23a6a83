import Injection
import JSON
import Testing

@Suite struct GatewayInjectionTests {
    /// The pod template of a gateway as Istio's documentation has its user write it.
    static let template: JSON = [
        "metadata": [
            "labels": ["istio": "ingressgateway", "sidecar.istio.io/inject": "true"],
            "annotations": ["inject.istio.io/templates": "gateway"],
        ],
        "spec": [
            "securityContext": ["sysctls": [["name": "net.ipv4.ip_unprivileged_port_start", "value": "0"]]],
            "containers": [
                [
                    "name": "istio-proxy", "image": "auto", "ports": [["name": "https", "containerPort": 443]],
                    "securityContext": ["capabilities": ["drop": ["ALL"]], "runAsUser": 1337, "runAsGroup": 1337],
                ]
            ],
        ],
    ]

    private func proxy(_ pod: JSON) -> JSON? { InjectorTests.container("istio-proxy", of: pod) }

    @Test func `the container becomes the gateway's proxy`() throws {
        let pod = try InjectorTests.inject(Self.template)
        #expect(InjectorTests.names(pod["spec", "containers"]) == ["istio-proxy"])
        let proxy = proxy(pod)
        #expect(proxy?["image"]?.string?.hasPrefix("docker.io/apus/proxy:") == true)
        let arguments = (proxy?["args"]?.array ?? []).compactMap(\.string)
        #expect(arguments.starts(with: ["proxy", "router", "--domain", "$(POD_NAMESPACE).svc.cluster.local"]))
        #expect(proxy?["readinessProbe", "httpGet"] == ["path": "/healthz/ready", "port": 15021])
        #expect((proxy?["ports"]?.array ?? []).compactMap { $0["containerPort"]?.int } == [15090, 443])
        #expect(pod["spec", "securityContext"] == Self.template["spec", "securityContext"])
    }

    @Test func `nothing is redirected to it`() throws {
        for isNative in [true, false] {
            let pod = try InjectorTests.inject(Self.template) { $0.usesNativeSidecars = isNative }
            #expect(pod["spec", "initContainers"] == nil)
            #expect(proxy(pod)?["restartPolicy"] == nil)
            #expect(proxy(pod)?["lifecycle"] == nil)
        }
    }

    @Test func `it may do no more than a sidecar`() throws {
        let security = proxy(try InjectorTests.inject(Self.template))?["securityContext"]
        #expect(security?["runAsNonRoot"] == true)
        #expect(security?["readOnlyRootFilesystem"] == true)
        #expect(security?["allowPrivilegeEscalation"] == false)
        #expect(security?["capabilities"] == ["drop": ["ALL"]])
    }

    @Test func `clients do not take it for a workload that accepts mutual TLS on every port`() throws {
        let labels = try InjectorTests.inject(Self.template)["metadata", "labels"]
        #expect(labels?["security.istio.io/tlsMode"] == nil)
        #expect(labels?["service.istio.io/canonical-name"] == "httpbin")
        #expect(labels?["istio"] == "ingressgateway")
    }

    @Test func `it knows its own ports and where it finds its token`() throws {
        let pod = try InjectorTests.inject(Self.template)
        let ports = try #require(InjectorTests.variable("ISTIO_META_POD_PORTS", of: pod))
        #expect(try JSON(parsing: ports).array?.first?["containerPort"] == 443)
        #expect(InjectorTests.names(pod["spec", "volumes"]).contains("istio-token"))
    }

    @Test(arguments: [true, false]) func `injecting twice changes nothing, and forgets nothing`(isGateway: Bool) throws
    {
        var template = Self.template
        if !isGateway { template["metadata", "annotations"] = [:] }
        for isNative in [true, false] {
            let once = try InjectorTests.inject(template) { $0.usesNativeSidecars = isNative }
            let twice = try InjectorTests.inject(once) { $0.usesNativeSidecars = isNative }
            #expect(once == twice)
        }
    }
}
