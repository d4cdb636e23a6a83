import Base
import JSON
import Kubernetes
import Testing

@testable import LabNode

private let now = Timestamp(seconds: 1_000_000)

private func pod(_ name: String, isReady: Bool = true, phase: String = "Running", more: JSON = [:]) -> JSON {
    var pod = more
    pod["metadata", "name"] = .string(name)
    pod["metadata", "namespace"] = "n"
    pod["status", "phase"] = .string(phase)
    pod["status", "conditions"] = [
        ["type": "Ready", "status": isReady ? "True" : "False", "lastTransitionTime": .string("\(now)")]
    ]
    return pod
}

@Suite struct SchedulerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let pod: JSON
        let node: JSON
        let obstacle: String?
        var testDescription: String { "\(pod.text()) on \(node.text())" }
    }

    @Test(arguments: [
        Case(pod: [:], node: [:], obstacle: nil),
        Case(pod: [:], node: ["unschedulable": true], obstacle: "node(s) were unschedulable"),
        Case(
            pod: ["nodeSelector": ["a": "b"]],
            node: [:],
            obstacle: "node(s) didn't match Pod's node affinity/selector"
        ),
        Case(
            pod: [:],
            node: ["taints": [["key": "a", "value": "b", "effect": "NoSchedule"]]],
            obstacle: "node(s) had untolerated taint {a: b}"
        ),
        Case(pod: [:], node: ["taints": [["key": "a", "effect": "PreferNoSchedule"]]], obstacle: nil),
        Case(
            pod: ["tolerations": [["key": "a", "operator": "Exists"]]],
            node: ["taints": [["key": "a", "value": "b", "effect": "NoSchedule"]]],
            obstacle: nil
        ),
        Case(
            pod: ["tolerations": [["key": "a", "value": "c"]]],
            node: ["taints": [["key": "a", "value": "b", "effect": "NoExecute"]]],
            obstacle: "node(s) had untolerated taint {a: b}"
        ),
    ])
    func `a pod goes to a node that suits it, or hears why not`(_ given: Case) {
        let found = Scheduler.obstacle(["spec": given.pod], ["metadata": ["name": "n"], "spec": given.node])
        let noHelp = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
        #expect(found == given.obstacle.map { "0/1 nodes are available: 1 \($0). \(noHelp)" })
    }
}

@Suite struct ReplicaSetPlanTests {
    private func set(_ replicas: Int64, more: JSON = [:]) -> JSON {
        var set: JSON = ["metadata": ["name": "s", "uid": "u", "generation": 3], "spec": more]
        set["spec", "replicas"] = .int(replicas)
        return set
    }

    @Test func `makes what is missing, and not in place of what is going`() {
        let going = pod("b", more: ["metadata": ["deletionTimestamp": "2026-01-01T00:00:00Z"]])
        let plan = ReplicaSetController.plan(set(3), pods: [pod("a"), going, pod("c", phase: "Failed")], now: now)
        #expect(plan.creations == 2)
        #expect(plan.status["readyReplicas"] == 1)
        #expect(plan.status["observedGeneration"] == 3)
    }

    @Test func `takes away first what is of no use`() {
        let pods = [
            pod("a", more: ["spec": ["nodeName": "x"]]), pod("b", isReady: false, more: ["spec": ["nodeName": "x"]]),
        ]
        #expect(ReplicaSetController.plan(set(1), pods: pods, now: now).deletions == ["b"])
    }

    @Test func `a pod counts as available some time after it is ready`() {
        let plan = ReplicaSetController.plan(set(1, more: ["minReadySeconds": 5]), pods: [pod("a")], now: now)
        #expect(plan.status["availableReplicas"] == nil)
        #expect(plan.nextLook == .seconds(5))
    }
}

