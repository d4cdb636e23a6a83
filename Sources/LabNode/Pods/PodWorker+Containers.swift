internal import Base
internal import Glibc
internal import JSON
internal import Network
internal import Subprocess

extension PodWorker {
    // Starting.

    func start(_ name: String, attempt: Int) async {
        let pod = specification
        guard let container = pod.container(name) else { return }
        setAttempt(attempt, of: name)
        let configuration: OCIConfiguration
        do {
            configuration = try await self.configuration(of: container, pod, attempt: attempt)
        } catch {
            refuse(container, error)
            return
        }
        event("Pulled", "Container image \"\(container.image)\" already present on machine", container: container)
        await run(container, configuration, attempt: attempt)
    }

    private func directory(of container: ContainerSpecification, attempt: Int) -> String {
        "\(context.podDirectory(uid))/containers/\(container.name)-\(attempt)"
    }

    private func refuse(_ container: ContainerSpecification, _ error: any Error) {
        let isImage = (error as? MeshError)?.code == .invalidConfiguration && container.command.isEmpty
        let reason = isImage ? "ErrImageNeverPull" : "CreateContainerConfigError"
        event("Failed", "Error: \(error)", isWarning: true, container: container)
        post(.containerRefused(container.name, reason: reason, message: "\(error)", mayRetry: !isImage))
    }

    /// Gathers all that the container needs.
    ///
    /// - Throws: ``MeshError`` when the image is unknown, or something that it refers to is missing.
    private func configuration(
        of container: ContainerSpecification,
        _ pod: PodSpecification,
        attempt: Int
    ) async throws -> OCIConfiguration {
        let command = try context.images.command(of: container)
        var base = context.images.environment(of: container)
        base["HOSTNAME"] = pod.hostname
        base["KUBERNETES_SERVICE_HOST"] = "\(context.configuration.addresses.serviceNetwork.next)"
        base["KUBERNETES_SERVICE_PORT"] = "443"
        base["KUBERNETES_SERVICE_PORT_HTTPS"] = "443"
        let resolver = ContainerEnvironment(api: context.api, namespace: pod.namespace, downward: downward)
        let environment = try await resolver.variables(of: container, base: base)
        let root = RootFileSystem(directory: directory(of: container, attempt: attempt))
        var mounts = context.machineMounts.map { OCIConfiguration.Mount(source: $0, destination: $0, isReadOnly: true) }
        mounts.append(
            OCIConfiguration.Mount(
                source: context.programDirectory,
                destination: ImageTable.programDirectory,
                isReadOnly: true
            )
        )
        mounts += PodFiles(context: context, pod: pod, address: podIP ?? context.hostIP).mounts
        mounts += try volumes.mounts(of: container)
        return OCIConfiguration(
            pod: pod,
            container: container,
            command: command.map { expandVariables($0) { environment[$0] } },
            environment: environment,
            rootPath: root.path,
            isRootWritable: try root.mount(
                for: mounts.map(\.destination),
                hiding: context.configuration.hiddenPaths + [context.configuration.stateDirectory]
            ),
            networkNamespace: pod.usesHostNetwork ? nil : context.network.namespacePath(uid),
            cgroup: Cgroups.areWritable
                ? "\(context.configuration.addresses.cgroup)/\(uid)/\(container.name)" : nil,
            mounts: mounts,
            masked: context.configuration.hiddenPaths
        )
    }

    private func run(_ container: ContainerSpecification, _ configuration: OCIConfiguration, attempt: Int) async {
        let bundle = directory(of: container, attempt: attempt)
        let identifier = "\(uid)-\(container.name)-\(attempt)"
        let logPath = context.logPath(uid, container: container.name, attempt: attempt)
        let startedAt = Timestamp.now
        do {
            try Files.replace("\(bundle)/config.json", with: configuration.json.bytes())
            try Files.makeDirectory(FilePath.parent(of: logPath), mode: 0o750)
            removeOldLogs(of: container, attempt: attempt)
            event("Created", "Created container: \(container.name)", container: container)
            let started = try await context.runtime.start(
                identifier,
                bundle: bundle,
                hasInput: container.hasInput,
                console: container.hasTerminal ? context.configuration.newConsole : nil
            )
            let live = LiveContainer(
                specification: container,
                identifier: identifier,
                process: started.process,
                streams: ContainerStreams(started, of: container),
                configuration: configuration
            )
            withLive(container.name) { $0 = live }
            event("Started", "Started container \(container.name)", container: container)
            post(.containerStarted(container.name, identifier: "apus-lab://\(identifier)", at: startedAt))
            Task {
                await live.streams.follow(try? ContainerLogWriter(path: logPath))
                // A status that somebody else took is lost; then nobody knows how it ended.
                let status = (try? await live.process.waitForExit()) ?? .exited(255)
                await self.ended(live, status, startedAt: startedAt)
            }
            watchHealth(of: live)
        } catch {
            await context.runtime.delete(identifier)
            RootFileSystem(directory: bundle).remove()
            event(
                "Failed",
                "Error: failed to start container \(container.name): \(error)",
                isWarning: true,
                container: container
            )
            let termination = ContainerRecord.Termination(
                exitCode: 128,
                reason: "StartError",
                message: "failed to start container: \(error)",
                startedAt: startedAt,
                finishedAt: .now,
                identifier: "apus-lab://\(identifier)"
            )
            post(.containerEnded(container.name, termination))
        }
    }

