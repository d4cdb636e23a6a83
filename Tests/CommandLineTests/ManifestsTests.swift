import JSON
import Testing

@testable import CommandLine

@Suite struct ManifestsTests {
    private static func names(_ objects: [JSON], _ kind: String) -> [String] {
        objects.filter { $0["kind"]?.string == kind }.compactMap { $0["metadata", "name"]?.string }
    }

    private static func manifests(_ sets: String..., isLegacy: Bool = false) throws -> Manifests {
        try Manifests(try Installation(files: [], sets: sets, isLegacy: isLegacy))
    }

    @Test func `every object has a collection to live in`() throws {
        for object in try Self.manifests("profile=demo", "values.global.mtls.enabled=true").all {
            #expect(ObjectTypes.type(of: object) != nil, "\(object["kind"]?.string ?? "")")
        }
    }

    @Test func `legacy policies come only when they are asked for`() throws {
        #expect(try Self.manifests().policies.isEmpty)
        #expect(try Self.manifests("profile=demo").policies.isEmpty)
        let applied = try Self.manifests(isLegacy: true).policies
        #expect(Self.names(applied, "MeshPolicy") == ["default"])
        #expect(applied.first?["spec"] == ["peers": [["mtls": ["mode": "PERMISSIVE"]]]])
    }

