import Base
import JSON
import Kubernetes
import MeshAPI

@testable import LabServer

extension Parsers {
    static let kubernetes: [String: Entry] = [
        "selector": selector, "patch": patch, "apply": apply, "object": object, "jsonpath": jsonPath,
        "duration": duration,
    ]

    private static let pod = SchemaNode.builtIn(.object("core.Pod"), .atomic)
    private static let labels = ["app": "web", "tier": "", "n": "3"]

    private static let selector: Entry = { input in
        let text = String(decoding: input, as: UTF8.self)
        _ = try? LabelSelector(parsing: text).matches(labels)
        _ = try? FieldSelector(parsing: text).matches(["metadata": ["name": "web"]])
    }

    /// An object and a patch of each kind; merging the same again changes nothing.
    private static let patch: Entry = { input in
        guard let (object, patch) = twoValues(input) else { return }
        let merged = object.merged(with: patch)
        if merged.merged(with: patch) != merged { broken("a merge patch changes what it made") }
        _ = try? JSONPatch(patch).apply(to: object)
        let schema = pod
        _ = try? StrategicMergePatch.apply(patch, to: object, schema: schema)
    }

    /// Fields that server-side apply takes over and gives up; an owner's list is read again as it was written.
    private static let apply: Entry = { input in
        guard let (object, configuration) = twoValues(input) else { return }
        let schema = pod
        let fields = FieldSet(of: configuration, schema)
        if !fields.isEmpty, FieldSet(fields.json) != fields { broken("a set of fields changes in writing") }
        var result = object.applied(configuration, schema)
        for path in fields.paths { result.removeValue(at: path[...], schema) }
    }

    /// A body as kubectl sends it in Protobuf.
    private static let object: Entry = { input in
        _ = try? ProtobufObject().read([0x6b, 0x38, 0x73, 0] + input, as: "core.Pod")
        guard let value = try? JSON(parsing: input) else { return }
        var check = SchemaCheck()
        _ = try? check.read(value, as: "core.Pod", kind: "Pod", version: "v1")
    }

    private static let jsonPath: Entry = { input in
        var reader = InputReader(input)
        let texts = reader.texts(2)
        guard let path = JSONPath(texts[0]) else { return }
        _ = path.values(in: (try? JSON(parsing: texts[1])) ?? ["a": ["b": [1, ["c": "d"]]]])
    }

    private static let duration: Entry = { input in _ = Duration(goText: String(decoding: input, as: UTF8.self)) }

    private static func twoValues(_ input: [UInt8]) -> (JSON, JSON)? {
        var reader = InputReader(input)
        let texts = reader.texts(2)
        guard let first = try? JSON(parsing: texts[0]), let second = try? JSON(parsing: texts[1]) else { return nil }
        return (first, second)
    }
}
