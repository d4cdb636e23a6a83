import Injection
import JSON
import Testing

@Suite struct InjectorTests {
    /// The pod template of the httpbin sample with probes of every kind.
    static let template: JSON = [
        "metadata": ["labels": ["app": "httpbin", "version": "v1"]],
        "spec": [
            "serviceAccountName": "httpbin",
            "initContainers": [["name": "setup", "image": "setup:1"]],
            "containers": [
                [
                    "name": "httpbin", "image": "httpbin:1", "ports": [["name": "web", "containerPort": 80]],
                    "livenessProbe": ["httpGet": ["path": "/live", "port": "web"], "periodSeconds": 5],
                    "readinessProbe": ["tcpSocket": ["port": 80], "timeoutSeconds": 4],
                    "startupProbe": ["exec": ["command": ["true"]]],
                ]
            ],
        ],
    ]

    static func inject(_ pod: JSON = template, _ change: (inout InjectionSettings) -> Void = { _ in }) throws -> JSON {
        var settings = InjectionSettings()
        change(&settings)
        let workload = Workload(name: "httpbin", kind: "Deployment", apiVersion: "apps/v1")
        let result = try Injector(settings: settings).inject(pod, namespace: "foo", workload: workload)
        guard case .injected(let pod) = result.outcome else { throw CancellationError() }
        return pod
    }

    static func container(_ name: String, of pod: JSON) -> JSON? {
        let spec = pod["spec"]
        return ((spec?["initContainers"]?.array ?? []) + (spec?["containers"]?.array ?? []))
            .first { $0["name"]?.string == name }
    }

    static func names(_ list: JSON?) -> [String] { (list?.array ?? []).compactMap { $0["name"]?.string } }

    static func variable(_ name: String, of pod: JSON) -> String? {
        container("istio-proxy", of: pod)?["env"]?.array?.first { $0["name"]?.string == name }?["value"]?.string
    }

    @Test func `a native sidecar comes before the pod's own init containers`() throws {
        let pod = try Self.inject()
        #expect(Self.names(pod["spec", "initContainers"]) == ["istio-init", "istio-proxy", "setup"])
        #expect(Self.names(pod["spec", "containers"]) == ["httpbin"])
        #expect(Self.container("istio-proxy", of: pod)?["restartPolicy"] == "Always")
        #expect(Self.container("istio-proxy", of: pod)?["lifecycle"] == nil)
    }

    @Test func `without native sidecars it is the first container and the others wait for it`() throws {
        let pod = try Self.inject { $0.usesNativeSidecars = false }
        #expect(Self.names(pod["spec", "initContainers"]) == ["setup", "istio-init"])
        #expect(Self.names(pod["spec", "containers"]) == ["istio-proxy", "httpbin"])
        let proxy = Self.container("istio-proxy", of: pod)
        #expect(proxy?["lifecycle", "postStart", "exec", "command"] == ["apus-proxy", "wait"])
        #expect(proxy?["restartPolicy"] == nil)
    }

    @Test func `the annotation decides about a native sidecar`() throws {
        var pod = Self.template
        pod["metadata", "annotations"] = ["sidecar.istio.io/nativeSidecar": "false"]
        #expect(Self.names(try Self.inject(pod)["spec", "containers"]) == ["istio-proxy", "httpbin"])
    }

