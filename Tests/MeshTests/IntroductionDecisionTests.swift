import Mesh
import MeshAPI
import TestMesh
import Testing

/// Which endpoints are told who the client is (DestinationRule `proxyProtocol`).
@Suite struct IntroductionDecisionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let rule: String
        /// Of the rule for the service; nil for no rule.
        let policy: String?
        /// Of the subset `v1`.
        var subset = ""
        /// Of the service, and of the subset.
        let told: [ProxyProtocolVersion?]
        var testDescription: String { rule }
    }

    static let cases = [
        Case(rule: "no rule", policy: nil, told: [nil, nil]),
        Case(rule: "nothing about it", policy: "{tls: {mode: DISABLE}}", told: [nil, nil]),
        Case(rule: "version 1", policy: "{proxyProtocol: {version: V1}}", told: [.version1, .version1]),
        Case(rule: "version 2", policy: "{proxyProtocol: {version: V2}}", told: [.version2, .version2]),
        Case(rule: "no version", policy: "{proxyProtocol: {}}", told: [.version1, .version1]),
        Case(
            rule: "the subset's own",
            policy: "{proxyProtocol: {version: V2}}",
            subset: "{proxyProtocol: {version: V1}}",
            told: [.version2, .version1]
        ),
        Case(
            rule: "the subset's other fields leave it",
            policy: "{proxyProtocol: {version: V2}}",
            subset: "{tls: {mode: DISABLE}}",
            told: [.version2, .version2]
        ),
        Case(
            rule: "a subset alone",
            policy: "{tls: {mode: DISABLE}}",
            subset: "{proxyProtocol: {version: V2}}",
            told: [nil, .version2]
        ),
        Case(
            rule: "a port level leaves it",
            policy: "{proxyProtocol: {version: V2}, portLevelSettings: [{port: {number: 80}, tls: {mode: DISABLE}}]}",
            told: [.version2, .version2]
        ),
    ]

    @Test(arguments: cases) func `the rule and its subset decide`(example: Case) throws {
        var mesh = MeshFixture()
        mesh.pod("foo", "web")
        try mesh.service("foo", "web", ports: "[{name: http, port: 80}]")
        if let policy = example.policy {
            let own = example.subset.isEmpty ? "" : ", trafficPolicy: \(example.subset)"
            let spec = "{host: web, trafficPolicy: \(policy), subsets: [{name: v1\(own)}]}"
            try mesh.add(destinationRule("foo", "web", spec))
        }
        let found = ["", example.policy == nil ? "" : "v1"].map { subset in
            let name = DestinationName(host: "web.foo.svc.cluster.local", port: 80, subset: subset)
            return mesh.model.destination(name, for: Client(namespace: "bar"))?.proxyProtocol
        }
        #expect(found == example.told)
    }
}
