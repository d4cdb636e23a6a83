import Base
import JSON
import Testing

@testable import CommandLine

@Suite struct GatewayManifestTests {
    private static func objects(_ sets: [String], file: String? = nil) throws -> [JSON] {
        let files = file.map { [("f.yaml", "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\n\($0)")] } ?? []
        let manifests = try Manifests(try Installation(files: files, sets: sets))
        return manifests.egressGateways + manifests.ingressGateways
    }

    private static func find(_ kind: String, _ name: String, _ objects: [JSON]) -> JSON? {
        objects.first { $0["kind"]?.string == kind && $0["metadata", "name"]?.string == name }
    }

    private static func ports(_ service: JSON?) -> [String] {
        (service?["spec", "ports"]?.array ?? []).map { port in
            "\(port["name"]?.string ?? "") \(port["port"]?.int ?? 0)→\(port["targetPort"]?.int ?? 0)"
        }
    }

    @Test func `an ingress gateway has Istio's names, labels and ports`() throws {
        let objects = try Self.objects([])
        let names = objects.map { "\($0["kind"]?.string ?? "") \($0["metadata", "name"]?.string ?? "")" }
        #expect(
            names == [
                "ServiceAccount istio-ingressgateway-service-account", "Role istio-ingressgateway-sds",
                "RoleBinding istio-ingressgateway-sds", "Service istio-ingressgateway",
                "Deployment istio-ingressgateway", "PodDisruptionBudget istio-ingressgateway",
            ]
        )
        let service = Self.find("Service", "istio-ingressgateway", objects)
        #expect(service?["spec", "type"] == "LoadBalancer")
        #expect(service?["spec", "selector"] == ["app": "istio-ingressgateway", "istio": "ingressgateway"])
        #expect(Self.ports(service) == ["status-port 15021→15021", "http2 80→8080", "https 443→8443"])
        for object in objects {
            #expect(object["metadata", "labels", "operator.istio.io/component"] == "IngressGateways")
            #expect(object["metadata", "namespace"] == "istio-system")
        }
    }

    @Test func `its pod is complete, so that nobody has to inject it`() throws {
        let objects = try Self.objects(["hub=registry.example/apus", "tag=x"])
        let pod = Self.find("Deployment", "istio-ingressgateway", objects)?["spec", "template"]
        let container = pod?["spec", "containers"]?.array?.first
        #expect(pod?["metadata", "labels", "sidecar.istio.io/inject"] == "false")
        #expect(pod?["metadata", "labels", "security.istio.io/tlsMode"] == nil)
        #expect(pod?["spec", "serviceAccountName"] == "istio-ingressgateway-service-account")
        #expect(container?["image"] == "registry.example/apus/proxy:x")
        #expect(container?["args"]?.array?.prefix(2) == ["proxy", "router"])
        #expect(container?["readinessProbe", "httpGet", "port"] == 15021)
        #expect(container?["readinessProbe", "periodSeconds"] == 1)
        let ports = (container?["ports"]?.array ?? []).compactMap { $0["containerPort"]?.int }
        #expect(ports == [15090, 15021, 8080, 8443])
    }

    @Test func `its account may read the certificates beside it, and nothing else`() throws {
        let objects = try Self.objects([])
        let role = Self.find("Role", "istio-ingressgateway-sds", objects)
        #expect(role?["rules"] == [["apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "watch", "list"]]])
        let binding = Self.find("RoleBinding", "istio-ingressgateway-sds", objects)
        #expect(
            binding?["subjects"] == [["kind": "ServiceAccount", "name": "istio-ingressgateway-service-account"]]
        )
        #expect(!objects.contains { $0["kind"]?.string?.hasPrefix("Cluster") ?? false })
    }

    @Test func `an egress gateway is for the cluster only`() throws {
        let objects = try Self.objects([
            "components.egressGateways[0].enabled=true", "values.gateways.istio-ingressgateway.enabled=false",
        ])
        let service = Self.find("Service", "istio-egressgateway", objects)
        #expect(service?["spec", "type"] == "ClusterIP")
        #expect(Self.ports(service) == ["http2 80→8080", "https 443→8443"])
        #expect(service?["spec", "selector", "istio"] == "egressgateway")
    }

    @Test func `the demo profile has the ports for TCP and for TLS`() throws {
        let service = Self.find("Service", "istio-ingressgateway", try Self.objects(["profile=demo"]))
        #expect(Self.ports(service).suffix(2) == ["tcp 31400→31400", "tls 15443→15443"])
    }

    @Test(arguments: ["minimal", "empty"]) func `some profiles have no gateways`(profile: String) throws {
        #expect(try Self.objects(["profile=\(profile)"]).isEmpty)
    }

    @Test(arguments: [
        ["values.gateways.enabled=false"], ["values.gateways.istio-ingressgateway.enabled=false"],
        ["components.ingressGateways[0].enabled=false"],
    ])
    func `a gateway can be switched off as in any version of Istio`(sets: [String]) throws {
        #expect(try Self.objects(sets).isEmpty)
    }

    @Test func `the values of the standard gateway reach its Service and its pod`() throws {
        let objects = try Self.objects([
            "values.gateways.istio-ingressgateway.enabled=true",
            "values.gateways.istio-ingressgateway.type=NodePort",
            "values.gateways.istio-ingressgateway.loadBalancerIP=10.97.0.7",
            "values.gateways.istio-ingressgateway.ports[0].port=8443",
            "values.gateways.istio-ingressgateway.ports[0].name=https",
            "values.gateways.istio-ingressgateway.env.A=b", "values.gateways.istio-ingressgateway.replicaCount=2",
        ])
        let service = Self.find("Service", "istio-ingressgateway", objects)
        #expect(service?["spec", "type"] == "NodePort")
        #expect(service?["spec", "loadBalancerIP"] == "10.97.0.7")
        #expect(service?["spec", "ports"] == [["port": 8443, "name": "https"]])
        let deployment = Self.find("Deployment", "istio-ingressgateway", objects)
        #expect(deployment?["spec", "replicas"] == 2)
        let container = deployment?["spec", "template", "spec", "containers"]?.array?.first
        #expect(container?["env"]?.array?.contains(["name": "A", "value": "b"]) == true)
        #expect(container?["ports"]?.array?.contains { $0["containerPort"] == 8443 } == true)
    }

    /// The names and places of what the gateway's pod has as files, and from which objects.
    private static func files(_ name: String, _ objects: [JSON]) -> [String] {
        let pod = find("Deployment", name, objects)?["spec", "template", "spec"]
        let mounts = pod?["containers"]?.array?.first?["volumeMounts"]?.array ?? []
        return (pod?["volumes"]?.array ?? []).compactMap { volume in
            let secret = volume["secret", "secretName"]?.string.map { "secret \($0)" }
            let source = secret ?? volume["configMap", "name"]?.string.map { "configMap \($0)" }
            let mount = mounts.first { $0["name"] == volume["name"] && $0["readOnly"] == true }
            let isOptional = volume["secret", "optional"] == true || volume["configMap", "optional"] == true
            guard isOptional, let source, let path = mount?["mountPath"]?.string else { return nil }
            return "\(source) \(path)"
        }
    }

    @Test func `certificates in files are where Istio's gateways have them`() throws {
        let objects = try Self.objects(["components.egressGateways[0].enabled=true"])
        #expect(
            Self.files("istio-ingressgateway", objects) == [
                "secret istio-ingressgateway-certs /etc/istio/ingressgateway-certs",
                "secret istio-ingressgateway-ca-certs /etc/istio/ingressgateway-ca-certs",
            ]
        )
        #expect(
            Self.files("istio-egressgateway", objects) == [
                "secret istio-egressgateway-certs /etc/istio/egressgateway-certs",
                "secret istio-egressgateway-ca-certs /etc/istio/egressgateway-ca-certs",
            ]
        )
    }

    @Test func `other files take their place`() throws {
        let values = "values.gateways.istio-ingressgateway"
        let objects = try Self.objects([
            "\(values).secretVolumes[0].name=one", "\(values).secretVolumes[0].secretName=one-secret",
            "\(values).secretVolumes[0].mountPath=/one", "\(values).configVolumes[0].name=two",
            "\(values).configVolumes[0].configMapName=two-map", "\(values).configVolumes[0].mountPath=/two",
        ])
        #expect(Self.files("istio-ingressgateway", objects) == ["secret one-secret /one", "configMap two-map /two"])
    }

    @Test func `a component's own volume of that name stays`() throws {
        let objects = try Self.objects(
            [],
            file: """
                spec:
                  components:
                    ingressGateways:
                    - name: istio-ingressgateway
                      enabled: true
                      k8s:
                        volumes: [{name: ingressgateway-certs, emptyDir: {}}]
                        volumeMounts: [{name: ingressgateway-certs, mountPath: /own}]
                """
        )
        #expect(
            Self.files("istio-ingressgateway", objects) == [
                "secret istio-ingressgateway-ca-certs /etc/istio/ingressgateway-ca-certs"
            ]
        )
    }

    @Test(arguments: ["name", "secretName", "mountPath"])
    func `files without name, object or place are refused`(missing: String) throws {
        let sets = ["name", "secretName", "mountPath"].filter { $0 != missing }.map {
            "values.gateways.istio-ingressgateway.secretVolumes[0].\($0)=x"
        }
        let error = #expect(throws: MeshError.self) { try Self.objects(sets) }
        #expect(
            "\(error, default: "")".contains(
                "secretVolumes needs name, secretName and mountPath, and one has no \(missing)"
            )
        )
    }

    @Test func `components name more gateways, each with its own namespace and labels`() throws {
        let objects = try Self.objects(
            [],
            file: """
                spec:
                  components:
                    ingressGateways:
                    - name: istio-ingressgateway
                      enabled: true
                    - name: partners
                      namespace: edge
                      enabled: true
                      label: {istio: partners}
                      k8s: {service: {type: ClusterIP}, serviceAnnotations: {a: b}}
                """
        )
        #expect(objects.filter { $0["kind"] == "Deployment" }.count == 2)
        #expect(objects.contains { $0["kind"] == "Namespace" && $0["metadata", "name"] == "edge" })
        let service = Self.find("Service", "partners", objects)
        #expect(service?["metadata", "namespace"] == "edge")
        #expect(service?["metadata", "annotations"] == ["a": "b"])
        #expect(service?["spec", "selector"] == ["app": "partners", "istio": "partners"])
        #expect(service?["spec", "type"] == "ClusterIP")
    }

    @Test func `a misspelt setting of a gateway is an error`() {
        for set in [
            "values.gateways.istio-ingresgateway.enabled=true", "components.ingressGateways[0].k8s.replicas=2",
            "values.gateways.istio-ingressgateway.loadBalancerIp=10.97.0.7",
        ] { #expect(throws: MeshError.self, "\(set)") { try Installation(files: [], sets: [set]) } }
    }
}
