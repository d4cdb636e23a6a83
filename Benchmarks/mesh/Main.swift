import Glibc
import JSON
import Kubernetes
import Mesh

/// A mesh of the given size as a cluster would tell of it: 100 namespaces, two pods for each service, a rule for every tenth
/// service and a policy for every namespace.
struct LargeMesh {
    let count: Int
    var pods: [JSON] = []
    var services: [JSON] = []
    var slices: [JSON] = []
    var policies: [JSON] = []

    init(services count: Int) {
        self.count = count
        for index in 0..<count { add(index) }
        for namespace in 0..<100 { policies.append(Self.policy(namespace, "STRICT")) }
    }

    static func namespace(_ index: Int) -> JSON { .string("ns\(index % 100)") }
    static func podAddress(_ index: Int) -> String { "10.\(index >> 16 & 255).\(index >> 8 & 255).\(index & 255)" }
    static func address(_ index: Int) -> String { "172.16.\(index >> 8 & 255).\(index & 255)" }

    static func policy(_ namespace: Int, _ mode: String) -> JSON {
        [
            "apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication",
            "metadata": ["namespace": Self.namespace(namespace), "name": "default"],
            "spec": ["mtls": ["mode": .string(mode)]],
        ]
    }

    static func pod(_ index: Int, of service: Int, version: String = "v1") -> JSON {
        [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": [
                "namespace": namespace(service), "name": .string("pod\(index)"),
                "labels": [
                    "app": .string("app\(service)"), "version": .string(version), "security.istio.io/tlsMode": "istio",
                ],
            ],
            "spec": [
                "serviceAccountName": .string("account\(service)"),
                "containers": [["name": "app", "ports": [["containerPort": 80]]], ["name": "istio-proxy"]],
            ],
            "status": ["phase": "Running", "podIP": .string(podAddress(index))],
        ]
    }

    private mutating func add(_ index: Int) {
        let namespace = Self.namespace(index)
        let name = "service\(index)"
        for pod in [2 * index, 2 * index + 1] { pods.append(Self.pod(pod, of: index)) }
        services.append([
            "apiVersion": "v1", "kind": "Service", "metadata": ["namespace": namespace, "name": .string(name)],
            "spec": [
                "selector": ["app": .string("app\(index)")], "clusterIP": .string(Self.address(index)),
                "ports": [["name": "http", "port": 8000, "targetPort": 80]],
            ],
        ])
        let endpoints = [2 * index, 2 * index + 1].map { pod -> JSON in
            ["addresses": [.string(Self.podAddress(pod))], "targetRef": ["kind": "Pod", "name": .string("pod\(pod)")]]
        }
        slices.append([
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": [
                "namespace": namespace, "name": .string("\(name)-1"),
                "labels": ["kubernetes.io/service-name": .string(name)],
            ],
            "ports": [["name": "http", "port": 80]], "endpoints": .array(endpoints),
        ])
        guard index % 10 == 0 else { return }
        policies.append([
            "apiVersion": "networking.istio.io/v1", "kind": "DestinationRule",
            "metadata": ["namespace": namespace, "name": .string(name)],
            "spec": ["host": .string(name), "trafficPolicy": ["connectionPool": ["tcp": ["maxConnections": 100]]]],
        ])
    }

    var all: [JSON] { pods + services + slices + policies }
}

/// Prints the time of one run, the best of seven tries of `count` runs each.
func measure(_ name: String, count: Int, _ body: (Int) -> Void) {
    var best = Duration.seconds(1 << 20)
    for _ in 0..<7 { best = min(best, ContinuousClock().measure { for index in 0..<count { body(index) } }) }
    let nanoseconds = Int(best / .nanoseconds(count))
    print("\(name): \(nanoseconds / 1000).\(nanoseconds % 1000 / 100) µs")
}

/// Resident memory of this process in MiB (`/proc/self/statm`).
func residentMemory() -> Int {
    var text = [UInt8](repeating: 0, count: 256)
    let file = unsafe open("/proc/self/statm", O_RDONLY)
    defer { close(file) }
    let length = unsafe text.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
    let fields = String(decoding: text.prefix(max(0, length)), as: UTF8.self).split(separator: " ")
    return fields.count > 1 ? ((Int(fields[1]) ?? 0) * 4096) >> 20 : 0
}

