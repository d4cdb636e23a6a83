import JSON
import Kubernetes
import Protobuf
import Testing

@testable import LabServer

@Suite struct SchemaTests {
    @Test func `every type that a table names is in a table`() {
        let schemas = BuiltInSchemas.shared
        func check(_ type: SchemaType) {
            switch type {
            case .object(let name): #expect(!schemas[name].fields.isEmpty, "\(name)")
            case .array(let element), .map(let element): check(element)
            default: break
            }
        }
        for definition in BuiltInResources.all {
            guard case .builtIn(let name) = definition.schema else { continue }
            for field in schemas[name].fields { check(field.type) }
        }
        for name in ["core.PodSpec", "core.Container", "core.Volume", "apps.DeploymentSpec", "meta.ObjectMeta"] {
            for field in schemas[name].fields { check(field.type) }
        }
    }

    @Test func `what is explained is there`() {
        for key in Descriptions.more.keys {
            let parts = key.split(separator: ".", omittingEmptySubsequences: false)
            let (schema, field) = (parts.dropLast().joined(separator: "."), String(parts[parts.count - 1]))
            if schema == "." { continue }
            #expect(field.isEmpty || BuiltInSchemas.shared[schema][field] != nil, "\(key)")
        }
    }

    @Test(arguments: [
        "core.PodSpec", "core.Container", "core.ContainerPort", "core.EnvVar", "core.VolumeMount", "core.Probe",
        "core.ServicePort", "apps.DeploymentSpec", "meta.LabelSelector",
    ])
    func `every field of what people write most is explained`(schema: String) {
        #expect(Descriptions.text(schema, nil) != nil)
        for field in BuiltInSchemas.shared[schema].fields {
            #expect(Descriptions.text(schema, field.name) != nil, "\(field.name)")
        }
    }

    @Test func `unknown fields are dropped and told`() throws {
        var check = SchemaCheck()
        let pod: JSON = ["spec": ["containers": [["name": "a", "imagee": "b"]], "colour": "red"], "x": 1]
        let read = try check.read(pod, as: "core.Pod", kind: "Pod", version: "v1")
        #expect(read == ["spec": ["containers": [["name": "a"]]]])
        #expect(Set(check.unknownFields) == ["spec.containers[0].imagee", "spec.colour", "x"])
    }

