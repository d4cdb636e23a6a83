import Base
import Glibc
import JSON
import Kubernetes
import MeshAPI
import TestKubernetes
import Testing
import YAML

@testable import CommandLine

/// A cluster with a client and a server, both with sidecars, and a client without.
private func cluster() -> InMemoryAPI {
    let api = InMemoryAPI()
    func pod(_ name: String, app: String, namespace: String, address: String, hasSidecar: Bool) -> JSON {
        var labels: JSON = ["app": .string(app)]
        var containers: JSON = [["name": .string(app), "ports": [["containerPort": 80]]]]
        if hasSidecar {
            labels["security.istio.io/tlsMode"] = "istio"
            containers = .array((containers.array ?? []) + [["name": "istio-proxy"]])
        }
        return [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": .string(name), "namespace": .string(namespace), "labels": labels],
            "spec": ["serviceAccountName": .string(app), "containers": containers],
            "status": [
                "phase": "Running", "podIP": .string(address), "podIPs": [["ip": .string(address)]],
                "conditions": [["type": "Ready", "status": "True"]],
            ],
        ]
    }
    api.put(.pods, pod("sleep-1", app: "sleep", namespace: "full", address: "10.0.0.1", hasSidecar: true))
    api.put(.pods, pod("httpbin-1", app: "httpbin", namespace: "full", address: "10.0.0.2", hasSidecar: true))
    api.put(.pods, pod("sleep-2", app: "sleep", namespace: "legacy", address: "10.0.0.3", hasSidecar: false))
    api.put(
        .services,
        [
            "apiVersion": "v1", "kind": "Service", "metadata": ["name": "httpbin", "namespace": "full"],
            "spec": [
                "clusterIP": "10.96.0.5", "selector": ["app": "httpbin"],
                "ports": [["name": "http", "port": 8000, "targetPort": 80]],
            ],
        ]
    )
    api.put(
        .endpointSlices,
        [
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": [
                "name": "httpbin-x", "namespace": "full", "labels": ["kubernetes.io/service-name": "httpbin"],
            ],
            "endpoints": [
                [
                    "addresses": ["10.0.0.2"], "conditions": ["ready": true],
                    "targetRef": ["kind": "Pod", "name": "httpbin-1", "namespace": "full"],
                ]
            ],
            "ports": [["name": "http", "port": 80, "protocol": "TCP"]],
        ]
    )
    return api
}

/// Writes text to a file that is removed when the body is done.
private func withFile(_ text: String, _ body: (String) async throws -> Void) async throws {
    let path = "/tmp/apus-test-\(UInt32.random(in: 0 ... .max)).yaml"
    try Files.replace(path, with: Array(text.utf8))
    defer { _ = unsafe unlink(path) }
    try await body(path)
}

private let strict = """
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: full}
    spec: {mtls: {mode: STRICT}}
    """

@Suite struct ExplainingTests {
    @Test func `the matrix shows who reaches whom`() async {
        let result = await run("apus matrix", api: cluster())
        #expect(result.status == 0, "\(result.errors)")
        let rows = result.output.split(separator: "\n")
        #expect(rows.count == 4)
        let own = rows.first { $0.hasPrefix("sleep-1.full") }
        #expect(own?.contains("spiffe://cluster.local/ns/full/sa/sleep ") == true && own?.contains(" mTLS ") == true)
        let legacy = rows.first { $0.hasPrefix("sleep-2.legacy") }
        #expect(legacy?.contains("yes         -") == true && legacy?.contains("plaintext") == true)
    }

    @Test(arguments: [
        ("--from legacy", 1), ("--from app=sleep", 2), ("--from sleep-1.full", 1), ("--from sleep.full", 1),
        ("--to httpbin", 3), ("--to httpbin.full --from full", 2), ("--to other", 0), ("--from other", 0),
    ])
    func `the matrix can be narrowed`(flags: String, rows: Int) async {
        let result = await run("apus matrix \(flags)", api: cluster())
        #expect(result.output.split(separator: "\n").count == rows + 1)
    }

