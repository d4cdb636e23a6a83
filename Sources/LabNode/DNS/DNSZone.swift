internal import Base
internal import Kubernetes

/// The cluster's names (Kubernetes DNS-Based Service Discovery, schema version 1.1.0).
struct DNSZone: Sendable {
    private let domain: String
    private let services: [ObjectKey: ServiceTable.Service]
    private let namespaces: Set<String>
    private let pointers: [IPAddress: String]

    init(_ table: ServiceTable, domain: String) {
        self.domain = domain
        services = table.services
        namespaces = Set(table.services.keys.map(\.namespace)).union(["default", "kube-system"])
        var pointers: [IPAddress: String] = [:]
        for service in table.services.values.sorted(by: { $0.key < $1.key }) {
            let name = "\(service.key.name).\(service.key.namespace).svc.\(domain)"
            if let address = service.address {
                pointers[address] = name
            } else {
                for endpoint in service.publishedEndpoints {
                    pointers[endpoint.address] = "\(Self.hostname(of: endpoint)).\(name)"
                }
            }
        }
        self.pointers = pointers
    }

    /// The answer to a question; nil when the name belongs to somebody else.
    func answer(name: String, type: UInt16) -> DNSAnswer? {
        if let address = Self.reverseAddress(name) {
            guard let target = pointers[address] else { return Self.isOurs(address) ? negative(.noSuchName) : nil }
            return select(type, [.init(record: .pointer(target))])
        }
        guard name == domain || name.hasSuffix("." + domain) else { return nil }
        let labels = name.dropLast(domain.count).split(separator: ".").map(String.init)
        switch labels.last {
        case nil: return negative(.noError)
        case "svc": return service(Array(labels.dropLast()), type)
        case "pod": return pod(Array(labels.dropLast()), type)
        case "dns-version": return negative(.noError)
        default: return negative(.noSuchName)
        }
    }

    private func negative(_ code: DNSAnswer.Code) -> DNSAnswer {
        DNSAnswer(code: code, authority: [.init(name: domain, record: .startOfAuthority(domain))])
    }

    /// Of what there is, that which was asked for; the name exists in any case.
    private func select(_ type: UInt16, _ entries: [DNSAnswer.Entry], additional: [DNSAnswer.Entry] = []) -> DNSAnswer {
        let any: UInt16 = 255
        let chosen = entries.filter { $0.record.type == type || type == any || $0.record.type == 5 }
        if chosen.isEmpty { return negative(.noError) }
        return DNSAnswer(answers: chosen, additional: additional)
    }

    // <service>.<namespace>.svc, <host>.<service>.<namespace>.svc, _<port>._<protocol>.<service>.<namespace>.svc

    private func service(_ labels: [String], _ type: UInt16) -> DNSAnswer {
        guard let namespace = labels.last else { return negative(.noError) }
        if labels.count == 1 { return negative(namespaces.contains(namespace) ? .noError : .noSuchName) }
        let key = ObjectKey(namespace: namespace, name: labels[labels.count - 2])
        guard let service = services[key] else { return negative(.noSuchName) }
        let front = labels.dropLast(2)
        switch front.count {
        case 0: return addresses(of: service, type)
        case 1: return host(front[front.startIndex], of: service, type)
        case 2: return ports(front[front.startIndex], front[front.startIndex + 1], of: service, type)
        default: return negative(.noSuchName)
        }
    }

    private func addresses(of service: ServiceTable.Service, _ type: UInt16) -> DNSAnswer {
        if let name = service.externalName {
            var answer = select(type, [.init(record: .alias(name))])
            // What the name stands for, if it is one of ours; others are asked for by the client itself.
            if name.hasSuffix("." + domain), let more = self.answer(name: name, type: type) {
                answer.answers += more.answers.map { .init(name: $0.name ?? name, record: $0.record) }
            }
            return answer
        }
        if let address = service.address { return select(type, [.init(record: .address(address))]) }
        let addresses = Set(service.publishedEndpoints.map(\.address)).sorted()
        if addresses.isEmpty { return negative(.noSuchName) }
        return select(type, addresses.shuffled().map { .init(record: .address($0)) })
    }

    private func host(_ name: String, of service: ServiceTable.Service, _ type: UInt16) -> DNSAnswer {
        let matching = service.isHeadless ? service.publishedEndpoints.filter { Self.hostname(of: $0) == name } : []
        if matching.isEmpty { return negative(.noSuchName) }
        return select(type, Set(matching.map(\.address)).sorted().map { .init(record: .address($0)) })
    }

    private func ports(_ port: String, _ transport: String, of service: ServiceTable.Service, _ type: UInt16)
        -> DNSAnswer
    {
        let name = "\(service.key.name).\(service.key.namespace).svc.\(domain)"
        let named = service.ports.filter { "_\($0.name)" == port && "_\($0.transport.lowercased())" == transport }
        guard let found = named.first else { return negative(.noSuchName) }
        if let address = service.address {
            let record = DNSRecord.service(priority: 0, weight: 100, port: found.number, target: name)
            return select(type, [.init(record: record)], additional: [.init(name: name, record: .address(address))])
        }
        var answer = DNSAnswer()
        for endpoint in service.publishedEndpoints {
            let target = "\(Self.hostname(of: endpoint)).\(name)"
            let number = endpoint.ports[found.name] ?? found.number
            answer.answers.append(.init(record: .service(priority: 0, weight: 100, port: number, target: target)))
            answer.additional.append(.init(name: target, record: .address(endpoint.address)))
        }
        if answer.answers.isEmpty { return negative(.noSuchName) }
        return select(type, answer.answers, additional: answer.additional)
    }

    // <a>-<b>-<c>-<d>.<namespace>.pod

    private func pod(_ labels: [String], _ type: UInt16) -> DNSAnswer {
        guard labels.count == 2,
            let address = IPAddress(ipv4Text: labels[0].split(separator: "-").joined(separator: "."))
        else {
            return negative(labels.isEmpty ? .noError : .noSuchName)
        }
        return select(type, [.init(record: .address(address))])
    }

    /// The name of an endpoint of a headless Service: its own, or one made of its address.
    private static func hostname(of endpoint: ServiceTable.Endpoint) -> String {
        endpoint.hostname.isEmpty
            ? "\(endpoint.address)".split(separator: ".").joined(separator: "-") : endpoint.hostname
    }

    /// The address that a name below `in-addr.arpa` stands for.
    private static func reverseAddress(_ name: String) -> IPAddress? {
        guard name.hasSuffix(".in-addr.arpa") else { return nil }
        return IPAddress(ipv4Text: name.dropLast(13).split(separator: ".").reversed().joined(separator: "."))
    }

    private static func isOurs(_ address: IPAddress) -> Bool {
        address.octets[0] == 10 && [96, 244].contains(address.octets[1])
    }
}
