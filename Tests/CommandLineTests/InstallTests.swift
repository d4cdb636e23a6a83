import Base
import JSON
import Kubernetes
import TestKubernetes
import Testing

@testable import CommandLine

/// Does what a cluster and a control plane do with an installation: serve the kinds, roll out, fill in CA bundles.
private func answerInstallation(on api: InMemoryAPI) async throws {
    while !Task.isCancelled {
        for var definition in try await items(.customResourceDefinitions, api)
        where !definition.hasCondition("Established") {
            definition["status"] = ["conditions": [["type": "Established", "status": "True"]]]
            api.put(.customResourceDefinitions, definition)
        }
        for var deployment in try await items(.deployments, api) where deployment["status"] == nil {
            deployment["status"] = [
                "updatedReplicas": 1, "availableReplicas": 1, "replicas": 1, "observedGeneration": 1,
            ]
            api.put(.deployments, deployment)
        }
        for type in [ResourceType.mutatingWebhookConfigurations, .validatingWebhookConfigurations] {
            for var configuration in try await items(type, api) {
                let webhooks = (configuration["webhooks"]?.array ?? []).map { webhook -> JSON in
                    var webhook = webhook
                    webhook["clientConfig", "caBundle"] = "Zm9v"
                    return webhook
                }
                guard configuration["webhooks"] != .array(webhooks) else { continue }
                configuration["webhooks"] = .array(webhooks)
                api.put(type, configuration)
            }
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}

private func items(_ type: ResourceType, _ api: InMemoryAPI) async throws -> [JSON] {
    try await api.list(type, namespace: nil, labelSelector: nil, fieldSelector: nil).items
}

/// Runs command lines, one after another, against a cluster that answers; each must succeed.
private func installed(_ lines: [String], on console: TestConsole = TestConsole()) async throws -> InMemoryAPI {
    let api = InMemoryAPI()
    let cluster = Task { try await answerInstallation(on: api) }
    defer { cluster.cancel() }
    for line in lines {
        let result = await run(line, api: api, on: console)
        #expect(result.status == 0, "\(line): \(result.errors)")
    }
    return api
}

@Suite struct InstallTests {
    @Test func `it says what it has done when it is true`() async throws {
        let console = TestConsole()
        let api = try await installed(["istioctl install -y", "istioctl verify-install"], on: console)
        #expect(
            console.output.hasPrefix(
                "✔ Istio core installed\n✔ Istiod installed\n✔ Ingress gateways installed\n✔ Installation complete\n"
            )
        )
        #expect(console.output.hasSuffix("✔ Istio is installed and verified successfully\n"))
        #expect(console.errors.isEmpty)
        let mesh = try await api.get(.configMaps, namespace: "istio-system", name: "istio")
        #expect(mesh["data", "mesh"]?.string?.contains("discoveryAddress: istiod.istio-system.svc:15012") == true)
    }

    @Test func `installing again changes nothing`() async throws {
        let api = try await installed(["istioctl install -y"])
        let cluster = Task { try await answerInstallation(on: api) }
        defer { cluster.cancel() }
        let before = try await api.list(.configMaps, namespace: nil, labelSelector: nil, fieldSelector: nil)
        #expect(await run("istioctl install -y", api: api).status == 0)
        let after = try await api.list(.configMaps, namespace: nil, labelSelector: nil, fieldSelector: nil)
        #expect(before.resourceVersion == after.resourceVersion)
    }

    @Test func `on a terminal it asks, and no is no`() async throws {
        let console = TestConsole(isTerminal: true, answers: ["maybe", "n"])
        let api = InMemoryAPI()
        let result = await run("istioctl install --set profile=demo", api: api, on: console)
        #expect(result.status == 1)
        #expect(result.errors == "Error: Cancelled.\n")
        #expect(
            result.output.hasPrefix(
                "This will install the Istio 0.1.0 profile \"demo\" into the cluster. Proceed? (y/N) Please answer y or n.\n"
            )
        )
        #expect(try await items(.namespaces, api).isEmpty)
    }

    @Test func `without a terminal there is nobody to ask, and it says so`() async throws {
        let console = TestConsole()
        _ = try await installed(["istioctl install"], on: console)
        #expect(console.errors == "Standard input is not a terminal: proceeding without asking.\n")
    }

    @Test func `turning automatic mutual TLS off on a mesh says what that means`() async throws {
        let console = TestConsole()
        _ = try await installed(
            ["istioctl install -y", "istioctl install -y --set meshConfig.enableAutoMtls=false"],
            on: console
        )
        #expect(console.errors.hasPrefix("! Automatic mutual TLS is now off for the whole mesh."))
        let fresh = TestConsole()
        _ = try await installed(["istioctl install -y --set meshConfig.enableAutoMtls=false"], on: fresh)
        #expect(fresh.errors.isEmpty)
    }

    @Test func `policies of an earlier installation go with it`() async throws {
        let api = try await installed([
            "istioctl manifest apply --set values.global.mtls.enabled=true",
            "istioctl manifest apply --set values.global.mtls.enabled=false",
        ])
        #expect(try await items(.destinationRules, api).isEmpty)
        #expect(try await items(.meshPolicies, api).count == 1)
    }

    @Test func `gateways come after the control plane, and go when they are not wanted any more`() async throws {
        let console = TestConsole()
        let both = "profile=demo"
        let api = try await installed(
            ["istioctl install -y --set \(both)", "istioctl verify-install --set \(both)"],
            on: console
        )
        #expect(
            console.output.hasPrefix(
                """
                ✔ Istio core installed
                ✔ Istiod installed
                ✔ Egress gateways installed
                ✔ Ingress gateways installed
                ✔ Installation complete

                """
            )
        )
        #expect(console.output.contains("✔ Deployment: istio-ingressgateway.istio-system checked successfully\n"))
        #expect(console.output.contains("Checked 3 Istio Deployments\n"))
        let cluster = Task { try await answerInstallation(on: api) }
        defer { cluster.cancel() }
        #expect(await run("istioctl install -y --set profile=minimal", api: api).status == 0)
        for type in ObjectTypes.ofGateways {
            let names = try await items(type, api).compactMap { $0["metadata", "name"]?.string }
            #expect(!names.contains { $0.contains("gateway") }, "\(type)")
        }
    }

    @Test func `a gateway that does not become ready is an error that says where to look`() async throws {
        let api = InMemoryAPI()
        api.put(.deployments, ["metadata": ["name": "gw", "namespace": "edge", "labels": ["app": "gw"]]])
        let deployment = try await api.get(.deployments, namespace: "edge", name: "gw")
        let error = await #expect(throws: MeshError.self) { try await Rollout(api: api).wait(deployment, until: .now) }
        #expect(
            error?.message == "gw is not ready: 0 of 1 replicas are up to date; see kubectl -n edge describe pods -l "
                + "app=gw and kubectl -n edge logs -l app=gw"
        )
    }

    @Test func `what the node says of the pods of a deployment that does not become ready is told`() async throws {
        let api = InMemoryAPI()
        api.put(.deployments, ["metadata": ["name": "gw", "namespace": "edge", "labels": ["app": "gw"]]])
        let status: JSON = [
            "name": "proxy", "state": ["waiting": ["reason": "CrashLoopBackOff", "message": "back-off 10s"]],
            "lastState": ["terminated": ["message": "exec: \"proxy\": executable file not found"]],
        ]
        let starting: JSON = ["name": "other", "state": ["waiting": ["reason": "ContainerCreating"]]]
        let pod: JSON = ["name": "gw-1", "namespace": "edge", "labels": ["app": "gw"]]
        api.put(.pods, ["metadata": pod, "status": ["containerStatuses": [status, starting]]])
        let deployment = try await api.get(.deployments, namespace: "edge", name: "gw")
        let error = await #expect(throws: MeshError.self) { try await Rollout(api: api).wait(deployment, until: .now) }
        let told =
            "up to date; container proxy of pod gw-1 does not run: CrashLoopBackOff: exec: \"proxy\": executable file not found"
        #expect(error?.message.contains("\(told); see kubectl") ?? false)
    }

    @Test func `a control plane that does not become ready is an error that says where to look`() async throws {
        let api = InMemoryAPI()
        let result = await run("istioctl install -y --readiness-timeout 0", api: api)
        #expect(result.status == 1)
        #expect(result.errors.contains("is not served yet; see kubectl describe crd"))
        #expect(!result.output.contains("complete"))
    }

    @Test func `purging removes everything but the namespace`() async throws {
        let api = try await installed([
            "istioctl manifest apply --set profile=demo --set values.global.mtls.enabled=true",
            "istioctl uninstall --purge -y",
        ])
        for type in ObjectTypes.removable { #expect(try await items(type, api).isEmpty, "\(type)") }
        #expect(try await items(.namespaces, api).count == 1)
        let again = await run("istioctl uninstall --purge -y", api: api)
        #expect(again.output == "No resources will be pruned from the cluster. Please double check the input configs\n")
    }

    @Test func `uninstalling needs to know what`() async {
        let result = await run("istioctl uninstall")
        #expect(result.status == 1)
        #expect(result.errors == "Error: at least one of the --revision (or --filename) or --purge flags must be set\n")
    }

    @Test func `injecting takes its configuration from the cluster`() async throws {
        let api = InMemoryAPI()
        let missing = await run("istioctl kube-inject -f samples/sleep/sleep.yaml", api: api)
        #expect(missing.errors.contains("is Istio installed?"))
        let mesh = try await installed(["istioctl install -y"])
        let result = await run("istioctl kube-inject -f samples/sleep/sleep.yaml", api: mesh)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("name: istio-proxy"))
        #expect(await run("istioctl kube-inject").errors == "Error: filename not specified (see --filename or -f)\n")
    }

    @Test(arguments: [("v1.32.4", true), ("v1.29.0-eks", true), ("v1.28.9", false), ("v2.0", true), ("", false)])
    func `native sidecars need Kubernetes 1.29`(version: String, isSupported: Bool) {
        #expect(NativeSidecars.isSupported(by: version) == isSupported)
    }
}