@Suite struct DeploymentPlanTests {
    private func deployment(_ replicas: Int64, image: String = "v1", more: JSON = [:]) -> JSON {
        var spec = more
        spec["replicas"] = .int(replicas)
        spec["selector"] = ["matchLabels": ["app": "a"]]
        spec["template"] = [
            "metadata": ["labels": ["app": "a"]], "spec": ["containers": [["name": "c", "image": .string(image)]]],
        ]
        return [
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": ["name": "d", "namespace": "n", "uid": "u", "generation": 1], "spec": spec,
        ]
    }

    /// The ReplicaSet that a plan creates, as if its pods were there.
    private func grown(_ set: JSON, replicas: Int64, available: Int64) -> JSON {
        var set = set
        set["metadata", "uid"] = .string(set.metadata.name)
        set["spec", "replicas"] = .int(replicas)
        set["status"] = [
            "replicas": .int(replicas), "availableReplicas": .int(available), "readyReplicas": .int(available),
        ]
        return set
    }

    @Test func `the first ReplicaSet carries hash, revision and all replicas`() throws {
        let plan = DeploymentPlan(deployment(2), replicaSets: [], now: now)
        let set = try #require(plan.creation)
        #expect(set["spec", "replicas"] == 2)
        #expect(set.metadata.annotations[DeploymentPlan.revisionKey] == "1")
        let hash = try #require(set.metadata.labels["pod-template-hash"])
        #expect(set.metadata.name == "d-\(hash)")
        #expect(set["spec", "selector", "matchLabels", "pod-template-hash"] == .string(hash))
        let again = DeploymentPlan(deployment(2), replicaSets: [grown(set, replicas: 2, available: 2)], now: now)
        #expect(again.creation == nil)
        #expect(again.scalings == [])
        #expect(again.status["conditions"]?.array?.last?["reason"] == "NewReplicaSetAvailable")
    }

    @Test func `a rollout keeps within surge and unavailability at every step`() throws {
        let first = try #require(DeploymentPlan(deployment(4), replicaSets: [], now: now).creation)
        var old = grown(first, replicas: 4, available: 4)
        let target = deployment(4, image: "v2")
        var new = grown(
            try #require(DeploymentPlan(target, replicaSets: [old], now: now).creation),
            replicas: 0,
            available: 0
        )
        new["metadata", "annotations"] = [DeploymentPlan.revisionKey: "2"]
        for _ in 0..<20 {
            let plan = DeploymentPlan(target, replicaSets: [old, new], now: now)
            if plan.scalings.isEmpty { break }
            for scaling in plan.scalings {
                if scaling.name == old.metadata.name {
                    old = grown(old, replicas: scaling.to, available: scaling.to)
                } else {
                    new = grown(new, replicas: scaling.to, available: scaling.to)
                }
            }
            let total = old.number("spec", "replicas", default: 0) + new.number("spec", "replicas", default: 0)
            #expect((3...5).contains(total))
        }
        #expect(old["spec", "replicas"] == 0)
        #expect(new["spec", "replicas"] == 4)
    }

    @Test func `going back to an old template makes its ReplicaSet the newest`() throws {
        var first = grown(
            try #require(DeploymentPlan(deployment(1), replicaSets: [], now: now).creation),
            replicas: 0,
            available: 0
        )
        first["metadata", "annotations"] = [DeploymentPlan.revisionKey: "1"]
        var second = grown(
            try #require(DeploymentPlan(deployment(1, image: "v2"), replicaSets: [first], now: now).creation),
            replicas: 1,
            available: 1
        )
        second["metadata", "annotations"] = [DeploymentPlan.revisionKey: "2"]
        let plan = DeploymentPlan(deployment(1), replicaSets: [first, second], now: now)
        #expect(plan.current == first.metadata.name)
        #expect(plan.revision == 3)
    }

