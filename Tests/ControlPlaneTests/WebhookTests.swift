import Base
import Injection
import JSON
import Kubernetes
import TestKubernetes
import Testing

@testable import ControlPlane

@Suite struct AdmissionTests {
    private func review(_ object: JSON, operation: String = "CREATE") throws -> AdmissionReview {
        let body: JSON = [
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": [
                "uid": "u", "operation": .string(operation), "namespace": "full", "name": "x", "object": object,
            ],
        ]
        return try AdmissionReview(body.bytes())
    }

    private let admission = Admission(settings: InjectionSettings(), rootNamespace: "istio-system")

    private let pod: JSON = [
        "kind": "Pod", "apiVersion": "v1", "metadata": ["name": "sleep-1", "labels": ["app": "sleep"]],
        "spec": ["containers": [["name": "sleep", "image": "curlimages/curl"]]],
    ]

    @Test func `a pod gets its sidecar as a JSON patch`() throws {
        let review = try review(pod)
        let response = review.response(admission.inject(review))["response"] ?? [:]
        #expect(response["uid"] == "u" && response["allowed"] == true && response["patchType"] == "JSONPatch")
        let patch = try JSON(parsing: try #require(Base64.decode(response["patch"]?.string ?? "")))
        #expect(patch.text().contains("istio-proxy"))
    }

    @Test func `a pod that refuses stays as it is`() throws {
        var pod = pod
        pod["metadata", "labels", "sidecar.istio.io/inject"] = "false"
        let review = try review(pod)
        let response = review.response(admission.inject(review))["response"]
        #expect(response == ["uid": "u", "allowed": true])
    }

    @Test func `a pod with a bad annotation is refused with the reason`() throws {
        var pod = pod
        pod["metadata", "annotations"] = ["traffic.sidecar.istio.io/excludeInboundPorts": "none"]
        let review = try review(pod)
        let response = review.response(admission.inject(review))["response"]
        #expect(response?["allowed"] == false)
        #expect(response?["status", "message"]?.string?.contains("excludeInboundPorts") == true)
    }

    @Test func `an invalid resource is refused in Istio's words`() throws {
        let review = try review([
            "apiVersion": "security.istio.io/v1beta1", "kind": "PeerAuthentication",
            "metadata": ["namespace": "full", "name": "x"],
            "spec": ["portLevelMtls": ["80": ["mode": "STRICT"]]],
        ])
        let response = review.response(admission.validate(review))["response"]
        #expect(response?["allowed"] == false)
        #expect(
            response?["status", "message"]?.string
                == "configuration is invalid: mesh/namespace peer authentication cannot have port level mTLS"
        )
    }

    @Test func `a valid resource and an unknown kind are allowed`() throws {
        let good = try review([
            "apiVersion": "security.istio.io/v1beta1", "kind": "PeerAuthentication",
            "metadata": ["namespace": "full", "name": "x"], "spec": ["mtls": ["mode": "STRICT"]],
        ])
        #expect(good.response(admission.validate(good))["response", "allowed"] == true)
        let other = try review(["apiVersion": "telemetry.istio.io/v1", "kind": "Telemetry"])
        #expect(other.response(admission.validate(other))["response", "allowed"] == true)
    }

    @Test(arguments: [
        "", "{", "[]", "{}", "{\"kind\":\"AdmissionReview\"}", "{\"kind\":\"Pod\",\"request\":{\"uid\":\"1\"}}",
    ])
    func `what is no review is refused`(_ body: String) {
        #expect(throws: MeshError(.invalidConfiguration, "")) { try AdmissionReview(Array(body.utf8)) }
    }
}

@Suite struct WebhookConfiguratorTests {
    private func configuration(_ service: String) -> JSON {
        [
            "metadata": ["name": "x"],
            "webhooks": [
                [
                    "name": "a", "failurePolicy": "Ignore",
                    "clientConfig": ["service": ["name": .string(service), "namespace": "istio-system"]],
                ]
            ],
        ]
    }

    private let configurator = WebhookConfigurator(
        api: InMemoryAPI(),
        namespace: "istio-system",
        service: "istiod",
        roots: { "ROOT" }
    )

    @Test func `our webhooks trust our CA, and validation must be asked`() {
        let validating = configurator.corrected(.validatingWebhookConfigurations, configuration("istiod"))
        let webhook = validating?["webhooks"]?.array?.first
        #expect(webhook?["clientConfig", "caBundle"] == "Uk9PVA==")
        #expect(webhook?["failurePolicy"] == "Fail")
        let mutating = configurator.corrected(.mutatingWebhookConfigurations, configuration("istiod"))
        #expect(mutating?["webhooks"]?.array?.first?["failurePolicy"] == "Ignore")
    }

    @Test func `others' webhooks are left alone`() {
        #expect(configurator.corrected(.validatingWebhookConfigurations, configuration("other")) == nil)
    }
}

@Suite struct SettingsTests {
    @Test func `turning automatic mutual TLS off is said loudly`() throws {
        let texts = Settings.consequences(of: try Settings.mesh("enableAutoMtls: false"), after: try Settings.mesh(""))
        #expect(texts.count == 1 && texts[0].contains("PLAINTEXT") && texts[0].contains("ISTIO_MUTUAL"))
        #expect(Settings.consequences(of: try Settings.mesh(""), after: try Settings.mesh("")).isEmpty)
    }

    @Test func `cipher suites that are left out are named`() throws {
        let mesh = try Settings.mesh("meshMTLS: {cipherSuites: [NOPE, ECDHE-ECDSA-AES256-GCM-SHA384]}")
        let texts = Settings.consequences(of: mesh, after: try Settings.mesh(""))
        #expect(texts == ["meshMTLS.cipherSuites: left out because unknown: [NOPE]"])
    }

    @Test(arguments: ["enableAutoMtls: maybe", "meshMTLS: {ecdhCurves: [P-256]}", "a: [", "- 1"])
    func `a document that cannot be used is refused as a whole`(_ text: String) {
        #expect(throws: (any Error).self) { try Settings.mesh(text) }
    }
}
