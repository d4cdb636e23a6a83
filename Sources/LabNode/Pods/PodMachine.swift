internal import Base
internal import JSON

/// What happened to a pod.
enum PodEvent: Sendable {
    /// The API server has a new version of the pod.
    case updated(PodSpecification, isBeingDeleted: Bool, gracePeriod: Int?)
    case sandboxReady(IPAddress)
    case sandboxFailed(String)
    case sandboxRemoved
    case containerStarted(String, identifier: String, at: Timestamp)
    /// The container cannot be made now; it is tried again soon when `mayRetry`.
    case containerRefused(String, reason: String, message: String, mayRetry: Bool)
    case containerEnded(String, ContainerRecord.Termination)
    /// postStart is over, or there is none.
    case postStartFinished(String, failure: String?)
    case probeSucceeded(String, ProbeKind)
    case probeFailed(String, ProbeKind)
    /// Time has passed.
    case woken
}

enum ProbeKind: String, Sendable, Hashable { case startup = "Startup", readiness = "Readiness", liveness = "Liveness" }

/// What is to be done for a pod next.
enum PodAction: Sendable, Hashable {
    case prepareSandbox
    case start(String, attempt: Int)
    /// Runs preStop, sends SIGTERM, and SIGKILL when the grace period is over.
    case stop(String, gracePeriod: Int, why: String)
    case removeSandbox
    /// Nothing is left of the pod on this node: the API server may forget it.
    case confirmDeletion
}

/// Decides what to do for a pod; does no I/O and reads no clock.
///
/// Follows the kubelet: init containers one by one, sidecars started in their order and kept running, then the
/// containers; in the end the containers first, and the sidecars in reverse.
struct PodMachine: Sendable {
    enum Sandbox: Sendable, Hashable {
        case none
        case preparing
        case ready(IPAddress)
        case failed(String, retryAt: Timestamp)
        case removing
        case removed
    }

    private(set) var pod: PodSpecification
    private(set) var containers: [String: ContainerRecord] = [:]
    private(set) var sandbox = Sandbox.none
    private(set) var podIP: IPAddress?
    /// All init containers have done their part; they are not looked at again.
    private(set) var hasInitialized = false
    private(set) var isBeingDeleted = false
    /// The pod has come to its end: no container will be started any more.
    private(set) var end: End?
    let startTime: Timestamp
    private var stopDeadline: Timestamp?
    private var gracePeriod: Int?
    private var hasConfirmed = false

    /// How a pod ended (`status.phase`, `reason` and `message`).
    struct End: Sendable, Hashable {
        var hasSucceeded: Bool
        var reason = ""
        var message = ""
    }

    init(_ pod: PodSpecification, startTime: Timestamp, end: End? = nil, records: [String: ContainerRecord] = [:]) {
        self.pod = pod
        self.startTime = startTime
        self.end = end
        containers = records
        if end != nil { sandbox = .removed }
        for container in pod.allContainers where containers[container.name] == nil {
            containers[container.name] = ContainerRecord(state: Self.firstState(container, pod))
        }
    }

    private static func firstState(_ container: ContainerSpecification, _ pod: PodSpecification)
        -> ContainerRecord.State
    {
        let waits = pod.initContainers.first.map { $0.name != container.name } ?? false
        return .waiting(reason: waits ? "PodInitializing" : "ContainerCreating", message: "")
    }

    private func record(_ container: ContainerSpecification) -> ContainerRecord {
        containers[container.name] ?? ContainerRecord()
    }

    var hasActiveContainers: Bool { containers.values.contains(where: \.isActive) }
    var sidecars: [ContainerSpecification] { pod.initContainers.filter(\.isSidecar) }

    // Events.

