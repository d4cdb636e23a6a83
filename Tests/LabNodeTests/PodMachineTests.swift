import Base
import JSON
import Testing

@testable import LabNode

@Suite struct PodMachineTests {
    private let start = Timestamp(seconds: 1_000_000)
    private let ip = IPAddress(10, 244, 0, 2)

    private func machine(
        _ containers: [String],
        initContainers: [JSON] = [],
        policy: String = "Always",
        more: JSON = [:]
    ) -> PodMachine {
        var spec = more
        spec["restartPolicy"] = .string(policy)
        spec["containers"] = .array(containers.map { ["name": .string($0), "image": "i", "command": ["c"]] })
        spec["initContainers"] = .array(initContainers)
        return PodMachine(
            PodSpecification(["metadata": ["name": "p", "namespace": "n", "uid": "u"], "spec": spec]),
            startTime: start
        )
    }

    private func ready(_ machine: inout PodMachine, at now: Timestamp) -> [PodAction] {
        #expect(machine.actions(at: now) == [.prepareSandbox])
        #expect(machine.actions(at: now) == [])
        machine.apply(.sandboxReady(ip), at: now)
        return machine.actions(at: now)
    }

    /// The container has started and done its postStart.
    private func run(_ name: String, _ machine: inout PodMachine, at now: Timestamp) -> [PodAction] {
        machine.apply(.containerStarted(name, identifier: "id-\(name)", at: now), at: now)
        machine.apply(.postStartFinished(name, failure: nil), at: now)
        return machine.actions(at: now)
    }

    private func end(_ name: String, _ code: Int, _ machine: inout PodMachine, at now: Timestamp) -> [PodAction] {
        machine.apply(
            .containerEnded(
                name,
                .init(
                    exitCode: code,
                    reason: code == 0 ? "Completed" : "Error",
                    startedAt: now + .seconds(-1),
                    finishedAt: now,
                    identifier: "id"
                )
            ),
            at: now
        )
        return machine.actions(at: now)
    }

    private func phase(_ machine: PodMachine) -> String {
        PodStatus(machine: machine, hostIP: ip, previous: .null, now: start).phase
    }

    @Test func `containers start one after the other's postStart, and make the pod ready`() {
        var machine = machine(["a", "b"])
        #expect(ready(&machine, at: start) == [.start("a", attempt: 0)])
        machine.apply(.containerStarted("a", identifier: "x", at: start), at: start)
        #expect(machine.actions(at: start) == [])
        machine.apply(.postStartFinished("a", failure: nil), at: start)
        #expect(machine.actions(at: start) == [.start("b", attempt: 0)])
        #expect(phase(machine) == "Pending")
        #expect(run("b", &machine, at: start) == [])
        let status = PodStatus(machine: machine, hostIP: ip, previous: .null, now: start).json
        #expect(status["phase"] == "Running")
        #expect(PodTemplate.isReady(["status": status]))
    }

    @Test func `init containers run one by one before the others`() {
        var machine = machine(["app"], initContainers: [["name": "one"], ["name": "two"]], policy: "Never")
        #expect(ready(&machine, at: start) == [.start("one", attempt: 0)])
        #expect(run("one", &machine, at: start) == [])
        #expect(end("one", 0, &machine, at: start) == [.start("two", attempt: 0)])
        _ = run("two", &machine, at: start)
        #expect(end("two", 1, &machine, at: start) == [.removeSandbox])
        #expect(phase(machine) == "Failed")
    }

    @Test func `a sidecar is waited for, kept, and ended last`() {
        let sidecar: JSON = ["name": "proxy", "restartPolicy": "Always", "startupProbe": ["tcpSocket": ["port": 1]]]
        var machine = machine(["app"], initContainers: [sidecar, ["name": "setup"]], policy: "Never")
        #expect(ready(&machine, at: start) == [.start("proxy", attempt: 0)])
        #expect(run("proxy", &machine, at: start) == [])
        machine.apply(.probeSucceeded("proxy", .startup), at: start)
        #expect(machine.actions(at: start) == [.start("setup", attempt: 0)])
        _ = run("setup", &machine, at: start)
        #expect(end("setup", 0, &machine, at: start) == [.start("app", attempt: 0)])
        _ = run("app", &machine, at: start)
        #expect(end("proxy", 1, &machine, at: start) == [.start("proxy", attempt: 1)], "it is kept running")
        _ = run("proxy", &machine, at: start)
        let actions = end("app", 0, &machine, at: start)
        #expect(actions == [.stop("proxy", gracePeriod: 30, why: "Stopping container proxy")])
        #expect(phase(machine) == "Running")
        #expect(end("proxy", 143, &machine, at: start) == [.removeSandbox])
        #expect(phase(machine) == "Succeeded", "a sidecar's exit code does not count")
    }

