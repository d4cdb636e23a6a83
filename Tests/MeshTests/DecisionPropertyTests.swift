import JSON
import Kubernetes
import Mesh
import MeshAPI
import TestMesh
import Testing
import YAML

@Suite struct DecisionPropertyTests {
    @Test(arguments: 1...60) func `where a policy demands mutual TLS nothing else works`(seed: Int) throws {
        let model = try RandomMesh(seed: UInt64(seed)).fixture.model
        for client in model.workloads.values {
            for service in model.services.values {
                for port in service.ports {
                    let name = DestinationName(host: service.host, port: port.number)
                    for connection in model.connections(from: client, to: name) where connection.works {
                        guard let server = connection.server, server.hasSidecar,
                            let number = server.number(of: port.target)
                        else { continue }
                        let mode = model.serverMode(of: server, port: number).mode
                        if mode == .strict { #expect(connection.wire == .mutualTLS && connection.identity != nil) }
                        if connection.wire == .mutualTLS { #expect(mode != .disable) }
                    }
                }
            }
        }
    }

    @Test(arguments: 1...60) func `where a rule demands TLS nothing is sent in plaintext`(seed: Int) throws {
        let model = try RandomMesh(seed: UInt64(seed)).fixture.model
        for namespace in RandomMesh.namespaces {
            let client = Client(namespace: namespace)
            for service in model.services.values {
                guard let rule = model.rule(for: client, to: service) else { continue }
                for port in service.ports {
                    let mode = rule.settings(port: port.number, subset: "").tls?.mode
                    guard let mode else { continue }
                    let name = DestinationName(host: service.host, port: port.number)
                    let decision = try #require(model.destination(name, for: client))
                    #expect(decision.endpoints.allSatisfy { $0.isEncrypted == (mode != .disable) })
                    #expect(decision.encryptsUnlisted == (mode != .disable))
                    if mode != .disable { #expect((decision.tls != nil) != (decision.refusal != nil)) }
                }
            }
        }
    }

    @Test(arguments: 1...60) func `what is said of a connection is what both sides were told`(seed: Int) throws {
        let model = try RandomMesh(seed: UInt64(seed)).fixture.model
        for client in model.workloads.values where client.hasSidecar {
            for service in model.services.values {
                for port in service.ports {
                    let name = DestinationName(host: service.host, port: port.number)
                    let destination = try #require(model.destination(name, for: Client(client)))
                    let connections = model.connections(from: client, to: name)
                    guard destination.refusal == nil, !destination.endpoints.isEmpty else {
                        #expect(connections.count == 1 && !connections[0].works)
                        continue
                    }
                    #expect(connections.count == destination.endpoints.count)
                    for (connection, endpoint) in zip(connections, destination.endpoints) {
                        #expect((connection.wire != .plaintext) == endpoint.isEncrypted)
                        #expect(connection.clientReason == endpoint.reason && connection.server == endpoint.workload)
                        guard let server = endpoint.workload, server.hasSidecar else { continue }
                        let inbound = model.inbound(of: server)
                        let decision = inbound.ports.first { $0.number == endpoint.port }
                        let mode = decision?.mode ?? inbound.otherMode
                        #expect(connection.serverReason.hasPrefix(mode.mode.rawValue) || !connection.works)
                    }
                }
            }
        }
    }

    @Test(arguments: 1...40) func `decisions do not depend on the order in which objects arrived`(seed: Int) throws {
        var mesh = try RandomMesh(seed: UInt64(seed))
        let decisions = AllDecisions(mesh.fixture.model)
        for _ in 0..<3 {
            let shuffled = mesh.fixture.allObjects.shuffled(using: &mesh.numbers)
            // Of two objects of one name the later one counts, so those must keep their order.
            let model = mesh.fixture.model(inOrder: shuffled)
            guard Set(shuffled.map(\.objectDescription)).count == shuffled.count else { continue }
            #expect(AllDecisions(model) == decisions)
        }
    }

    @Test(arguments: 1...60) func `a change alters only what its impact names`(seed: Int) throws {
        var mesh = try RandomMesh(seed: UInt64(seed))
        var model = mesh.fixture.model
        var present = mesh.fixture.allObjects
        for _ in 0..<12 {
            let before = AllDecisions(model)
            let impact: Impact
            if mesh.numbers.chance(50), !present.isEmpty {
                let object = present.remove(at: Int(mesh.numbers.next() % UInt64(present.count)))
                impact = model.remove(object)
            } else if mesh.numbers.chance(50) {
                let object = try YAML.values(mesh.randomObject())[0]
                present.append(object)
                impact = model.update(object)
            } else {
                impact = model.update(mesh.numbers.pick(mesh.fixture.allObjects))
            }
            try Self.check(before, AllDecisions(model), impact)
        }
    }

    private static func check(_ before: AllDecisions, _ after: AllDecisions, _ impact: Impact) throws {
        for (key, decision) in before.inbound where after.inbound[key] != decision {
            #expect(impact.affectsInbound(key), "inbound of \(key): \(impact)")
        }
        for namespace in RandomMesh.namespaces {
            let (old, new) = (before.destinations[namespace] ?? [:], after.destinations[namespace] ?? [:])
            for name in Set(old.keys).union(new.keys) where old[name] != new[name] {
                let service = name.host.split(separator: ".").map(String.init)
                #expect(impact.affectsDestination(host: name.host, namespace: service[1]), "\(name): \(impact)")
            }
            let (oldRoutes, newRoutes) = (before.routes[namespace] ?? [:], after.routes[namespace] ?? [:])
            for (key, route) in oldRoutes where newRoutes[key] != nil && newRoutes[key] != route {
                let parts = key.split(separator: " ")
                #expect(impact.affectsRoute(address: String(parts[0]), port: Int(parts[1]) ?? 0), "\(key): \(impact)")
            }
        }
    }

    @Test(arguments: 1...20) func `what came and went leaves nothing behind`(seed: Int) throws {
        let mesh = try RandomMesh(seed: UInt64(seed))
        var model = mesh.fixture.model
        for object in mesh.fixture.allObjects { _ = model.remove(object) }
        #expect(model.isEmpty)
    }

    @Test func `of two entries for one host the older has it, and the other takes over`() throws {
        func entry(_ name: String, _ created: String, _ address: String) throws -> JSON {
            try YAML.value(
                """
                apiVersion: networking.istio.io/v1
                kind: ServiceEntry
                metadata: {namespace: a, name: \(name), creationTimestamp: "\(created)"}
                spec: {hosts: [x.example.com], addresses: [\(address)], ports: [{number: 80, name: http, protocol: HTTP}]}
                """
            )
        }
        let old = try entry("old", "2024-01-01T00:00:00Z", "192.0.2.1")
        let young = try entry("young", "2024-01-02T00:00:00Z", "192.0.2.2")
        var model = MeshModel()
        _ = model.update(old)
        #expect(model.update(young).isEmpty && model.services["x.example.com"]?.addresses == ["192.0.2.1"])
        let impact = model.remove(old)
        #expect(
            impact.addresses == ["192.0.2.1", "192.0.2.2"]
                && model.services["x.example.com"]?.addresses == ["192.0.2.2"]
        )
        #expect(model.remove(young).hosts == ["x.example.com"] && model.isEmpty)
    }
}