    /// Keeps the logs of the last two lives.
    private func removeOldLogs(of container: ContainerSpecification, attempt: Int) {
        guard attempt >= 2 else { return }
        let path = context.logPath(uid, container: container.name, attempt: attempt - 2)
        for path in [path, path + ".1"] { _ = unsafe unlink(path) }
    }

    // Ending.

    private func ended(_ live: LiveContainer, _ status: ExitStatus, startedAt: Timestamp) async {
        let name = live.specification.name
        let finishedAt = Timestamp.now
        let tasks = withLive(name) { container -> [Task<Void, Never>] in
            defer { container = nil }
            return container?.tasks ?? []
        }
        for task in tasks { task.cancel() }
        let isOutOfMemory = live.wasOutOfMemory
        await context.runtime.delete(live.identifier)
        RootFileSystem(directory: FilePath.parent(of: live.configuration.rootPath)).remove()
        let reason = isOutOfMemory ? "OOMKilled" : status.code == 0 ? "Completed" : "Error"
        let termination = ContainerRecord.Termination(
            exitCode: Int(status.code),
            reason: reason,
            startedAt: startedAt,
            finishedAt: finishedAt,
            identifier: "apus-lab://\(live.identifier)"
        )
        post(.containerEnded(name, termination))
    }

    func stop(_ name: String, gracePeriod: Int, why: String) async {
        guard let live = live(name) else { return }
        event("Killing", why, container: live.specification)
        let deadline = Timestamp.now + .seconds(gracePeriod)
        if let hook = live.specification.preStop, gracePeriod > 0 {
            if let failure = await prober(live).failure(of: hook, timeout: .seconds(gracePeriod)) {
                event(
                    "FailedPreStopHook",
                    "PreStopHook failed: \(failure)",
                    isWarning: true,
                    container: live.specification
                )
            }
        }
        if gracePeriod > 0, live.handlesTermination {
            signal(live, SIGTERM)
            let left = max(.zero, deadline - .now)
            keep(Task { if (try? await Task.sleep(for: left)) != nil { self.signal(live, SIGKILL) } }, of: live)
        } else {
            signal(live, SIGKILL)
        }
    }

    /// Signals the container's first process, unless it has ended meanwhile.
    private func signal(_ live: LiveContainer, _ number: CInt) {
        withLive(live.specification.name) { if $0?.identifier == live.identifier { $0?.process.signal(number) } }
    }

    /// Has `task` cancelled when the container ends.
    private func keep(_ task: Task<Void, Never>, of live: LiveContainer) {
        let isLive = withLive(live.specification.name) { container in
            guard container?.identifier == live.identifier else { return false }
            container?.tasks.append(task)
            return true
        }
        if !isLive { task.cancel() }
    }

    // Health.

    private func prober(_ live: LiveContainer) -> Prober {
        Prober(
            container: live.specification,
            podIP: podIP ?? context.hostIP,
            processID: live.process.processID
        ) { command, timeout in
            try await self.failure(of: command, in: live, timeout: timeout)
        }
    }

    /// Runs postStart, then the probes for as long as the container lives.
    private func watchHealth(of live: LiveContainer) {
        let container = live.specification
        let task = Task {
            if let hook = container.postStart {
                let failure = await prober(live).failure(of: hook, timeout: .seconds(600))
                if let failure {
                    event(
                        "FailedPostStartHook",
                        "PostStartHook failed: \(failure)",
                        isWarning: true,
                        container: container
                    )
                }
                post(.postStartFinished(container.name, failure: failure))
                if failure != nil { return }
            } else {
                post(.postStartFinished(container.name, failure: nil))
            }
            if let probe = container.startupProbe { await self.probe(live, .startup, probe) }
            await withDiscardingTaskGroup { group in
                if let probe = container.readinessProbe { group.addTask { await self.probe(live, .readiness, probe) } }
                if let probe = container.livenessProbe { group.addTask { await self.probe(live, .liveness, probe) } }
            }
        }
        keep(task, of: live)
    }

    /// Probes until the task is cancelled; a startup probe only until its verdict.
    private func probe(_ live: LiveContainer, _ kind: ProbeKind, _ probe: ProbeSpecification) async {
        let name = live.specification.name
        var counter = ProbeCounter(successThreshold: probe.successThreshold, failureThreshold: probe.failureThreshold)
        try? await Task.sleep(for: probe.initialDelay)
        while !Task.isCancelled {
            let failure = await prober(live).failure(of: probe.handler, timeout: probe.timeout)
            if Task.isCancelled { return }
            if let failure, probe.isNews {
                event(
                    "Unhealthy",
                    "\(kind.rawValue) probe failed: \(failure)",
                    isWarning: true,
                    container: live.specification
                )
            }
            if let verdict = counter.add(isSuccess: failure == nil) {
                post(verdict ? .probeSucceeded(name, kind) : .probeFailed(name, kind))
                if kind == .startup || kind == .liveness && !verdict { return }
            }
            try? await Task.sleep(for: pause(after: counter, kind, probe))
        }
    }

    /// A container that is not ready yet is asked more often than its period says, so that it counts soon after it is.
    private func pause(after counter: ProbeCounter, _ kind: ProbeKind, _ probe: ProbeSpecification) -> Duration {
        kind != .liveness && counter.verdict == nil ? min(probe.period, .milliseconds(250)) : probe.period
    }
}
