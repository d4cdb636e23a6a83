internal import Base
internal import JSON
internal import Kubernetes
internal import YAML

extension Command {
    static let version = Command(
        name: "version",
        summary: "Prints out build version information",
        flags: [
            Flag("output", "o", "One of 'yaml' or 'json'"),
            Flag("remote", "", .bool, default: "true", "Ask the cluster for the versions that run there"),
            Flag("short", "s", .bool, default: "true", "Accepted for Istio's documents; the output is always short"),
        ],
        run: { invocation in
            let output = invocation.string("output")
            guard ["", "yaml", "json"].contains(output) else { throw ExitError("--output must be 'yaml' or 'json'") }
            let running = invocation.bool("remote") ? try await RunningVersions(invocation) : nil
            switch output {
            case "json": invocation.console.print(document(running).text(isPretty: true))
            case "yaml": invocation.console.write(.output, YAML.text(document(running)))
            default: write(running, invocation)
            }
        }
    )

    private static func write(_ running: RunningVersions?, _ invocation: Invocation) {
        let console = invocation.console
        console.print("client version: \(Version.current)")
        guard let running else { return }
        if running.controlPlane.isEmpty {
            console.complain(
                "Istio is not present in the cluster: no running Istio pods in namespace "
                    + "\"\(invocation.systemNamespace)\""
            )
            return
        }
        for version in Set(running.controlPlane).sorted() { console.print("control plane version: \(version)") }
        let counts = Dictionary(grouping: running.dataPlane) { $0 }.mapValues(\.count).sorted { $0.key < $1.key }
        let proxies = counts.map { "\($0.key) (\($0.value) \($0.value == 1 ? "proxy" : "proxies"))" }
        console.print("data plane version: \(proxies.isEmpty ? "none" : proxies.joined(separator: ", "))")
    }

    private static func document(_ running: RunningVersions?) -> JSON {
        func entry(_ component: String, _ version: String) -> JSON {
            ["Component": .string(component), "Info": ["version": .string(version)]]
        }
        var document: JSON = ["clientVersion": ["version": .string(Version.current)]]
        if let running {
            document["meshVersion"] = .array(running.controlPlane.map { entry("pilot", $0) })
            document["dataPlaneVersion"] = .array(running.dataPlane.map { ["IstioVersion": .string($0)] })
        }
        return document
    }
}

/// The versions of the programs in a cluster, from the images of their pods; in no order.
private struct RunningVersions {
    var controlPlane: [String] = []
    var dataPlane: [String] = []

    init(_ invocation: Invocation) async throws {
        let api = try await invocation.cluster().api
        let pods = try await api.list(.pods, namespace: nil, labelSelector: nil, fieldSelector: nil).items
        for pod in pods where pod["status", "phase"]?.string == "Running" {
            let isControlPlane =
                pod["metadata", "namespace"]?.string == invocation.systemNamespace
                && pod["metadata", "labels", "app"]?.string == "istiod"
            if isControlPlane, let version = Self.tag(of: "discovery", in: pod) { controlPlane.append(version) }
            if let version = Self.tag(of: "istio-proxy", in: pod) { dataPlane.append(version) }
        }
    }

    private static func tag(of container: String, in pod: JSON) -> String? {
        let containers = (pod["spec", "containers"]?.array ?? []) + (pod["spec", "initContainers"]?.array ?? [])
        let image = containers.first { $0["name"]?.string == container }?["image"]?.string
        return image?.split(separator: "/").last?.split(separator: ":").dropFirst().first.map(String.init)
            ?? (image == nil ? nil : "unknown")
    }
}