    @Test func `Recreate ends the old pods before it starts new ones`() throws {
        let strategy: JSON = ["strategy": ["type": "Recreate"]]
        let first = try #require(DeploymentPlan(deployment(2, more: strategy), replicaSets: [], now: now).creation)
        let old = grown(first, replicas: 2, available: 2)
        let target = deployment(2, image: "v2", more: strategy)
        let creation = try #require(DeploymentPlan(target, replicaSets: [old], now: now).creation)
        #expect(creation["spec", "replicas"] == 0)
        let plan = DeploymentPlan(target, replicaSets: [old, grown(creation, replicas: 0, available: 0)], now: now)
        #expect(plan.scalings == [.init(name: old.metadata.name, from: 2, to: 0)])
    }

    @Test func `no progress for too long is told`() throws {
        let first = try #require(DeploymentPlan(deployment(1), replicaSets: [], now: now).creation)
        let set = grown(first, replicas: 1, available: 0)
        var deployment = deployment(1)
        deployment["status"] = DeploymentPlan(deployment, replicaSets: [set], now: now).status
        let later = DeploymentPlan(deployment, replicaSets: [set], now: now + .seconds(601))
        #expect(later.status["conditions"]?.array?.last?["reason"] == "ProgressDeadlineExceeded")
        let sooner = DeploymentPlan(deployment, replicaSets: [set], now: now + .seconds(5))
        #expect(sooner.status == deployment["status"])
    }
}

@Suite struct JobPlanTests {
    private func job(_ spec: JSON, status: JSON = [:]) -> JSON {
        ["metadata": ["name": "j", "uid": "u"], "spec": spec, "status": status]
    }

    @Test func `starts as many pods as may run, and no more than are needed`() {
        #expect(JobPlan(job(["completions": 1, "parallelism": 1]), pods: [], now: now).creations == 1)
        let pods = [pod("a", phase: "Succeeded"), pod("b", phase: "Succeeded")]
        #expect(JobPlan(job(["completions": 3, "parallelism": 2]), pods: pods, now: now).creations == 1)
    }

    @Test func `is complete with its completions`() {
        let plan = JobPlan(job(["completions": 1]), pods: [pod("a", phase: "Succeeded")], now: now)
        #expect(plan.newCondition == "Complete")
        #expect(plan.status["succeeded"] == 1)
        #expect(plan.status["completionTime"] == .string("\(now)"))
    }

    @Test func `waits after a failure, and fails after too many`() {
        let failed = pod("a", phase: "Failed", more: ["metadata": ["creationTimestamp": .string("\(now)")]])
        let plan = JobPlan(job(["completions": 1]), pods: [failed], now: now)
        #expect(plan.creations == 0)
        #expect(plan.nextLook == .seconds(10))
        #expect(JobPlan(job(["completions": 1]), pods: [failed], now: now + .seconds(10)).creations == 1)
        let last = JobPlan(job(["completions": 1, "backoffLimit": 0]), pods: [failed], now: now)
        #expect(last.newCondition == "Failed")
    }

    @Test func `goes when its time after the end is over`() {
        let end: JSON = [
            "conditions": [["type": "Complete", "status": "True", "lastTransitionTime": .string("\(now)")]]
        ]
        let spec: JSON = ["ttlSecondsAfterFinished": 10]
        #expect(JobPlan(job(spec, status: end), pods: [], now: now).nextLook == .seconds(10))
        #expect(JobPlan(job(spec, status: end), pods: [], now: now + .seconds(10)).isExpired)
    }
}

