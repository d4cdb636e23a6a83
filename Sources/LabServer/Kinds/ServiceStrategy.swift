import Base
import JSON
import Kubernetes

/// Services: an address of their own, and ports.
struct ServiceStrategy: ResourceStrategy {
    var nameRule: NameRule { .serviceLabel }

    func applyDefaults(_ object: inout JSON) {
        object.change("spec") { spec in
            spec.setDefault("sessionAffinity", "None")
            spec.setDefault("type", "ClusterIP")
            if spec["sessionAffinity"] == "ClientIP", spec["sessionAffinityConfig", "clientIP", "timeoutSeconds"] == nil
            {
                spec["sessionAffinityConfig"] = ["clientIP": ["timeoutSeconds": 10_800]]
            }
            let type = spec["type"]?.string
            spec.changeEach("ports") { port in
                port.setDefault("protocol", "TCP")
                if let number = port["port"], port["targetPort"] == nil || port["targetPort"] == 0 {
                    port["targetPort"] = number
                }
            }
            guard type != "ExternalName" else { return }
            spec.setDefault("internalTrafficPolicy", "Cluster")
            spec.setDefault("ipFamilies", ["IPv4"])
            spec.setDefault("ipFamilyPolicy", "SingleStack")
            if type == "NodePort" || type == "LoadBalancer" { spec.setDefault("externalTrafficPolicy", "Cluster") }
            if type == "LoadBalancer" { spec.setDefault("allocateLoadBalancerNodePorts", true) }
        }
    }

    func prepareForCreate(_ object: inout JSON) { object["status"] = ["loadBalancer": [:]] }

    func prepareForUpdate(_ object: inout JSON, old: JSON) {
        guard object["spec", "type"]?.string != "ExternalName" else { return }
        if (object["spec", "clusterIP"]?.string ?? "").isEmpty {
            object["spec", "clusterIP"] = old["spec", "clusterIP"]
        }
        if object["spec", "clusterIPs"] == nil { object["spec", "clusterIPs"] = old["spec", "clusterIPs"] }
    }

    func allocate(_ object: inout JSON, old: JSON?, in transaction: Transaction) throws {
        guard object["spec", "type"]?.string != "ExternalName" else { return }
        try ServiceAddresses.allocate(&object, in: transaction)
        try NodePorts.allocate(&object, in: transaction)
    }

    func validate(_ object: JSON, old: JSON?) -> [FieldError] {
        let spec = object["spec"] ?? .null
        var errors = PodValidation.oneOf(
            spec["type"],
            ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"],
            field: "spec.type"
        )
        errors += PodValidation.oneOf(spec["sessionAffinity"], ["ClientIP", "None"], field: "spec.sessionAffinity")
        let address = spec["clusterIP"]?.string ?? ""
        let type = spec["type"]?.string ?? ""
        if (spec["ports"]?.array ?? []).isEmpty, address != "None", type != "ExternalName" {
            errors.append(.required("spec.ports"))
        }
        if type == "ExternalName", (spec["externalName"]?.string ?? "").isEmpty {
            errors.append(.required("spec.externalName"))
        }
        errors += ports(spec["ports"]?.array ?? []) + reach(spec, type, old)
        errors += MetadataRules.labels(spec["selector"]?.strings ?? [:], field: "spec.selector")
        let before = old?["spec", "clusterIP"]?.string ?? ""
        if !before.isEmpty, type != "ExternalName", old?["spec", "type"]?.string != "ExternalName", address != before {
            errors.append(.invalid("spec.clusterIPs[0]", .strings([address]), "may not change once set"))
        }
        return errors
    }

    /// How it is reached from outside.
    private func reach(_ spec: JSON, _ type: String, _ old: JSON?) -> [FieldError] {
        var errors: [FieldError] = []
        if type == "ExternalName", let name = spec["externalName"]?.string, !name.isEmpty,
            let problem = NameRule.subdomain.problem(name.hasSuffix(".") ? String(name.dropLast()) : name)
        {
            errors.append(.invalid("spec.externalName", .string(name), problem))
        }
        // Those of its former type are left over, and go by themselves.
        let former = Set((old?["spec", "ports"]?.array ?? []).compactMap { $0["nodePort"]?.int } + [0])
        for (index, port) in (spec["ports"]?.array ?? []).enumerated()
        where ["ClusterIP", "ExternalName"].contains(type) && !former.contains(port["nodePort"]?.int ?? 0) {
            let detail = "may not be used when `type` is '\(type)'"
            errors.append(.forbidden("spec.ports[\(index)].nodePort", detail))
        }
        for (index, address) in (spec["externalIPs"]?.array ?? []).enumerated()
        where IPAddress(address.string ?? "") == nil {
            let detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
            errors.append(.invalid("spec.externalIPs[\(index)]", address, detail))
        }
        for field in ["externalTrafficPolicy", "internalTrafficPolicy"] where spec[field]?.string != "" {
            errors += PodValidation.oneOf(spec[field], ["Cluster", "Local"], field: "spec.\(field)")
        }
        return errors
    }

