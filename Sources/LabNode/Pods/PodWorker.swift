internal import Base
internal import JSON
internal import Kubernetes
internal import Synchronization

/// Does for one pod what its ``PodMachine`` decides, and reports its status, until the pod is gone.
final class PodWorker: Sendable {
    let context: NodeContext
    let uid: String
    let key: ObjectKey
    private let mailbox: AsyncStream<PodEvent>
    private let sender: AsyncStream<PodEvent>.Continuation
    private let shared: Mutex<Shared>
    let log = Log("pod")

    /// What others than the pod's own task look at.
    struct Shared: Sendable {
        /// The pod as the API server last gave it.
        var pod: JSON
        var podIP: IPAddress?
        var live: [String: LiveContainer] = [:]
        /// The number of the last life of each container.
        var attempts: [String: Int] = [:]
        /// The API server has forgotten the pod: there is nobody to report to.
        var isForgotten = false
    }

    init(_ context: NodeContext, _ pod: JSON) {
        self.context = context
        uid = pod.metadata.uid
        key = pod.metadata.key
        shared = Mutex(Shared(pod: pod))
        (mailbox, sender) = AsyncStream.makeStream()
    }

    func post(_ event: PodEvent) { sender.yield(event) }

    // What is known.

    var pod: JSON { shared.withLock { $0.pod } }
    var specification: PodSpecification { PodSpecification(pod) }
    var podIP: IPAddress? { shared.withLock { $0.podIP } }
    func live(_ container: String) -> LiveContainer? { shared.withLock { $0.live[container] } }
    func withLive<Result>(_ container: String, _ body: (inout LiveContainer?) -> Result) -> Result {
        defer { context.changes.announce() }
        return shared.withLock { body(&$0.live[container]) }
    }
    /// Whether the container has come to an end, and not been started again so far.
    func hasEnded(_ container: String) -> Bool {
        let (isLive, pod) = shared.withLock { ($0.live[container] != nil, $0.pod) }
        let statuses = ["containerStatuses", "initContainerStatuses"].flatMap { pod["status", $0]?.array ?? [] }
        let state = statuses.first { $0["name"]?.string == container }?["state"]
        return !isLive && state?["terminated"] != nil
    }

    func attempt(of container: String) -> Int { shared.withLock { $0.attempts[container] ?? 0 } }
    func setAttempt(_ attempt: Int, of container: String) { shared.withLock { $0.attempts[container] = attempt } }

    /// The API server has a new version of the pod.
    func update(_ pod: JSON) {
        shared.withLock { $0.pod = pod }
        context.changes.announce()
        let grace = pod["metadata", "deletionGracePeriodSeconds"]?.int.map { Int(clamping: $0) }
        post(.updated(PodSpecification(pod), isBeingDeleted: pod.metadata.isBeingDeleted, gracePeriod: grace))
    }

    /// The API server has no such pod any more: end it at once.
    func forget() {
        shared.withLock { $0.isForgotten = true }
        post(.updated(specification, isBeingDeleted: true, gracePeriod: 0))
    }

    func event(_ reason: String, _ message: String, isWarning: Bool = false, container: ContainerSpecification? = nil) {
        let path = container.map { "spec.\($0.isInit ? "initContainers" : "containers"){\($0.name)}" } ?? ""
        context.events.record(pod, reason, message, isWarning: isWarning, fieldPath: path)
    }

    // The pod's life.

    /// Returns when the pod is gone, or the task is cancelled.
    func run() async {
        var machine = PodRecovery.machine(for: pod, now: .now)
        shared.withLock { shared in
            for (name, record) in machine.containers { shared.attempts[name] = record.restartCount }
        }
        update(pod)
        var waits: [String: Timestamp] = [:]
        await withDiscardingTaskGroup { group in
            for await event in mailbox {
                machine.apply(event, at: .now)
                var actions = machine.actions(at: .now)
                actions += healthActions(of: event, &machine)
                for action in actions where action != .confirmDeletion {
                    group.addTask { await self.perform(action) }
                }
                tellWaits(machine, &waits)
                await report(machine)
                if actions.contains(.confirmDeletion) {
                    await confirmDeletion()
                    sender.finish()
                }
                if let time = machine.wakeTime(after: .now) { group.addTask { await self.wake(at: time) } }
            }
            group.cancelAll()
        }
    }

    /// Says which containers wait before their next start, once for each wait.
    private func tellWaits(_ machine: PodMachine, _ told: inout [String: Timestamp]) {
        guard machine.end == nil, !machine.isBeingDeleted else { return }
        for container in machine.pod.initContainers + machine.pod.containers {
            let wait = machine.containers[container.name]?.notBefore
            guard wait != told[container.name] else { continue }
            told[container.name] = wait
            let pod = machine.pod
            guard wait != nil, pod.restartPolicy != .never || container.isSidecar else { continue }
            event(
                "BackOff",
                "Back-off restarting failed container \(container.name) in pod \(pod.name)_\(pod.namespace)(\(pod.uid))",
                isWarning: true,
                container: container
            )
        }
    }

