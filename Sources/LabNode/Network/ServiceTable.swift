internal import Base
internal import JSON
internal import Kubernetes

/// Reads Services and their endpoints into what the rules and the DNS need.
struct ServiceTable: Sendable {
    struct Port: Sendable, Hashable {
        let name: String
        /// `TCP` or `UDP`.
        let transport: String
        let number: UInt16
        let nodePort: UInt16?
    }

    /// One address behind a Service.
    struct Endpoint: Sendable, Hashable {
        let address: IPAddress
        let isReady: Bool
        /// The pod's `hostname`, when its `subdomain` is the Service.
        let hostname: String
        /// Port numbers by the names of the Service's ports.
        let ports: [String: UInt16]
    }

    struct Service: Sendable, Hashable {
        let key: ObjectKey
        /// nil for a headless Service, and for one that is only another name.
        let address: IPAddress?
        /// What it has as a `LoadBalancer`.
        let externalAddresses: [IPAddress]
        let externalName: String?
        let ports: [Port]
        let isSticky: Bool
        let publishesNotReady: Bool
        var endpoints: [Endpoint] = []

        var isHeadless: Bool { address == nil && externalName == nil }
        /// What DNS tells of a headless Service.
        var publishedEndpoints: [Endpoint] { endpoints.filter { $0.isReady || publishesNotReady } }
    }

    private(set) var services: [ObjectKey: Service] = [:]

    /// - Parameter endpoints: Used for Services that have no EndpointSlice.
    init(services: [JSON], slices: [JSON], endpoints: [JSON]) {
        var table: [ObjectKey: Service] = [:]
        for service in services { table[service.metadata.key] = Self.service(service) }
        var sliced: Set<ObjectKey> = []
        for slice in slices where slice["addressType"]?.string == "IPv4" {
            guard let name = slice.metadata.labels["kubernetes.io/service-name"] else { continue }
            let key = ObjectKey(namespace: slice.metadata.namespace, name: name)
            sliced.insert(key)
            table[key]?.endpoints += Self.endpoints(ofSlice: slice)
        }
        for object in endpoints where !sliced.contains(object.metadata.key) {
            table[object.metadata.key]?.endpoints += Self.endpoints(of: object)
        }
        self.services = table
    }

    private static func service(_ json: JSON) -> Service {
        let spec = json["spec"] ?? .null
        let isExternal = spec["type"]?.string == "ExternalName"
        let ports = (spec["ports"]?.array ?? []).compactMap { port -> Port? in
            guard let number = port["port"]?.int.flatMap({ UInt16(exactly: $0) }) else { return nil }
            return Port(
                name: port["name"]?.string ?? "",
                transport: port["protocol"]?.string ?? "TCP",
                number: number,
                nodePort: port["nodePort"]?.int.flatMap { UInt16(exactly: $0) }.flatMap { $0 == 0 ? nil : $0 }
            )
        }
        return Service(
            key: json.metadata.key,
            address: spec["clusterIP"]?.string.flatMap { IPAddress(ipv4Text: $0) },
            externalAddresses: LoadBalancerController.addresses(of: json),
            externalName: isExternal ? spec["externalName"]?.string : nil,
            ports: ports,
            isSticky: spec["sessionAffinity"]?.string == "ClientIP",
            publishesNotReady: spec["publishNotReadyAddresses"]?.bool ?? false
        )
    }

    private static func endpoints(ofSlice slice: JSON) -> [Endpoint] {
        let ports = portNumbers(slice["ports"])
        return (slice["endpoints"]?.array ?? []).flatMap { endpoint in
            (endpoint["addresses"]?.array ?? []).compactMap { $0.string.flatMap { IPAddress(ipv4Text: $0) } }.map {
                Endpoint(
                    address: $0,
                    isReady: endpoint["conditions", "ready"]?.bool ?? true,
                    hostname: endpoint["hostname"]?.string ?? "",
                    ports: ports
                )
            }
        }
    }

    private static func endpoints(of object: JSON) -> [Endpoint] {
        (object["subsets"]?.array ?? []).flatMap { subset in
            let ports = portNumbers(subset["ports"])
            return [("addresses", true), ("notReadyAddresses", false)].flatMap { key, isReady in
                (subset[key]?.array ?? []).compactMap { address in
                    address["ip"]?.string.flatMap { IPAddress(ipv4Text: $0) }.map {
                        Endpoint(
                            address: $0,
                            isReady: isReady,
                            hostname: address["hostname"]?.string ?? "",
                            ports: ports
                        )
                    }
                }
            }
        }
    }

    private static func portNumbers(_ ports: JSON?) -> [String: UInt16] {
        var numbers: [String: UInt16] = [:]
        for port in ports?.array ?? [] {
            numbers[port["name"]?.string ?? ""] = port["port"]?.int.flatMap { UInt16(exactly: $0) }
        }
        return numbers
    }

    /// Where connections go, for each address and port that a Service has.
    ///
    /// - Parameter addresses: Which say where node ports are open, and which addresses outside may be taken over.
    func rules(_ addresses: LabAddresses) -> [ServiceRule.Frontend: ServiceRule] {
        var rules: [ServiceRule.Frontend: ServiceRule] = [:]
        for service in services.values {
            guard let address = service.address else { continue }
            for port in service.ports where port.transport == "TCP" || port.transport == "UDP" {
                let backends = service.endpoints.filter(\.isReady).compactMap { endpoint in
                    endpoint.ports[port.name].map { ServiceRule.Backend(address: endpoint.address, port: $0) }
                }
                let rule = ServiceRule(backends: Set(backends).sorted(), isSticky: service.isSticky)
                let transport = port.transport.lowercased()
                for address in [address] + service.externalAddresses.filter(addresses.isExternal) {
                    rules[.init(address: address, transport: transport, port: port.number)] = rule
                }
                if let nodePort = port.nodePort {
                    rules[.init(address: addresses.node, transport: transport, port: nodePort)] = rule
                }
            }
        }
        return rules
    }
}