    @Test func `the demo profile of Istio 1.4 has its dashboard's policy and Mixer's rules`() throws {
        let policies = try Self.manifests(
            "profile=demo",
            "values.global.mtls.auto=true",
            "values.global.mtls.enabled=false"
        ).policies
        #expect(Self.names(policies, "Policy") == ["grafana-ports-mtls-disabled"])
        let hosts = policies.filter { $0["kind"] == "DestinationRule" }.compactMap { $0["spec", "host"]?.string }
        #expect(
            hosts == [
                "istio-policy.istio-system.svc.cluster.local", "istio-telemetry.istio-system.svc.cluster.local",
            ]
        )
    }

    @Test func `requiring mutual TLS brings rules for clients`() throws {
        let policies = try Self.manifests("values.global.mtls.enabled=true").policies
        #expect(policies.first?["spec"] == ["peers": [["mtls": [:]]]])
        #expect(Self.names(policies, "DestinationRule") == ["default", "api-server"])
    }

    struct WebhookCase: Sendable, CustomTestStringConvertible {
        var namespace: [String: String]
        var pod: [String: String]
        var isCalled: Bool
        var testDescription: String { "namespace \(namespace) pod \(pod)" }
    }

    static let webhookCases: [WebhookCase] = [
        .init(namespace: ["istio-injection": "enabled"], pod: [:], isCalled: true),
        .init(namespace: ["istio-injection": "enabled"], pod: ["sidecar.istio.io/inject": "false"], isCalled: false),
        .init(namespace: ["istio-injection": "enabled", "istio.io/rev": "x"], pod: [:], isCalled: true),
        .init(namespace: ["istio-injection": "disabled"], pod: ["sidecar.istio.io/inject": "true"], isCalled: false),
        .init(namespace: ["istio-injection": "disabled"], pod: ["istio.io/rev": "default"], isCalled: false),
        .init(namespace: ["istio.io/rev": "default"], pod: [:], isCalled: true),
        .init(namespace: ["istio.io/rev": "default"], pod: ["sidecar.istio.io/inject": "false"], isCalled: false),
        .init(namespace: ["istio.io/rev": "canary"], pod: [:], isCalled: false),
        .init(namespace: [:], pod: ["sidecar.istio.io/inject": "true"], isCalled: true),
        .init(namespace: [:], pod: ["istio.io/rev": "default"], isCalled: true),
        .init(namespace: [:], pod: ["istio.io/rev": "canary", "sidecar.istio.io/inject": "true"], isCalled: false),
        .init(namespace: [:], pod: [:], isCalled: false),
    ]

    @Test(arguments: webhookCases) func `the API server asks about a pod`(_ example: WebhookCase) throws {
        let configuration = try Self.manifests().all.first { $0["kind"] == "MutatingWebhookConfiguration" }
        let called = (configuration?["webhooks"]?.array ?? []).filter { webhook in
            Self.matches(webhook["namespaceSelector"], example.namespace)
                && Self.matches(webhook["objectSelector"], example.pod)
        }
        #expect(called.count == (example.isCalled ? 1 : 0))
    }

    private static func matches(_ selector: JSON?, _ labels: [String: String]) -> Bool {
        (selector?["matchExpressions"]?.array ?? []).allSatisfy { expression in
            let value = labels[expression["key"]?.string ?? ""]
            let values = (expression["values"]?.array ?? []).compactMap(\.string)
            return switch expression["operator"]?.string {
            case "In": value.map(values.contains) ?? false
            case "NotIn": !(value.map(values.contains) ?? false)
            case "Exists": value != nil
            default: value == nil
            }
        }
    }

    @Test func `definitions have one stored version, a schema and AGE as the last column`() {
        for definition in Definition.all {
            let versions = definition.object["spec", "versions"]?.array ?? []
            #expect(versions.filter { $0["storage"] == true }.count == 1)
            for version in versions {
                #expect(version["schema", "openAPIV3Schema", "type"] == "object")
                #expect(version["additionalPrinterColumns"]?.array?.last?["name"] == "Age")
            }
        }
    }

    /// The paths of all fields below a schema, without those that lists and maps add.
    private static func fields(of schema: JSON, at path: [String] = []) -> [(path: [String], schema: JSON)] {
        let elements = ["items", "additionalProperties"].compactMap { schema[$0] }.flatMap { fields(of: $0, at: path) }
        return (schema["properties"]?.object ?? [:]).reduce(into: elements) { result, field in
            result.append((path + [field.key], field.value))
            result += fields(of: field.value, at: path + [field.key])
        }
    }

    @Test(arguments: Definition.all.map(\.kind))
    func `every field is explained, and nothing that is none`(kind: String) throws {
        let definition = try #require(Definition.all.first { $0.kind == kind })
        let version = try #require(definition.object["spec", "versions"]?.array?.first)
        let schema = try #require(version["schema", "openAPIV3Schema"])
        #expect(schema["description"]?.string != nil)
        let fields = Self.fields(of: schema)
        for field in fields { #expect(field.schema["description"]?.string != nil, "\(field.path)") }
        guard let descriptions = definition.descriptions else { return }
        let spec = [[]] + fields.map(\.path).filter { $0.first == "spec" && $0.count > 1 }.map { Array($0.dropFirst()) }
        let used = Set(spec.compactMap { descriptions.entry(for: $0) })
        #expect(Set(descriptions.paths).subtracting(used) == [])
    }

    @Test func `what an earlier installation said does not stay, what the control plane wrote does`() {
        let live: JSON = [
            "data": ["mesh": "old", "gone": "x"], "metadata": ["resourceVersion": "7"],
            "webhooks": [
                ["name": "w", "clientConfig": ["caBundle": "abc"], "failurePolicy": "Fail", "timeoutSeconds": 10]
            ],
        ]
        let wanted: JSON = [
            "data": ["mesh": "new"],
            "webhooks": [["name": "w", "clientConfig": ["service": [:]], "failurePolicy": "Ignore"]],
        ]
        let merged = ObjectUpdate.merge(wanted, into: live)
        #expect(merged["data"] == ["mesh": "new"])
        #expect(merged["metadata", "resourceVersion"] == "7")
        let webhook = merged["webhooks"]?.array?.first
        #expect(webhook?["clientConfig", "caBundle"] == "abc")
        #expect(webhook?["failurePolicy"] == "Fail")
        #expect(webhook?["timeoutSeconds"] == 10)
    }
}