    mutating func apply(_ event: PodEvent, at now: Timestamp) {
        switch event {
        case .updated(let pod, let isBeingDeleted, let gracePeriod):
            updated(pod)
            if isBeingDeleted {
                self.isBeingDeleted = true
                self.gracePeriod = gracePeriod
            }
        case .sandboxReady(let address):
            sandbox = .ready(address)
            podIP = address
        case .sandboxFailed(let message): sandbox = .failed(message, retryAt: now + .seconds(2))
        case .sandboxRemoved: sandbox = .removed
        case .containerStarted(let name, let identifier, let time):
            containers[name]?.state = .running(.init(startedAt: time, identifier: identifier))
        case .containerRefused(let name, let reason, let message, let mayRetry):
            containers[name]?.state = .waiting(reason: reason, message: message)
            containers[name]?.notBefore = now + (mayRetry ? .seconds(2) : .seconds(86_400))
        case .containerEnded(let name, let termination): containers[name]?.ended(termination)
        case .postStartFinished(let name, let failure): postStartFinished(name, failure)
        case .probeSucceeded(let name, let kind): probed(name, kind, isSuccess: true)
        case .probeFailed(let name, let kind): probed(name, kind, isSuccess: false)
        case .woken: break
        }
    }

    private mutating func updated(_ new: PodSpecification) {
        for container in new.allContainers where pod.container(container.name)?.image != container.image {
            containers[container.name]?.notBefore = nil
        }
        pod = new
    }

    private mutating func postStartFinished(_ name: String, _ failure: String?) {
        guard failure == nil, case .running(var run)? = containers[name]?.state, let container = pod.container(name)
        else { return }
        run.isPastPostStart = true
        if container.startupProbe == nil { run.isStarted = true }
        if run.isStarted && container.readinessProbe == nil { run.isReady = true }
        containers[name]?.state = .running(run)
    }

    private mutating func probed(_ name: String, _ kind: ProbeKind, isSuccess: Bool) {
        guard case .running(var run)? = containers[name]?.state, let container = pod.container(name) else { return }
        switch kind {
        case .startup where isSuccess:
            run.isStarted = true
            if container.readinessProbe == nil { run.isReady = true }
        case .readiness: run.isReady = isSuccess && run.isStarted
        case .startup, .liveness: return  // A failure ends the container; see stopRequests.
        }
        containers[name]?.state = .running(run)
    }

    // Decisions.

    /// What to do now.
    ///
    /// Each action is returned once, and answered by events.
    mutating func actions(at now: Timestamp) -> [PodAction] {
        if end == nil, let limit = pod.spec["activeDeadlineSeconds"]?.int, now - startTime >= .seconds(limit) {
            end = End(
                hasSucceeded: false,
                reason: "DeadlineExceeded",
                message: "Pod was active on the node longer than the specified deadline"
            )
        }
        if isBeingDeleted || end != nil { return ending(at: now) }
        switch sandbox {
        case .none: break
        case .failed(_, let retryAt): if retryAt > now { return [] }
        case .preparing, .removing, .removed: return []
        case .ready:
            let starts = hasInitialized ? continuing(at: now) : initializing(at: now)
            return end == nil ? starts : starts + ending(at: now)
        }
        sandbox = .preparing
        return [.prepareSandbox]
    }

    /// When to look again although nothing happened; nil when there is nothing to wait for.
    func wakeTime(after now: Timestamp) -> Timestamp? {
        var times: [Timestamp] = []
        if case .failed(_, let retryAt) = sandbox { times.append(retryAt) }
        if end == nil, !isBeingDeleted {
            times += containers.values.filter { !$0.isActive }.compactMap(\.notBefore)
            if let limit = pod.spec["activeDeadlineSeconds"]?.int { times.append(startTime + .seconds(limit)) }
        }
        return times.filter { $0 > now }.min()
    }

