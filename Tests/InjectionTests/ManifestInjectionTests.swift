import Injection
import JSON
import Testing
import YAML

@Suite struct ManifestInjectionTests {
    private let injection = ManifestInjection(settings: InjectionSettings())

    private func workload(_ kind: String, _ spec: String = "") -> String {
        """
        apiVersion: v1
        kind: \(kind)
        metadata:
          name: w
        spec:
          template:
            metadata:
              labels: {app: w}
            spec:
        \(spec.isEmpty ? "" : spec + "\n")      containers:
              - name: app
        """
    }

    @Test(arguments: [
        "Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "ReplicationController", "Job", "DeploymentConfig",
    ])
    func `a workload's template is injected`(kind: String) throws {
        let output = try YAML.value(String(try injection.inject(workload(kind)).text.dropLast(4)))
        let containers = output["spec", "template", "spec", "initContainers"]?.array
        #expect(containers?.map { $0["name"] } == ["istio-init", "istio-proxy"])
    }

    @Test func `a cron job's and a pod's are found where they are`() throws {
        let text = """
            kind: CronJob
            spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: app}]}}}}}
            ---
            kind: Pod
            spec: {containers: [{name: app}]}
            """
        let objects = try YAML.values(try injection.inject(text).text)
        #expect(objects[0]["spec", "jobTemplate", "spec", "template", "spec", "initContainers"]?.array?.count == 2)
        #expect(objects[1]["spec", "initContainers"]?.array?.count == 2)
    }

    @Test func `every document is followed by a separator and others pass unchanged`() throws {
        let result = try injection.inject("kind: Service\nmetadata:\n  name: a\n---\n\n---\nkind: ConfigMap\n")
        #expect(result.text == "kind: Service\nmetadata:\n  name: a\n---\nkind: ConfigMap\n---\n")
        #expect(result.warnings.isEmpty)
    }

    @Test func `the items of a list are injected`() throws {
        let item = try YAML.value(workload("Deployment"))
        let list: JSON = ["kind": "List", "items": [item, ["kind": "Service"]]]
        let objects = try YAML.values(try injection.inject(list.text()).text)
        #expect(objects[0]["items"]?.array?.first?["spec", "template", "spec", "initContainers"] != nil)
        #expect(objects[0]["items"]?.array?.last == ["kind": "Service"])
    }

    @Test func `what is skipped is said`() throws {
        let result = try injection.inject(workload("Deployment", "      hostNetwork: true"))
        #expect(
            result.warnings == [#"===> Skipping injection because Deployment "w" has host networking enabled"#]
        )
        #expect(!result.text.contains("istio-proxy"))
    }

    @Test func `the namespace of the manifest decides, not the cluster's`() throws {
        let text = "kind: Pod\nmetadata: {name: p, namespace: kube-system}\nspec: {containers: [{name: a}]}\n"
        #expect(try injection.inject(text).warnings.count == 1)
    }

    @Test func `an error names the workload`() throws {
        let text = """
            kind: Pod
            metadata: {name: p, annotations: {status.sidecar.istio.io/port: "x"}}
            spec: {containers: [{name: a}]}
            """
        let error = #expect(throws: (any Error).self) { try injection.inject(text) }
        #expect("\(try #require(error))".contains(#"Pod "p": annotation status.sidecar.istio.io/port"#))
    }

    @Test(arguments: ["a: [", "\t- x", "kind: Deployment\nspec: 7\n", "kind: List\nitems: {}\n", "[]"])
    func `odd input is refused or passed, never a trap`(text: String) {
        _ = try? injection.inject(text)
    }
}