    @Test func `istio-init redirects everything but the proxy's own ports`() throws {
        let initializer = Self.container("istio-init", of: try Self.inject())
        #expect(
            initializer?["args"] == [
                "istio-iptables", "-p", "15001", "-z", "15006", "-u", "1337", "-m", "REDIRECT", "-i", "*", "-x", "",
                "-b", "*", "-d", "15090,15021,15020", "--log_output_level=default:info",
            ]
        )
        #expect(initializer?["securityContext", "capabilities", "add"] == ["NET_ADMIN", "NET_RAW"])
        #expect(initializer?["securityContext", "runAsUser"] == 0)
    }

    @Test func `annotations change what is redirected`() throws {
        var pod = Self.template
        pod["metadata", "annotations"] = [
            "traffic.sidecar.istio.io/includeOutboundIPRanges": "10.96.0.0/16",
            "traffic.sidecar.istio.io/excludeOutboundIPRanges": "10.96.0.1/32",
            "traffic.sidecar.istio.io/includeInboundPorts": "80",
            "traffic.sidecar.istio.io/excludeInboundPorts": "4,5",
            "traffic.sidecar.istio.io/excludeOutboundPorts": "3306",
            "traffic.sidecar.istio.io/includeOutboundPorts": "8000",
        ]
        let arguments = Self.container("istio-init", of: try Self.inject(pod))?["args"]?.array?.compactMap(\.string)
        #expect(
            arguments?.joined(separator: " ")
                == "istio-iptables -p 15001 -z 15006 -u 1337 -m REDIRECT -i 10.96.0.0/16 -x 10.96.0.1/32 -b 80 "
                + "-d 15090,15021,4,5,15020 -q 8000 -o 3306 --log_output_level=default:info"
        )
    }

    @Test func `interception mode NONE needs no istio-init`() throws {
        var pod = Self.template
        pod["metadata", "annotations"] = ["sidecar.istio.io/interceptionMode": "NONE"]
        #expect(Self.container("istio-init", of: try Self.inject(pod)) == nil)
    }

    @Test func `the proxy runs as 1337 and can change nothing`() throws {
        let security = Self.container("istio-proxy", of: try Self.inject())?["securityContext"]
        #expect(security?["runAsUser"] == 1337)
        #expect(security?["runAsGroup"] == 1337)
        #expect(security?["runAsNonRoot"] == true)
        #expect(security?["readOnlyRootFilesystem"] == true)
        #expect(security?["allowPrivilegeEscalation"] == false)
        #expect(security?["capabilities", "drop"] == ["ALL"])
    }

    @Test func `probes of the application go to the proxy, and the originals with it`() throws {
        let pod = try Self.inject()
        let application = Self.container("httpbin", of: pod)
        #expect(
            application?["livenessProbe"]
                == ["httpGet": ["path": "/app-health/httpbin/livez", "port": 15020], "periodSeconds": 5]
        )
        #expect(
            application?["readinessProbe"]
                == ["httpGet": ["path": "/app-health/httpbin/readyz", "port": 15020], "timeoutSeconds": 4]
        )
        #expect(application?["startupProbe"] == ["exec": ["command": ["true"]]])
        let originals = try JSON(parsing: try #require(Self.variable("ISTIO_KUBE_APP_PROBERS", of: pod)))
        #expect(
            originals == [
                "/app-health/httpbin/livez": ["httpGet": ["path": "/live", "port": 80], "timeoutSeconds": 1],
                "/app-health/httpbin/readyz": ["tcpSocket": ["port": 80], "timeoutSeconds": 4],
            ]
        )
    }

    @Test func `probes stay when rewriting is turned off`() throws {
        var pod = Self.template
        pod["metadata", "annotations"] = ["sidecar.istio.io/rewriteAppHTTPProbers": "false"]
        let injected = try Self.inject(pod)
        #expect(Self.container("httpbin", of: injected) == Self.template["spec", "containers"]?.array?.first)
        #expect(Self.variable("ISTIO_KUBE_APP_PROBERS", of: injected) == nil)
    }

    @Test func `labels say what the workload is and that it can do mutual TLS`() throws {
        let labels = try Self.inject()["metadata", "labels"]?.strings
        #expect(
            labels == [
                "app": "httpbin", "version": "v1", "security.istio.io/tlsMode": "istio",
                "service.istio.io/canonical-name": "httpbin", "service.istio.io/canonical-revision": "v1",
            ]
        )
    }

    @Test func `a preset tlsMode and canonical names are respected`() throws {
        var pod = Self.template
        pod["metadata", "labels"] = [
            "security.istio.io/tlsMode": "disabled", "service.istio.io/canonical-name": "web", "app": "x",
            "app.kubernetes.io/version": "7",
        ]
        let labels = try Self.inject(pod)["metadata", "labels"]?.strings
        #expect(labels?["security.istio.io/tlsMode"] == "disabled")
        #expect(labels?["service.istio.io/canonical-name"] == "web")
        #expect(labels?["service.istio.io/canonical-revision"] == "7")
    }

    @Test func `annotations say what was done`() throws {
        let annotations = try Self.inject()["metadata", "annotations"]?.strings
        #expect(annotations?["istio.io/rev"] == "default")
        #expect(annotations?["kubectl.kubernetes.io/default-container"] == "httpbin")
        #expect(annotations?["prometheus.io/port"] == "15020")
        let status = try JSON(parsing: try #require(annotations?["sidecar.istio.io/status"]))
        #expect(status["initContainers"] == ["istio-init", "istio-proxy"])
        #expect(status["revision"] == "default")
        #expect(status["volumes"]?.array?.contains("istio-token") == true)
    }

    @Test func `resource annotations replace the defaults`() throws {
        var pod = Self.template
        #expect(Self.container("istio-proxy", of: try Self.inject())?["resources", "limits", "cpu"] == "2000m")
        pod["metadata", "annotations"] = ["sidecar.istio.io/proxyMemory": "64Mi"]
        let resources = Self.container("istio-proxy", of: try Self.inject(pod))?["resources"]
        #expect(resources == ["requests": ["memory": "64Mi"]])
    }

    @Test func `proxy configuration of the pod lies over the mesh's`() throws {
        var pod = Self.template
        pod["metadata", "annotations"] = ["proxy.istio.io/config": "concurrency: 3\nproxyMetadata:\n  A: b\n"]
        let injected = try Self.inject(pod) {
            $0.mesh = ["defaultConfig": ["concurrency": 1, "drainDuration": "9s"], "trustDomain": "old.example"]
        }
        let config = try JSON(parsing: try #require(Self.variable("PROXY_CONFIG", of: injected)))
        #expect(config == ["concurrency": 3, "drainDuration": "9s", "proxyMetadata": ["A": "b"]])
        #expect(Self.variable("A", of: injected) == "b")
        #expect(Self.variable("TRUST_DOMAIN", of: injected) == "old.example")
    }

    @Test func `a container istio-proxy of the pod customizes the sidecar`() throws {
        var pod = Self.template
        pod["spec", "containers"] = [
            ["name": "httpbin", "image": "httpbin:1"],
            ["name": "istio-proxy", "image": "auto", "env": [["name": "TRUST_DOMAIN", "value": "mine"]]],
        ]
        let injected = try Self.inject(pod)
        #expect(Self.names(injected["spec", "containers"]) == ["httpbin"])
        #expect(Self.container("istio-proxy", of: injected)?["image"] == "docker.io/apus/proxy:0.1.0")
        #expect(Self.variable("TRUST_DOMAIN", of: injected) == "mine")
        #expect(Self.variable("PILOT_CERT_PROVIDER", of: injected) == "istiod")
    }

    @Test(arguments: [true, false]) func `injecting twice changes nothing`(native: Bool) throws {
        var pod = Self.template
        pod["metadata", "annotations"] = ["prometheus.io/port": "9090", "prometheus.io/scrape": "true"]
        let once = try Self.inject(pod) { $0.usesNativeSidecars = native }
        let twice = try Self.inject(once) { $0.usesNativeSidecars = native }
        #expect(once == twice)
        #expect(Self.variable("ISTIO_PROMETHEUS_ANNOTATIONS", of: twice) == #"{"port":"9090","scrape":"true"}"#)
    }

    @Test func `the owner of a replica set's pod is the deployment`() {
        let owned: JSON = [
            "metadata": [
                "labels": ["pod-template-hash": "abc"],
                "ownerReferences": [
                    ["kind": "ReplicaSet", "name": "sleep-abc", "apiVersion": "apps/v1", "controller": true]
                ],
            ]
        ]
        #expect(Workload(ownerOf: owned) == Workload(name: "sleep", kind: "Deployment", apiVersion: "apps/v1"))
    }
}

@Suite struct JSONPatchTests {
    @Test func `changes are told member by member`() {
        let old: JSON = ["a": 1, "b": ["x/y": "1", "gone": true], "list": [1]]
        let new: JSON = ["a": 2, "b": ["x/y": "2", "p~q": "3"], "list": [1, 2]]
        let expected: [JSON] = [
            ["op": "replace", "path": "/a", "value": 2], ["op": "remove", "path": "/b/gone"],
            ["op": "add", "path": "/b/p~0q", "value": "3"], ["op": "replace", "path": "/b/x~1y", "value": "2"],
            ["op": "replace", "path": "/list", "value": [1, 2]],
        ]
        #expect(JSONPatch.difference(from: old, to: new) == expected)
    }

    @Test func `equal values need no patch`() {
        #expect(JSONPatch.difference(from: ["a": [1]], to: ["a": [1]]).isEmpty)
    }
}
