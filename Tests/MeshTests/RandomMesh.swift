import Base
import JSON
import Kubernetes
import Mesh
import MeshAPI
import TestMesh
import YAML

extension SplitMix64 {
    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int(next() % UInt64(elements.count))]
    }

    mutating func chance(_ percent: UInt64) -> Bool { next() % 100 < percent }
}

/// A mesh of a few namespaces with everything that decides in random combinations.
struct RandomMesh {
    static let namespaces = ["a", "b", "istio-system"]
    static let apps = ["web", "db", "api"]
    var numbers: SplitMix64
    private(set) var fixture = MeshFixture()

    init(seed: UInt64) throws {
        numbers = SplitMix64(seed: seed)
        if numbers.chance(20) { try fixture.configure("enableAutoMtls: false") }
        for namespace in Self.namespaces {
            for app in Self.apps {
                for index in 0..<numbers.next() % 3 {
                    fixture.pod(
                        namespace,
                        "\(app)-\(index)",
                        app: app,
                        labels: ["version": "v\(index)"],
                        sidecar: numbers.chance(70),
                        port: 80
                    )
                }
                if numbers.chance(80) { try service(namespace, app, app: app) }
            }
            if numbers.chance(30) { try service(namespace, "other", app: "web") }
        }
        for _ in 0..<numbers.next() % 6 { try fixture.add(randomObject()) }
    }

    private mutating func service(_ namespace: String, _ name: String, app: String) throws {
        let ports = numbers.pick([
            "[{name: http, port: 8000, targetPort: 80}]", "[{name: tcp, port: 8000, targetPort: 80}]",
            "[{name: x, port: 8000, targetPort: 80}, {name: http, port: 81, targetPort: 81}]",
        ])
        try fixture.service(
            namespace,
            name,
            app: app,
            ports: ports,
            address: numbers.chance(20) ? "None" : nil,
            created: created()
        )
    }

    private mutating func created() -> String { "2024-01-0\(1 + numbers.next() % 3)T00:00:00Z" }

    /// A policy or rule, as YAML.
    mutating func randomObject() -> String {
        let namespace = numbers.pick(Self.namespaces)
        let name = numbers.pick(["p", "q"])
        let app = numbers.pick(Self.apps)
        let mode = numbers.pick(["UNSET", "DISABLE", "PERMISSIVE", "STRICT"])
        switch numbers.next() % 5 {
        case 0: return peerAuthentication(namespace, name, "mtls: {mode: \(mode)}")
        case 1:
            return peerAuthentication(
                namespace,
                name,
                "selector: {matchLabels: {app: \(app)}}, mtls: {mode: \(mode)}, portLevelMtls: {80: {mode: \(numbers.pick(["UNSET", "DISABLE", "STRICT"]))}}"
            )
        case 2:
            let peers = numbers.pick(["", ", peers: [{mtls: {}}]", ", peers: [{mtls: {mode: PERMISSIVE}}]"])
            return
                "---\napiVersion: authentication.istio.io/v1alpha1\nkind: Policy\nmetadata: {namespace: \(namespace), name: \(name)}\n"
                + "spec: {targets: [{name: \(app)}]\(peers)}\n"
        default:
            let host = numbers.pick([
                "\(app).\(namespace).svc.cluster.local", "*.\(namespace).svc.cluster.local", "*.local",
            ])
            let tls = numbers.pick([
                "tls: {mode: DISABLE}", "tls: {mode: SIMPLE}", "tls: {mode: MUTUAL}", "tls: {mode: ISTIO_MUTUAL}",
                "loadBalancer: {simple: RANDOM}",
                "portLevelSettings: [{port: {number: 8000}, tls: {mode: ISTIO_MUTUAL}}]",
            ])
            let export = numbers.pick(["", ", exportTo: ['.']", ", exportTo: [b]"])
            return destinationRule(
                numbers.pick(Self.namespaces),
                name,
                "host: '\(host)', trafficPolicy: {\(tls)}, subsets: [{name: v0, labels: {version: v0}}]\(export)",
                created: created()
            )
        }
    }
}

/// Every decision about a mesh.
struct AllDecisions: Equatable {
    var inbound: [ObjectKey: InboundDecision] = [:]
    var destinations: [String: [DestinationName: DestinationDecision]] = [:]
    var routes: [String: [String: AddressDecision]] = [:]

    init(_ model: MeshModel) {
        for workload in model.workloads.values { inbound[workload.key] = model.inbound(of: workload) }
        let addresses = model.services.values.flatMap(\.addresses) + model.workloads.values.flatMap(\.addresses)
        for namespace in RandomMesh.namespaces {
            let client = Client(namespace: namespace)
            for service in model.services.values {
                for port in service.ports {
                    for subset in ["", "v0"] {
                        let name = DestinationName(host: service.host, port: port.number, subset: subset)
                        destinations[namespace, default: [:]][name] = model.destination(name, for: client)
                    }
                }
            }
            for address in addresses {
                for port in [80, 81, 8000] {
                    routes[namespace, default: [:]]["\(address) \(port)"] = model.route(
                        for: client,
                        to: address,
                        port: port
                    )
                }
            }
        }
    }
}
