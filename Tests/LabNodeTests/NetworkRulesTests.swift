import Base
import JSON
import Testing

@testable import LabNode

@Suite struct ServiceRulesTests {
    private let web = ServiceRule.Frontend(address: IPAddress(10, 96, 0, 20), transport: "tcp", port: 80)

    private func rule(_ hosts: [UInt8], isSticky: Bool = false) -> ServiceRule {
        ServiceRule(backends: hosts.map { .init(address: IPAddress(10, 244, 0, $0), port: 8080) }, isSticky: isSticky)
    }

    @Test func `a new Service gets a chain, its rule and its entry, in that order`() {
        var rules = ServiceRules(addresses: LabAddresses())
        let script = rules.change(to: [web: rule([2, 3])])
        #expect(
            script == """
                add chain ip apus-lab service-10.96.0.20-tcp-80
                add rule ip apus-lab service-10.96.0.20-tcp-80 meta l4proto tcp dnat ip to numgen random mod 2 \
                map { 0 : 10.244.0.2 . 8080, 1 : 10.244.0.3 . 8080 }
                add element ip apus-lab services { 10.96.0.20 . tcp . 80 : goto service-10.96.0.20-tcp-80 }
                add element ip apus-lab hairpin { 10.244.0.2 . 10.244.0.2, 10.244.0.3 . 10.244.0.3 }

                """
        )
        #expect(rules.change(to: [web: rule([2, 3])]) == "", "nothing changed")
    }

    @Test func `a change touches only what changed`() {
        var rules = ServiceRules(addresses: LabAddresses())
        _ = rules.change(to: [web: rule([2, 3])])
        let script = rules.change(to: [web: rule([3], isSticky: true)])
        #expect(script.contains("flush chain ip apus-lab service-10.96.0.20-tcp-80\n"))
        #expect(script.contains("jhash ip saddr mod 1"))
        #expect(script.contains("delete element ip apus-lab hairpin { 10.244.0.2 . 10.244.0.2 }"))
        #expect(!script.contains("services {"))
    }

    @Test func `a Service without endpoints has no entry, so that connections are refused`() {
        var rules = ServiceRules(addresses: LabAddresses())
        _ = rules.change(to: [web: rule([2])])
        let script = rules.change(to: [web: rule([])])
        #expect(script.hasPrefix("delete element ip apus-lab services { 10.96.0.20 . tcp . 80 }\n"))
        #expect(rules.rules.isEmpty)
    }

    @Test func `an outer address counts only when it is one of the lab's own`() {
        let service: JSON = [
            "metadata": ["name": "web", "namespace": "a"],
            "spec": ["clusterIP": "10.96.0.20", "ports": [["port": 443, "nodePort": 30443]]],
            "status": ["loadBalancer": ["ingress": [["ip": "10.97.0.1"], ["ip": "192.0.2.1"], ["hostname": "x"]]]],
        ]
        let table = ServiceTable(services: [service], slices: [], endpoints: [])
        let frontends = table.rules(LabAddresses()).keys.sorted().map(\.element)
        #expect(
            frontends == [
                "10.96.0.20 . tcp . 443", "10.97.0.1 . tcp . 443", "10.244.0.1 . tcp . 30443",
            ]
        )
    }
}

@Suite struct AddressPoolTests {
    @Test func `gives each owner one address, and a free one to the next`() throws {
        var pool = AddressPool(network: IPAddress(10, 244, 0, 0))
        let first = pool.take(for: "a")
        let again = pool.take(for: "a")
        #expect(first != nil && again == first)
        let others = (0..<252).map { pool.take(for: "\($0)") }
        #expect(Set(others.compactMap(\.self)).subtracting([first].compactMap(\.self)).count == 252)
        let tooMany = pool.take(for: "one too many")
        #expect(tooMany == nil)
        pool.release("a")
        let last = pool.take(for: "c")
        #expect(last == first)
    }
}