    private func ports(_ ports: [JSON]) -> [FieldError] {
        var errors: [FieldError] = []
        var names: Set<String> = []
        var numbers: Set<String> = []
        for (index, port) in ports.enumerated() {
            let path = "spec.ports[\(index)]"
            let name = port["name"]?.string ?? ""
            if name.isEmpty {
                if ports.count > 1 { errors.append(.required("\(path).name")) }
            } else if let problem = NameRule.label.problem(name) {
                errors.append(.invalid("\(path).name", .string(name), problem))
            } else if !names.insert(name).inserted {
                errors.append(.duplicate("\(path).name", .string(name)))
            }
            if let number = port["port"]?.int, let problem = PortRules.numberProblem(number) {
                errors.append(.invalid("\(path).port", .int(number), problem))
            } else if port["port"] == nil {
                errors.append(.required("\(path).port"))
            }
            errors += PodValidation.oneOf(port["protocol"], PortRules.protocols, field: "\(path).protocol")
            if let number = port["targetPort"]?.int, let problem = PortRules.numberProblem(number) {
                errors.append(.invalid("\(path).targetPort", .int(number), problem))
            } else if let name = port["targetPort"]?.string, let problem = PortRules.nameProblem(name) {
                errors.append(.invalid("\(path).targetPort", .string(name), problem))
            }
            let identity = "\(port["port"] ?? .null)/\(port["protocol"] ?? .null)"
            if !numbers.insert(identity).inserted {
                errors.append(.duplicate(path, ["port": port["port"] ?? .null, "protocol": port["protocol"] ?? .null]))
            }
        }
        return errors
    }
}

/// The addresses of services: 10.96.0.0/16, of which .0.1 is the API server and .0.10 the cluster's DNS.
private enum ServiceAddresses {
    private static let reserved: Set<String> = ["10.96.0.1", "10.96.0.10"]

    static func allocate(_ service: inout JSON, in transaction: Transaction) throws {
        let wanted = service["spec", "clusterIP"]?.string ?? service["spec", "clusterIPs"]?.array?.first?.string ?? ""
        let key = (service.metadata.namespace, service.metadata.name)
        let taken = Set(
            transaction.objects(of: "/services").filter { ($0.key.namespace, $0.key.name) != key }
                .compactMap { $0.value.value["spec", "clusterIP"]?.string }
        )
        let address: String
        switch wanted {
        case "None": address = wanted
        case "": address = try free(taken)
        default:
            address = wanted
            try check(wanted, taken, service.metadata.name)
        }
        service["spec", "clusterIP"] = .string(address)
        service["spec", "clusterIPs"] = [.string(address)]
    }

    private static func check(_ address: String, _ taken: Set<String>, _ name: String) throws {
        let octets = address.split(separator: ".").compactMap { UInt8($0) }
        let problem: String? =
            if octets.count != 4 || octets[0] != 10 || octets[1] != 96 {
                "failed to allocate IP \(address): the provided IP (\(address)) is not in the valid range. The range of valid IPs is 10.96.0.0/16"
            } else if taken.contains(address) {
                "failed to allocate IP \(address): provided IP is already allocated"
            } else {
                nil
            }
        guard let problem else { return }
        let field = FieldError.invalid("spec.clusterIPs", .strings([address]), problem)
        throw StatusError.invalid(.services, name, [field])
    }

    private static func free(_ taken: Set<String>) throws -> String {
        for _ in 0..<1000 {
            let address = "10.96.\(UInt8.random(in: 0...255)).\(UInt8.random(in: 1...254))"
            if !taken.contains(address), !reserved.contains(address) { return address }
        }
        throw StatusError.internalError("failed to allocate a serviceIP: range is full")
    }
}

/// The ports of the node that services ask for: 30000 to 32767.
private enum NodePorts {
    static func allocate(_ service: inout JSON, in transaction: Transaction) throws {
        guard ["NodePort", "LoadBalancer"].contains(service["spec", "type"]?.string ?? "") else {
            service.change("spec") { $0.changeEach("ports") { $0["nodePort"] = nil } }
            return
        }
        let key = (service.metadata.namespace, service.metadata.name)
        var taken: Set<Int64> = []
        for (other, object) in transaction.objects(of: "/services") where (other.namespace, other.name) != key {
            taken.formUnion((object.value["spec", "ports"]?.array ?? []).compactMap { $0["nodePort"]?.int })
        }
        var ports = service["spec", "ports"]?.array ?? []
        for index in ports.indices {
            if let wanted = ports[index]["nodePort"]?.int, wanted != 0 {
                try check(wanted, taken, service.metadata.name, index)
                taken.insert(wanted)
            } else if let free = (0..<1000).lazy.map({ _ in Int64.random(in: 30000...32767) })
                .first(where: { !taken.contains($0) })
            {
                ports[index]["nodePort"] = .int(free)
                taken.insert(free)
            }
        }
        service["spec", "ports"] = .array(ports)
    }

    private static func check(_ port: Int64, _ taken: Set<Int64>, _ name: String, _ index: Int) throws {
        let problem: String? =
            if !(30000...32767).contains(port) {
                "provided port is not in the valid range. The range of valid ports is 30000-32767"
            } else if taken.contains(port) {
                "provided port is already allocated"
            } else {
                nil
            }
        guard let problem else { return }
        throw StatusError.invalid(.services, name, [.invalid("spec.ports[\(index)].nodePort", .int(port), problem)])
    }
}