/// One gateway for `count` hosts, each with a server of its own and a VirtualService.
func measureGateway(hosts count: Int) {
    let servers = (0..<count).map { index -> JSON in
        [
            "hosts": [.string("host\(index).example.com")],
            "port": ["number": 443, "name": .string("https-\(index)"), "protocol": "HTTPS"],
            "tls": ["mode": "SIMPLE", "credentialName": .string("cert\(index)")],
        ]
    }
    func route(_ index: Int, to port: Int) -> JSON {
        [
            "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": ["namespace": "edge", "name": .string("route\(index)")],
            "spec": [
                "hosts": [.string("host\(index).example.com")], "gateways": ["gateway"],
                "http": [["route": [["destination": ["host": "web", "port": ["number": .int(Int64(port))]]]]]],
            ],
        ]
    }
    var model = MeshModel()
    _ = model.update([
        "apiVersion": "v1", "kind": "Pod", "metadata": ["namespace": "edge", "name": "proxy"],
        "spec": ["containers": [["name": "istio-proxy"]]], "status": ["podIP": "10.0.0.1"],
    ])
    _ = model.update([
        "apiVersion": "networking.istio.io/v1", "kind": "Gateway",
        "metadata": ["namespace": "edge", "name": "gateway"], "spec": ["servers": .array(servers)],
    ])
    for index in 0..<count { _ = model.update(route(index, to: 80)) }
    guard let pod = model.workloads[ObjectKey(namespace: "edge", name: "proxy")] else { return }
    measure("merge a gateway of \(count) hosts", count: 1) { _ in _ = model.gatewayView(of: pod) }
    let view = model.gatewayView(of: pod)
    measure("decide its listeners", count: 1) { _ in _ = view.decision(in: model) }
    let names = view.routeNames
    measure("decide the routes of one of its servers", count: names.count) { index in
        _ = view.routes(names[index], in: model)
    }
    measure("take over a changed VirtualService of it", count: 100) { _ = model.update(route($0, to: 8000 + $0)) }
}

func run() {
    let count = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 10_000
    let mesh = LargeMesh(services: count)
    let objects = mesh.all
    let before = residentMemory()
    var model = MeshModel()
    let time = ContinuousClock().measure { for object in objects { _ = model.update(object) } }
    print("\(count) services, \(objects.count) objects: built in \(time), \(residentMemory() - before) MiB")

    let client = Client(namespace: "ns7", labels: ["app": "app7"])
    func name(_ index: Int) -> DestinationName {
        DestinationName(host: "service\(index % count).ns\(index % 100).svc.cluster.local", port: 8000)
    }
    func pod(_ index: Int) -> ObjectKey {
        ObjectKey(namespace: "ns\(index % 100)", name: "pod\(2 * index % (2 * count))")
    }

    measure("decide a destination", count: 10_000) { _ = model.destination(name($0), for: client) }
    measure("decide what a virtual address means", count: 10_000) {
        _ = model.route(for: client, to: LargeMesh.address($0 % count), port: 8000)
    }
    measure("decide what an unknown address means", count: 10_000) {
        _ = model.route(for: client, to: "192.0.2.1", port: $0)
    }
    measure("decide what a host means", count: 10_000) {
        _ = model.route(for: client, toHost: "service\($0 % count).ns\($0 % 100)", port: 8000)
    }
    measure("decide an inbound policy", count: 10_000) { index in
        if let workload = model.workloads[pod(index)] { _ = model.inbound(of: workload) }
    }
    measure("take over a changed pod", count: 1000) { index in
        _ = model.update(LargeMesh.pod(2 * index, of: index, version: "v\(index & 1)\(UInt8.random(in: 0 ... .max))"))
    }
    measure("take over a changed policy", count: 1000) { index in
        _ = model.update(LargeMesh.policy(index % 100, index & 1 == 0 ? "STRICT" : "PERMISSIVE"))
    }
    var snapshot = model
    measure("take over a changed pod while an older model is in use", count: 100) { index in
        snapshot = model
        _ = model.update(LargeMesh.pod(2 * index, of: index, version: "v\(index & 1)\(UInt8.random(in: 0 ... .max))"))
    }
    precondition(!snapshot.isEmpty)
    measureGateway(hosts: 4000)
}

run()