    @Test(
        arguments: [
            ["spec": ["replicas": "2"]], ["spec": ["replicas": 2.5]], ["spec": ["replicas": 4_294_967_296]],
            ["spec": ["template": []]], ["metadata": ["labels": ["a": 1]]], ["spec": "x"],
        ] as [JSON]
    )
    func `a value of another type is refused`(object: JSON) {
        var check = SchemaCheck()
        #expect(throws: StatusError.self) {
            try check.read(object, as: "apps.Deployment", kind: "Deployment", version: "v1")
        }
    }

    @Test func `a number stands for a quantity`() throws {
        var check = SchemaCheck()
        let pod: JSON = ["spec": ["containers": [["name": "a", "resources": ["limits": ["cpu": 1]]]]]]
        let read = try check.read(pod, as: "core.Pod", kind: "Pod", version: "v1")
        #expect(read["spec", "containers"]?.array?.first?["resources", "limits", "cpu"] == "1")
    }

    @Test(
        arguments: [
            (["maxLength": 3, "pattern": "^[a-z]+$"], "ABCD", ["x: Too long: may not be more than 3 bytes"]),
            (
                ["minLength": 3, "pattern": "^[a-z]+$"], "A",
                ["x: Invalid value: \"A\": x in body should be at least 3 chars long"]
            ),
            (["pattern": "b+"], "abc", []), (["pattern": "^(a+)+$"], String(repeating: "a", count: 5000), []),
            (
                ["pattern": "^(a+)+$"], String(repeating: "a", count: 50) + "!",
                ["x: Invalid value: \"\(String(repeating: "a", count: 50))!\": x in body should match '^(a+)+$'"]
            ),
        ] as [(JSON, String, [String])]
    )
    func `of a text's faults the first is told, and no pattern takes long`(rule: JSON, text: String, errors: [String]) {
        #expect(SchemaValidation(rule).errors(.string(text), path: "x").map(\.description) == errors)
    }

    private let schema = StructuralSchema([
        "type": "object",
        "properties": [
            "spec": [
                "type": "object", "required": ["mode"],
                "properties": [
                    "mode": ["type": "string", "enum": ["A", "B"], "default": "A"],
                    "size": ["type": "integer", "minimum": 1, "maximum": 10],
                    "hosts": ["type": "array", "maxItems": 2, "items": ["type": "string", "pattern": "^[a-z]+$"]],
                    "free": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
                    "port": ["x-kubernetes-int-or-string": true],
                ],
                "oneOf": [["required": ["size"]], ["required": ["hosts"]]],
            ]
        ],
    ])

    @Test func `a custom resource gets defaults and loses what is unknown`() {
        var object: JSON = ["kind": "X", "metadata": ["name": "a"], "spec": ["free": ["x": 1], "other": 1]]
        #expect(schema.prune(&object) == ["spec.other"])
        schema.applyDefaults(&object)
        #expect(object["spec"] == ["free": ["x": 1], "mode": "A"])
    }

    struct Case: CustomTestStringConvertible {
        let spec: JSON
        let errors: [String]
        var testDescription: String { spec.text() }
    }

    @Test(arguments: [
        Case(spec: ["mode": "A", "size": 3, "port": "http"], errors: []),
        Case(spec: ["size": 3], errors: ["spec.mode: Required value"]),
        Case(
            spec: ["mode": "C", "size": 3],
            errors: ["spec.mode: Unsupported value: \"C\": supported values: \"A\", \"B\""]
        ),
        Case(
            spec: ["mode": "A", "size": 11],
            errors: ["spec.size: Invalid value: 11: spec.size in body should be less than or equal to 10"]
        ),
        Case(
            spec: ["mode": "A", "size": "x"],
            errors: ["spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\""]
        ),
        Case(
            spec: ["mode": "A", "hosts": ["a", "B1"]],
            errors: ["spec.hosts[1]: Invalid value: \"B1\": spec.hosts[1] in body should match '^[a-z]+$'"]
        ),
        Case(
            spec: ["mode": "A", "hosts": ["a", "b", "c"]],
            errors: ["spec.hosts: Too many: 3: must have at most 2 items"]
        ),
        Case(
            spec: ["mode": "A"],
            errors: [
                "spec: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found none valid"
            ]
        ),
        Case(
            spec: ["mode": "A", "size": 1, "port": true],
            errors: [
                "spec.port: Invalid value: \"boolean\": spec.port in body must be of type integer,string: \"boolean\""
            ]
        ),
    ])
    func `a custom resource is checked in the words users know`(example: Case) {
        #expect(schema.validate(["spec": example.spec]).map(\.description) == example.errors)
    }

    @Test func `Protobuf bodies are read by the same tables`() throws {
        var writer = ProtobufWriter()
        writer.message(1) { metadata in
            metadata.string(1, "a")
            metadata.map(11, ["app": "x"])
        }
        writer.message(2) { spec in
            spec.message(2) { container in
                container.string(1, "c")
                container.message(19) { source in source.message(2) { map in map.message(1) { $0.string(1, "m") } } }
            }
            spec.bool(11, true)
        }
        var envelope = ProtobufWriter()
        envelope.message(1) { type in
            type.string(1, "v1")
            type.string(2, "Pod")
        }
        envelope.bytes(2, writer.bytes)
        let body = [0x6b, 0x38, 0x73, 0] + envelope.bytes
        let expected: JSON = [
            "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "a", "labels": ["app": "x"]],
            "spec": [
                "hostNetwork": true, "containers": [["name": "c", "envFrom": [["configMapRef": ["name": "m"]]]]],
            ],
        ]
        #expect(try ProtobufObject().read(body, as: "core.Pod") == expected)
        for count in 0..<body.count {
            _ = try? ProtobufObject().read(Array(body[..<count]), as: "core.Pod")  // Must not trap.
        }
    }
}