    private func wake(at time: Timestamp) async {
        guard (try? await Task.sleep(for: time - .now)) != nil else { return }
        post(.woken)
    }

    /// A failed probe or hook ends its container.
    private func healthActions(of event: PodEvent, _ machine: inout PodMachine) -> [PodAction] {
        switch event {
        case .probeFailed(let name, let kind) where kind != .readiness:
            machine.stopForHealth(
                name,
                why: "Container \(name) failed \(kind.rawValue.lowercased()) probe, will be restarted"
            )
        case .postStartFinished(let name, .some): machine.stopForHealth(name, why: "FailedPostStartHook")
        default: []
        }
    }

    private func perform(_ action: PodAction) async {
        switch action {
        case .prepareSandbox: await prepareSandbox()
        case .start(let name, let attempt): await start(name, attempt: attempt)
        case .stop(let name, let gracePeriod, let why): await stop(name, gracePeriod: gracePeriod, why: why)
        case .removeSandbox: await removeSandbox()
        case .confirmDeletion: break
        }
    }

    // The API server's view.

    private func report(_ machine: PodMachine) async {
        let pod = pod
        if shared.withLock({ $0.isForgotten }) { return }
        let previous = pod["status"] ?? .null
        let status = PodStatus(machine: machine, hostIP: context.hostIP, previous: previous, now: .now).json
        guard status.object?.contains(where: { previous[$0.key] != $0.value }) == true else { return }
        do {
            let patch: JSON = ["metadata": ["uid": .string(uid)], "status": status]
            let stored = try await context.api.patch(
                .pods,
                namespace: key.namespace,
                name: key.name,
                subresource: "status",
                .merge,
                patch
            )
            // Unless the watch was faster: then `pod` is at least as new.
            shared.withLock { if $0.pod == pod { $0.pod = stored } }
            context.changes.announce()
        } catch let error as StatusError where error.isNotFound {
            return  // The watch will tell.
        } catch {
            log.warn("status of pod \(key) could not be written, trying again: \(error)")
            Task {
                try? await Task.sleep(for: .seconds(1))
                post(.woken)
            }
        }
    }

    private func confirmDeletion() async {
        FilePath.removeTree(context.logDirectory(uid))
        if shared.withLock({ $0.isForgotten }) { return }
        do {
            try await context.api.delete(.pods, namespace: key.namespace, name: key.name, gracePeriodSeconds: 0)
        } catch let error as StatusError where error.isNotFound {
            return
        } catch {
            log.warn("pod \(key) could not be deleted: \(error)")
        }
    }

    // The sandbox.

    var downward: DownwardAPI {
        let state = shared.withLock { ($0.pod, $0.podIP) }
        return DownwardAPI(
            pod: state.0,
            podIP: state.1.map { "\($0)" } ?? "",
            hostIP: "\(context.hostIP)",
            allocatable: context.capacity
        )
    }

    var volumes: PodVolumes {
        let content = VolumeContent(api: context.api, pod: specification, downward: downward)
        return PodVolumes(content: content, directory: "\(context.podDirectory(uid))/volumes")
    }

    private func prepareSandbox() async {
        let pod = specification
        do {
            let address = pod.usesHostNetwork ? context.hostIP : try await context.network.add(podUID: uid)
            shared.withLock { $0.podIP = address }
            try PodFiles(context: context, pod: pod, address: address).write()
            try await refreshVolumes()
            post(.sandboxReady(address))
        } catch {
            event("FailedCreatePodSandBox", "Failed to set up the pod: \(error)", isWarning: true)
            post(.sandboxFailed("\(error)"))
        }
    }

    /// Brings files from ConfigMaps, Secrets and tokens up to date, and comes back when a token needs to be renewed.
    private func refreshVolumes() async throws {
        guard let renewal = try await volumes.prepare() else { return }
        Task { [weak self] in
            try? await Task.sleep(for: renewal - .now)
            await self?.configurationChanged()
        }
    }

    /// A ConfigMap or Secret of the pod's namespace changed.
    func configurationChanged() async {
        guard podIP != nil, !pod.metadata.isBeingDeleted else { return }
        do {
            try await refreshVolumes()
        } catch {
            event("FailedMount", "Volumes could not be refreshed: \(error)", isWarning: true)
        }
    }

    /// Whether one of the pod's volumes shows the object.
    ///
    /// - Parameter canDoWithout: Whether only volumes count that may be empty of it.
    func uses(_ type: ResourceType, name: String, canDoWithout: Bool) -> Bool {
        let key = type == .secrets ? "secret" : "configMap"
        return specification.volumes.contains { volume in
            let sources = [volume] + (volume["projected", "sources"]?.array ?? [])
            return sources.contains { source in
                (source[key, "name"] ?? source[key, "secretName"])?.string == name
                    && (!canDoWithout || source[key, "optional"]?.bool == true)
            }
        }
    }

    private func removeSandbox() async {
        if !specification.usesHostNetwork { await context.network.remove(podUID: uid) }
        volumes.remove()
        FilePath.removeTree(context.podDirectory(uid))
        Cgroups.remove("\(context.configuration.addresses.cgroup)/\(uid)")
        post(.sandboxRemoved)
    }
}