    @Test func `explaining tells both ends`() async {
        let result = await run("apus explain sleep.full httpbin:8000", api: cluster())
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.hasPrefix("sleep-1.full -> httpbin.full.svc.cluster.local:8000\n  pod httpbin-1.full\n"))
        #expect(result.output.contains("client sends    mTLS"))
        #expect(result.output.contains("works; the server sees spiffe://cluster.local/ns/full/sa/sleep"))
    }

    @Test(arguments: [
        ("apus explain sleep-9.full httpbin:8000", "did you mean sleep-1.full?"),
        ("apus explain sleep.full httpbn.full:8000", "did you mean httpbin.full?"),
        ("apus explain sleep.full httpbin.full:80", "it has 8000"),
        ("apus explain sleep.full httpbin.full:x", "x is not a port"),
        ("apus explain sleep.full", "requires at least 2 arg(s), only received 1"),
    ])
    func `what does not exist is named with what does`(line: String, hint: String) async {
        let result = await run(line, api: cluster())
        #expect(result.status != 0)
        #expect(result.errors.contains(hint), "\(result.errors)")
    }

    @Test func `a plan tells what would break, and can fail for it`() async throws {
        try await withFile(strict) { path in
            let result = await run("apus plan -f \(path)", api: cluster())
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output.contains("BREAKS sleep-2.legacy"))
            #expect(!result.output.contains("BREAKS sleep-1.full"))
            #expect(await run("apus plan --fail -f \(path)", api: cluster()).status == 79)
            #expect(await run("apus plan --fail --delete -f \(path)", api: cluster()).status == 0)
        }
    }

    @Test func `an operator in a plan stands for the mesh configuration`() async throws {
        let text = """
            apiVersion: install.istio.io/v1alpha1
            kind: IstioOperator
            spec: {meshConfig: {enableAutoMtls: false}}
            """
        try await withFile(text) { path in
            let result = await run("apus plan -f \(path)", api: cluster())
            #expect(result.output.contains("PLAINTEXT sleep-1.full"), "\(result.output)\(result.errors)")
        }
    }

    @Test func `tls-check and describe print what Istio's do`() async {
        let check = await run("istioctl authn tls-check sleep-1.full", api: cluster())
        #expect(check.output.hasPrefix("HOST:PORT"))
        #expect(check.output.contains("httpbin.full.svc.cluster.local:8000"))
        #expect(check.output.contains("AUTO"))
        let pod = await run("istioctl x describe pod httpbin-1.full", api: cluster())
        #expect(pod.output.hasPrefix("Pod: httpbin-1.full\n"))
        let service = await run("istioctl x describe svc httpbin -n full", api: cluster())
        #expect(service.output.hasPrefix("Service: httpbin\n"), "\(service.errors)")
    }

    @Test func `analyzing judges files and the cluster together`() async throws {
        let bad = strict.replacing("STRICT}", with: "STRICT}, portLevelMtls: {80: {mode: STRICT}}")
        try await withFile(bad) { path in
            let result = await run("istioctl analyze -n full \(path)", api: cluster())
            #expect(result.status == 79)
            #expect(result.output.contains("Error [IST0106] (PeerAuthentication full/default \(path):1)"))
            let quiet = await run("istioctl analyze -n full -S IST0106=*\u{2a} \(path)", api: cluster())
            #expect(!quiet.output.contains("IST0106"))
        }
        try await withFile("a: [") { path in
            #expect(await run("istioctl analyze --use-kube=false \(path)").status == 65)
        }
        #expect(await run("istioctl analyze --use-kube=false --failure-threshold Bad").status == 64)
    }

    @Test func `validating judges files alone`() async throws {
        try await withFile(strict) { path in
            #expect(await run("istioctl validate -f \(path)").output == "\"\(path)\" is valid\n")
        }
        try await withFile(strict.replacing("STRICT", with: "HARD")) { path in
            let result = await run("istioctl validate -f \(path)")
            #expect(result.status == 1)
            #expect(result.errors.contains("HARD"))
        }
        #expect(await run("istioctl validate").status == 64)
    }

    @Test(arguments: [
        ("a", "pod", "a", "d"), ("a.b", "pod", "a", "b"), ("deploy/a.b", "deploy", "a", "b"),
        ("pod/a", "pod", "a", "d"),
    ])
    func `pods are named as people do`(text: String, kind: String, name: String, namespace: String) {
        let reference = PodReference(text, namespace: "d")
        #expect(reference.kind == kind && reference.name == name && reference.namespace == namespace)
    }
}

extension String {
    fileprivate func replacing(_ old: String, with new: String) -> String {
        guard let range = firstRange(of: old) else { return self }
        return String(self[..<range.lowerBound]) + new + String(self[range.upperBound...])
    }
}