@Suite struct EndpointsPlanTests {
    @Test func `groups pods by their ports and tells the ready ones from the others`() {
        let service: JSON = [
            "metadata": ["name": "s", "namespace": "n", "uid": "u"],
            "spec": ["selector": ["app": "a"], "ports": [["name": "http", "port": 80, "targetPort": "web"]]],
        ]
        func member(_ name: String, _ ip: String, port: Int64, isReady: Bool, label: String = "a") -> JSON {
            var json = pod(name, isReady: isReady)
            json["metadata", "labels"] = ["app": .string(label)]
            json["status", "podIP"] = .string(ip)
            json["spec", "containers"] = [["name": "c", "ports": [["name": "web", "containerPort": .int(port)]]]]
            return json
        }
        let plan = EndpointsPlan(
            service,
            pods: [
                member("a", "10.0.0.1", port: 8080, isReady: true), member("b", "10.0.0.2", port: 8080, isReady: false),
                member("c", "10.0.0.3", port: 9090, isReady: true),
                member("d", "10.0.0.4", port: 8080, isReady: true, label: "other"),
            ]
        )
        #expect(plan.slices.count == 2)
        let subsets = plan.endpoints["subsets"]?.array ?? []
        #expect(subsets.count == 2)
        let first = subsets.first { $0["ports"]?.array?.first?["port"] == 8080 }
        #expect(first?["addresses"]?.array?.compactMap { $0["ip"]?.string } == ["10.0.0.1"])
        #expect(first?["notReadyAddresses"]?.array?.compactMap { $0["ip"]?.string } == ["10.0.0.2"])
    }
}

@Suite struct OwnershipGraphTests {
    private func object(_ uid: String, owners: [String] = [], finalizers: [String] = [], isGoing: Bool = false) -> JSON
    {
        var metadata: JSON = [
            "name": .string(uid), "namespace": "n", "uid": .string(uid), "finalizers": .strings(finalizers),
            "ownerReferences": .array(owners.map { ["kind": "Pod", "name": .string($0), "uid": .string($0)] }),
        ]
        if isGoing { metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z" }
        return ["metadata": metadata]
    }

    private func change(_ before: JSON?, _ after: JSON?) -> ObjectChange {
        let key = (after ?? before)?.metadata.key ?? ObjectKey(name: "")
        return ObjectChange(type: .pods, key: key, before: before, after: after)
    }

    @Test func `what an object owns goes after it`() {
        var graph = OwnershipGraph()
        let (owner, owned) = (object("owner"), object("owned", owners: ["owner"]))
        #expect(graph.apply(change(nil, owner)) == [])
        #expect(graph.apply(change(nil, owned)) == [])
        #expect(graph.apply(change(owner, nil)) == [.delete(.init(type: .pods, owned))])
    }

    @Test func `another owner keeps it`() {
        var graph = OwnershipGraph()
        let owned = object("owned", owners: ["a", "b"])
        for object in [object("a"), object("b"), owned] { _ = graph.apply(change(nil, object)) }
        #expect(graph.apply(change(object("a"), nil)) == [.release(.init(type: .pods, owned), ownerUID: "a")])
    }

    @Test func `an owner that nobody has seen is asked for`() {
        var graph = OwnershipGraph()
        let owned = object("owned", owners: ["unknown"])
        #expect(graph.apply(change(nil, owned)) == [.verifyOwners(.init(type: .pods, owned))])
    }

    @Test func `a foreground deletion takes what is owned first, an orphaning one lets it go`() {
        var graph = OwnershipGraph()
        let owned = object("owned", owners: ["owner"])
        _ = graph.apply(change(nil, object("owner")))
        _ = graph.apply(change(nil, owned))
        let going = object("owner", finalizers: ["foregroundDeletion"], isGoing: true)
        #expect(graph.apply(change(object("owner"), going)) == [.delete(.init(type: .pods, owned))])
        #expect(graph.apply(change(owned, nil)) == [.removeFinalizer(.init(type: .pods, going), "foregroundDeletion")])
        var other = OwnershipGraph()
        _ = other.apply(change(nil, owned))
        let orphaning = object("owner", finalizers: ["orphan"], isGoing: true)
        #expect(
            other.apply(change(nil, orphaning)) == [
                .release(.init(type: .pods, owned), ownerUID: "owner"),
                .removeFinalizer(.init(type: .pods, orphaning), "orphan"),
            ]
        )
    }
}
