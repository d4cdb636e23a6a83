import Base
import JSON
import Kubernetes
import Mesh
import MeshAPI
import TestMesh
import Testing
import YAML

/// Objects with anything anywhere: whoever may write to the API server may write these.
@Suite struct HostileObjectTests {
    private static let values: [JSON] = [
        .null, .bool(true), .int(0), .int(-1), .int(.max), .int(.min), .int(65536), .double(1.5), .double(1e300), "",
        "x", "*", ".",
        "1e999h", "-", "a/b/c", .string(String(repeating: "x", count: 300)), [], [.null], [[:]], ["x", 1], [:],
        ["": ""],
        ["matchLabels": ["": "*"]], ["number": -5], ["mode": "STRICT"], "None", "ExternalName", "istio", "10.0.0.1",
    ]

    private static func mutated(_ value: JSON, _ numbers: inout SplitMix64, depth: Int = 0) -> JSON {
        if depth > 1, numbers.chance(12) { return numbers.pick(values) }
        switch value {
        case .object(var members):
            for (key, member) in members { members[key] = mutated(member, &numbers, depth: depth + 1) }
            if depth > 0, numbers.chance(10) {
                members[numbers.pick(["spec", "tls", "ports", "x", ""])] = numbers.pick(values)
            }
            if depth > 0, numbers.chance(10), let key = members.keys.min() { members[key] = nil }
            return .object(members)
        case .array(let elements):
            let list = elements.map { mutated($0, &numbers, depth: depth + 1) }
            return .array(numbers.chance(10) ? list + list : list)
        default: return depth > 1 && numbers.chance(5) ? numbers.pick(values) : value
        }
    }

    private static let entry = """
        ---
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {namespace: a, name: e}
        spec:
          hosts: [x.example.com, "*.example.org"]
          addresses: [192.0.2.1]
          ports: [{number: 8000, name: http, protocol: HTTP, targetPort: 80}]
          location: MESH_INTERNAL
          resolution: STATIC
          endpoints: [{address: 192.0.2.9, ports: {http: 1}, labels: {a: b}, serviceAccount: s, weight: 2}]
        ---
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata: {namespace: a, name: s}
        spec: {workloadSelector: {labels: {app: web}}, egress: [{hosts: ["./*", "*/x.example.com"]}]}

        """

    @Test(arguments: 1...40) func `no object brings the model down, and what came and went leaves nothing`(seed: Int)
        throws
    {
        var mesh = try RandomMesh(seed: UInt64(seed))
        let objects = mesh.fixture.allObjects + (try YAML.values(Self.entry))
        var model = mesh.fixture.model
        var written: [JSON] = objects
        for _ in 0..<120 {
            let object = Self.mutated(mesh.numbers.pick(objects), &mesh.numbers)
            _ = validate(object)
            _ = model.update(object)
            written.append(object)
        }
        _ = AllDecisions(model)
        for service in model.services.values {
            for workload in model.workloads.values {
                for port in service.ports {
                    _ = model.connections(from: workload, to: DestinationName(host: service.host, port: port.number))
                }
            }
        }
        for object in written { _ = model.remove(object) }
        #expect(model.isEmpty)
    }
}