    @Test func `restarts wait longer each time, up to five minutes, and ten good minutes forget them`() {
        var machine = machine(["app"])
        _ = ready(&machine, at: start)
        _ = run("app", &machine, at: start)
        var now = start
        #expect(end("app", 1, &machine, at: now) == [.start("app", attempt: 1)])
        for (attempt, wait) in [10, 20, 40, 80, 160, 300, 300].enumerated() {
            _ = run("app", &machine, at: now)
            #expect(end("app", 1, &machine, at: now) == [])
            #expect(machine.wakeTime(after: now) == now + .seconds(Int64(wait)))
            now = now + .seconds(Int64(wait) - 1)
            #expect(machine.actions(at: now) == [])
            now = now + .seconds(1)
            #expect(machine.actions(at: now) == [.start("app", attempt: attempt + 2)])
        }
        _ = run("app", &machine, at: now)
        machine.apply(
            .containerEnded(
                "app",
                .init(exitCode: 1, reason: "Error", startedAt: now, finishedAt: now + .seconds(601), identifier: "")
            ),
            at: now
        )
        #expect(machine.actions(at: now + .seconds(601)) == [.start("app", attempt: 9)])
    }

    @Test(arguments: [("OnFailure", 0, true), ("OnFailure", 1, false), ("Never", 1, true), ("Always", 0, false)])
    func `the restart policy says whether an end is final`(policy: String, code: Int, isFinal: Bool) {
        var machine = machine(["app"], policy: policy)
        _ = ready(&machine, at: start)
        _ = run("app", &machine, at: start)
        let actions = end("app", code, &machine, at: start)
        #expect(actions == (isFinal ? [.removeSandbox] : [.start("app", attempt: 1)]))
    }

    @Test func `deletion ends containers, then the sandbox, then tells the API server once`() {
        var machine = machine(["app"])
        _ = ready(&machine, at: start)
        _ = run("app", &machine, at: start)
        machine.apply(.updated(machine.pod, isBeingDeleted: true, gracePeriod: 7), at: start)
        #expect(machine.actions(at: start) == [.stop("app", gracePeriod: 7, why: "Stopping container app")])
        #expect(machine.actions(at: start) == [])
        #expect(end("app", 0, &machine, at: start) == [.removeSandbox])
        machine.apply(.sandboxRemoved, at: start)
        #expect(machine.actions(at: start) == [.confirmDeletion])
        #expect(machine.actions(at: start) == [])
    }

    @Test func `a pod deleted while its sandbox is made waits for it`() {
        var machine = machine(["app"])
        #expect(machine.actions(at: start) == [.prepareSandbox])
        machine.apply(.updated(machine.pod, isBeingDeleted: true, gracePeriod: 0), at: start)
        #expect(machine.actions(at: start) == [])
        machine.apply(.sandboxReady(ip), at: start)
        #expect(machine.actions(at: start) == [.removeSandbox])
    }

    @Test func `a failed sandbox is tried again`() {
        var machine = machine(["app"])
        _ = machine.actions(at: start)
        machine.apply(.sandboxFailed("no"), at: start)
        #expect(machine.actions(at: start) == [])
        #expect(machine.actions(at: start + .seconds(2)) == [.prepareSandbox])
    }

    @Test func `the deadline of a pod fails it`() {
        var machine = machine(["app"], policy: "Never", more: ["activeDeadlineSeconds": 5])
        _ = ready(&machine, at: start)
        _ = run("app", &machine, at: start)
        #expect(machine.wakeTime(after: start) == start + .seconds(5))
        #expect(machine.actions(at: start + .seconds(5)).count == 1)
        #expect(machine.end?.reason == "DeadlineExceeded")
    }

    @Test func `after a restart of the node's program a pod is set up anew and counts it`() {
        let status: JSON = [
            "phase": "Running",
            "containerStatuses": [
                ["name": "app", "restartCount": 2, "state": ["running": ["startedAt": "2026-01-01T00:00:00Z"]]]
            ],
        ]
        let pod: JSON = [
            "metadata": ["name": "p"], "spec": ["containers": [["name": "app", "command": ["c"]]]], "status": status,
        ]
        var machine = PodRecovery.machine(for: pod, now: start)
        #expect(ready(&machine, at: start) == [.start("app", attempt: 3)])
        #expect(machine.containers["app"]?.lastTermination?.reason == "ContainerStatusUnknown")
    }
}

@Suite struct ProbeCounterTests {
    @Test func `a verdict takes as many results in a row as its threshold says`() {
        var counter = ProbeCounter(successThreshold: 2, failureThreshold: 3)
        #expect(counter.add(isSuccess: true) == nil)
        #expect(counter.add(isSuccess: true) == true)
        #expect(counter.add(isSuccess: true) == nil, "no news")
        #expect(counter.add(isSuccess: false) == nil)
        #expect(counter.add(isSuccess: true) == nil)
        for _ in 0..<2 { #expect(counter.add(isSuccess: false) == nil) }
        #expect(counter.add(isSuccess: false) == false)
    }
}