    private mutating func initializing(at now: Timestamp) -> [PodAction] {
        for container in pod.initContainers {
            let record = record(container)
            if container.isSidecar {
                if record.isStarted { continue }
                return record.isActive ? [] : start(container, at: now)
            }
            if record.hasSucceeded { continue }
            if record.isActive { return [] }
            if record.termination != nil, pod.restartPolicy == .never {
                end = End(hasSucceeded: false)
                return []
            }
            return start(container, at: now)
        }
        hasInitialized = true
        for container in pod.containers {
            containers[container.name]?.state = .waiting(reason: "ContainerCreating", message: "")
        }
        return continuing(at: now)
    }

    private mutating func continuing(at now: Timestamp) -> [PodAction] {
        var actions: [PodAction] = []
        for sidecar in sidecars where !record(sidecar).isActive { actions += start(sidecar, at: now) }
        for container in pod.containers {
            let record = record(container)
            switch record.state {
            case .waiting:
                // The next one waits for this one's postStart: a proxy put first is ready before the application.
                return actions + start(container, at: now)
            case .terminated(let termination):
                if restarts(after: termination) { actions += start(container, at: now) }
            case .starting: return actions
            case .running(let run): if !run.isPastPostStart { return actions }
            case .stopping: break
            }
        }
        let terminations = pod.containers.compactMap { self.record($0).termination }
        if terminations.count == pod.containers.count, !terminations.contains(where: restarts(after:)) {
            end = End(hasSucceeded: terminations.allSatisfy { $0.exitCode == 0 })
        }
        return actions
    }

    private func restarts(after termination: ContainerRecord.Termination) -> Bool {
        switch pod.restartPolicy {
        case .always: true
        case .onFailure: termination.exitCode != 0
        case .never: false
        }
    }

    /// Starts the container if its time has come.
    private mutating func start(_ container: ContainerSpecification, at now: Timestamp) -> [PodAction] {
        guard var record = containers[container.name] else { return [] }
        if let notBefore = record.notBefore, notBefore > now { return [] }
        record.notBefore = nil
        if let termination = record.termination {
            record.restartCount += 1
            record.lastTermination = termination
            record.state = .starting(.terminated(termination))
        } else {
            record.state = .starting(nil)
        }
        containers[container.name] = record
        return [.start(container.name, attempt: record.restartCount)]
    }

    // The end.

    private mutating func ending(at now: Timestamp) -> [PodAction] {
        let total = gracePeriod ?? pod.terminationGracePeriod
        let deadline = stopDeadline ?? now + .seconds(total)
        stopDeadline = deadline
        let first = pod.allContainers.filter { !$0.isSidecar }
        var actions = first.flatMap { stop($0, gracePeriod: total) }
        if first.contains(where: { record($0).isActive }) { return actions }
        for sidecar in sidecars.reversed() where record(sidecar).isActive {
            // At least two seconds, as the kubelet leaves it.
            let left = max(min(2, total), Int(clamping: (deadline - now).components.seconds))
            return actions + stop(sidecar, gracePeriod: left)
        }
        switch sandbox {
        case .none, .failed, .ready:
            sandbox = .removing
            actions.append(.removeSandbox)
        case .preparing, .removing: break
        case .removed:
            if isBeingDeleted, !hasConfirmed {
                hasConfirmed = true
                actions.append(.confirmDeletion)
            }
        }
        return actions
    }

    private mutating func stop(_ container: ContainerSpecification, gracePeriod: Int) -> [PodAction] {
        guard case .running(let run)? = containers[container.name]?.state else { return [] }
        containers[container.name]?.state = .stopping(run)
        return [.stop(container.name, gracePeriod: gracePeriod, why: "Stopping container \(container.name)")]
    }

    /// Ends one container because a probe or a hook asks for it; whether it is started again is another question.
    mutating func stopForHealth(_ name: String, why: String) -> [PodAction] {
        guard case .running(let run)? = containers[name]?.state else { return [] }
        containers[name]?.state = .stopping(run)
        return [.stop(name, gracePeriod: pod.terminationGracePeriod, why: why)]
    }
}
