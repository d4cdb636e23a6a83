internal import Base
internal import JSON
internal import Kubernetes

/// Works out the Endpoints and EndpointSlices of a Service from the pods that it selects; does no I/O.
struct EndpointsPlan: Sendable, Hashable {
    static let serviceLabel = "kubernetes.io/service-name"
    static let managerLabel = "endpointslice.kubernetes.io/managed-by"
    static let manager = "endpointslice-controller.k8s.io"
    static let mirror = "endpointslicemirroring-controller.k8s.io"

    var endpoints: JSON
    /// With names that follow from what they hold, so that the same slice is found again.
    var slices: [JSON]

    /// One pod, as the Service sees it.
    private struct Member {
        let pod: JSON
        let address: String
        let isReady: Bool
        let isTerminating: Bool
        let ports: JSON
    }

    /// - Parameter pods: Those of the Service's namespace.
    init(_ service: JSON, pods: [JSON]) {
        let labels = service["spec", "selector"]?.strings ?? [:]
        let publishesAll = service["spec", "publishNotReadyAddresses"]?.bool ?? false
        let members = pods.filter { LabelSelector(matching: labels).matches($0.metadata.labels) }
            .sorted { $0.metadata.name < $1.metadata.name }
            .compactMap { Self.member($0, service, publishesAll: publishesAll) }
        let groups = Dictionary(grouping: members, by: \.ports).sorted { $0.key.text() < $1.key.text() }
        endpoints = Self.endpoints(service, groups)
        slices = groups.map { Self.slice(service, ports: $0, endpoints: $1.map { Self.endpoint($0, service) }) }
        if slices.isEmpty { slices = [Self.slice(service, ports: .array([]), endpoints: [])] }
    }

    /// The EndpointSlices of a Service without selector, whose Endpoints somebody wrote.
    init(mirroring endpoints: JSON, of service: JSON) {
        self.endpoints = endpoints
        slices = (endpoints["subsets"]?.array ?? []).map { subset in
            let addresses = [("addresses", true), ("notReadyAddresses", false)].flatMap { key, isReady in
                (subset[key]?.array ?? []).map { address -> JSON in
                    var endpoint: JSON = [
                        "addresses": [address["ip"] ?? ""], "conditions": ["ready": .bool(isReady)],
                    ]
                    for key in ["targetRef", "hostname", "nodeName"] { endpoint[key] = address[key] }
                    return endpoint
                }
            }
            return Self.slice(service, ports: subset["ports"] ?? .array([]), endpoints: addresses, manager: Self.mirror)
        }
    }

    private static func member(_ pod: JSON, _ service: JSON, publishesAll: Bool) -> Member? {
        let phase = pod["status", "phase"]?.string
        guard let address = pod["status", "podIP"]?.string, phase != "Succeeded", phase != "Failed" else { return nil }
        let specification = PodSpecification(pod)
        let ports = (service["spec", "ports"]?.array ?? []).compactMap { port -> JSON? in
            guard let number = Self.number(port, specification) else { return nil }
            var result: JSON = [
                "name": port["name"] ?? "", "port": .int(Int64(number)), "protocol": port["protocol"] ?? "TCP",
            ]
            if let application = port["appProtocol"] { result["appProtocol"] = application }
            return result
        }
        if ports.isEmpty, service["spec", "ports"]?.array?.isEmpty == false { return nil }
        return Member(
            pod: pod,
            address: address,
            isReady: PodTemplate.isReady(pod) || publishesAll,
            isTerminating: pod.metadata.isBeingDeleted,
            ports: .array(ports)
        )
    }

    /// The number that a Service's `targetPort` has in this pod; names are looked up in its containers.
    private static func number(_ port: JSON, _ pod: PodSpecification) -> UInt16? {
        let target = port["targetPort"] ?? port["port"]
        if let number = target?.int, number != 0 { return UInt16(exactly: number) }
        guard let name = target?.string else { return port["port"]?.int.flatMap { UInt16(exactly: $0) } }
        if let number = UInt16(name) { return number }
        let transport = port["protocol"]?.string ?? "TCP"
        let containers = pod.containers + pod.initContainers.filter(\.isSidecar)
        return containers.lazy.flatMap(\.ports).first { $0.name == name && $0.transport == transport }?.number
    }

    private static func reference(_ pod: JSON) -> JSON {
        [
            "kind": "Pod", "name": .string(pod.metadata.name), "namespace": .string(pod.metadata.namespace),
            "uid": .string(pod.metadata.uid),
        ]
    }

    /// The pod's own name below a headless Service that is its `subdomain`.
    private static func hostname(_ member: Member, _ service: JSON) -> JSON? {
        let isOwn = member.pod["spec", "subdomain"]?.string == service.metadata.name
        return isOwn ? member.pod["spec", "hostname"] : nil
    }

    // Endpoints.

    private static func endpoints(_ service: JSON, _ groups: [(key: JSON, value: [Member])]) -> JSON {
        let subsets = groups.compactMap { ports, members -> JSON? in
            var subset: JSON = ["ports": ports]
            let present = members.filter { !$0.isTerminating }
            if present.isEmpty { return nil }
            for (key, isReady) in [("addresses", true), ("notReadyAddresses", false)] {
                let addresses = present.filter { $0.isReady == isReady }.map { member -> JSON in
                    var address: JSON = ["ip": .string(member.address), "targetRef": reference(member.pod)]
                    address["nodeName"] = member.pod["spec", "nodeName"]
                    address["hostname"] = hostname(member, service)
                    return address
                }
                if !addresses.isEmpty { subset[key] = .array(addresses) }
            }
            return subset
        }
        var labels = service.metadata.labels
        if service["spec", "clusterIP"]?.string == "None" { labels["service.kubernetes.io/headless"] = "" }
        return [
            "apiVersion": "v1", "kind": "Endpoints",
            "metadata": [
                "name": .string(service.metadata.name), "namespace": .string(service.metadata.namespace),
                "labels": .strings(labels),
            ],
            "subsets": .array(subsets),
        ]
    }

    // Slices.

    private static func endpoint(_ member: Member, _ service: JSON) -> JSON {
        var endpoint: JSON = [
            "addresses": [.string(member.address)],
            "conditions": [
                "ready": .bool(member.isReady && !member.isTerminating), "serving": .bool(member.isReady),
                "terminating": .bool(member.isTerminating),
            ],
            "targetRef": reference(member.pod),
        ]
        endpoint["nodeName"] = member.pod["spec", "nodeName"]
        endpoint["hostname"] = hostname(member, service)
        return endpoint
    }

    private static func slice(
        _ service: JSON,
        ports: JSON,
        endpoints: [JSON],
        manager: String = EndpointsPlan.manager
    ) -> JSON {
        var labels = service.metadata.labels
        labels[serviceLabel] = service.metadata.name
        labels[managerLabel] = manager
        if service["spec", "clusterIP"]?.string == "None" { labels["service.kubernetes.io/headless"] = "" }
        let suffix = PodTemplate.hash(of: [ports, .string(service.metadata.uid)]).prefix(5)
        return [
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": [
                "name": .string("\(service.metadata.name)-\(suffix)"),
                "namespace": .string(service.metadata.namespace), "labels": .strings(labels),
                "ownerReferences": [PodTemplate.ownerReference(to: service)],
            ],
            "ports": ports, "endpoints": .array(endpoints),
        ]
    }
}
