import Injection
import JSON
import Testing

/// A pod with one container and the given metadata.
func pod(labels: [String: String] = [:], annotations: [String: String] = [:], hostNetwork: Bool = false) -> JSON {
    var pod: JSON = [
        "metadata": ["labels": .strings(labels), "annotations": .strings(annotations)],
        "spec": ["containers": [["name": "app", "image": "app:1"]]],
    ]
    if hostNetwork { pod["spec", "hostNetwork"] = true }
    return pod
}

@Suite struct DecisionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var rule: String
        var pod: JSON
        var namespace: String? = "foo"
        var policy: InjectionSettings.Policy = .enabled
        var never: [JSON] = []
        var always: [JSON] = []
        var skip: SkipReason?
        var warnings = 0
        var testDescription: String { rule }
    }

    private static let key = "sidecar.istio.io/inject"

    static let cases = [
        Case(rule: "a pod that says nothing is injected when the policy is enabled", pod: pod()),
        Case(
            rule: "a pod that says nothing is left when the policy is disabled",
            pod: pod(),
            policy: .disabled,
            skip: .policy
        ),
        Case(
            rule: "host network is never injected",
            pod: pod(labels: [key: "true"], hostNetwork: true),
            skip: .hostNetwork
        ),
        Case(
            rule: "kube-system is never injected",
            pod: pod(labels: [key: "true"]),
            namespace: "kube-system",
            skip: .ignoredNamespace("kube-system")
        ),
        Case(
            rule: "local-path-storage is never injected",
            pod: pod(),
            namespace: "local-path-storage",
            skip: .ignoredNamespace("local-path-storage")
        ),
        Case(rule: "the label can refuse", pod: pod(labels: [key: "false"]), skip: .refused),
        Case(rule: "the annotation can refuse", pod: pod(annotations: [key: "false"]), skip: .refused),
        Case(rule: "the label wins over the annotation", pod: pod(labels: [key: "true"], annotations: [key: "false"])),
        Case(
            rule: "the label can ask though the policy is disabled",
            pod: pod(labels: [key: "true"]),
            policy: .disabled
        ),
        Case(rule: "another word is warned about and means nothing", pod: pod(labels: [key: "yes"]), warnings: 1),
        Case(
            rule: "another word leaves it to the policy",
            pod: pod(labels: [key: "True"]),
            policy: .disabled,
            skip: .policy,
            warnings: 1
        ),
        Case(
            rule: "neverInjectSelector refuses",
            pod: pod(labels: ["job": "x"]),
            never: [["matchExpressions": [["key": "job", "operator": "Exists"]]]],
            skip: .neverSelected
        ),
        Case(
            rule: "neverInjectSelector gives way to the pod's own wish",
            pod: pod(labels: ["job": "x", key: "true"]),
            never: [["matchLabels": ["job": "x"]]]
        ),
        Case(
            rule: "neverInjectSelector comes before alwaysInjectSelector",
            pod: pod(labels: ["job": "x"]),
            never: [["matchLabels": ["job": "x"]]],
            always: [["matchLabels": ["job": "x"]]],
            skip: .neverSelected
        ),
        Case(
            rule: "alwaysInjectSelector asks",
            pod: pod(labels: ["job": "x"]),
            policy: .disabled,
            always: [["matchExpressions": [["key": "job", "operator": "In", "values": ["x", "y"]]]]]
        ),
        Case(
            rule: "an empty selector selects nothing",
            pod: pod(),
            policy: .disabled,
            always: [[:]],
            skip: .policy
        ),
    ]

    @Test(arguments: cases) func `decides`(_ example: Case) throws {
        var settings = InjectionSettings()
        settings.policy = example.policy
        settings.neverInjectSelector = example.never
        settings.alwaysInjectSelector = example.always
        let result = try Injector(settings: settings).inject(example.pod, namespace: example.namespace)
        switch result.outcome {
        case .injected: #expect(example.skip == nil)
        case .skipped(let reason): #expect(reason == example.skip)
        }
        #expect(result.warnings.count == example.warnings)
    }
}

@Suite struct AnnotationTests {
    @Test(arguments: [
        ("sidecar.istio.io/inject", "yes"), ("sidecar.istio.io/interceptionMode", "redirect"),
        ("traffic.sidecar.istio.io/includeOutboundIPRanges", "10.0.0.0"),
        ("traffic.sidecar.istio.io/includeOutboundIPRanges", "10.0.0.0/33"),
        ("traffic.sidecar.istio.io/excludeOutboundIPRanges", "*"),
        ("traffic.sidecar.istio.io/excludeInboundPorts", "*"), ("traffic.sidecar.istio.io/excludeInboundPorts", "80,x"),
        ("traffic.sidecar.istio.io/includeInboundPorts", "65536"), ("status.sidecar.istio.io/port", "-1"),
        ("readiness.status.sidecar.istio.io/periodSeconds", "1.5"), ("sidecar.istio.io/proxyCPU", "many"),
        ("sidecar.istio.io/proxyMemoryLimit", "1Qi"), ("proxy.istio.io/config", "a: b: c"),
        ("proxy.istio.io/config", "- a"), ("prometheus.istio.io/merge-metrics", ""), ("inject.istio.io/templates", "x"),
        ("sidecar.istio.io/nativeSidecar", "1"), ("sidecar.istio.io/logLevel", "loud"),
        ("sidecar.istio.io/interceptionMode", "TPROXY"),
    ])
    func `refuses a value that means nothing`(annotation: String, value: String) throws {
        #expect(AnnotationRules.problem(annotation, value) != nil)
        guard annotation != "sidecar.istio.io/inject" else { return }  // The decision warns and goes on.
        #expect(throws: (any Error).self) {
            try Injector(settings: InjectionSettings()).inject(pod(annotations: [annotation: value]), namespace: "foo")
        }
    }

    @Test(arguments: [
        ("sidecar.istio.io/inject", "true"), ("sidecar.istio.io/interceptionMode", "NONE"),
        ("traffic.sidecar.istio.io/includeOutboundIPRanges", "*"),
        ("traffic.sidecar.istio.io/includeOutboundIPRanges", "10.0.0.0/8, fd00::/8"),
        ("traffic.sidecar.istio.io/excludeOutboundIPRanges", ""),
        ("traffic.sidecar.istio.io/includeInboundPorts", "*"), ("traffic.sidecar.istio.io/includeInboundPorts", ""),
        ("traffic.sidecar.istio.io/excludeOutboundPorts", "80, 443"), ("status.sidecar.istio.io/port", "0"),
        ("sidecar.istio.io/proxyCPU", "100m"), ("sidecar.istio.io/proxyMemory", "1.5Gi"),
        ("sidecar.istio.io/proxyMemory", "1e9"), ("proxy.istio.io/config", "concurrency: 2"),
        ("unknown.istio.io/thing", "whatever"),
    ])
    func `accepts a value that means something`(annotation: String, value: String) throws {
        #expect(AnnotationRules.problem(annotation, value) == nil)
    }
}
