internal import Base
internal import JSON
public import Kubernetes
internal import Network

/// Joins the API server to the containers of this node.
extension Node: NodeConnector {
    public func logs(
        namespace: String,
        pod: String,
        container: String,
        options: LogOptions
    ) async throws -> AsyncThrowingStream<[UInt8], any Error> {
        let follower = try follower(try worker(namespace, pod), container, options)
        return AsyncThrowingStream { try await follower.next() }
    }

    private func follower(
        _ worker: PodWorker,
        _ container: String,
        _ options: LogOptions
    ) throws -> ContainerLogFollower {
        let attempt = worker.attempt(of: container) - (options.previous ? 1 : 0)
        let path = worker.context.logPath(worker.uid, container: container, attempt: attempt)
        guard Files.exists(path) else { throw Self.noLog(worker, container, isPrevious: options.previous) }
        return ContainerLogFollower(ContainerLogReader(path: path, options: options)) {
            worker.live(container) != nil && worker.attempt(of: container) == attempt
        }
    }

    private static func noLog(_ worker: PodWorker, _ container: String, isPrevious: Bool) -> StatusError {
        let pod = worker.key.name
        if isPrevious {
            return StatusError(
                code: 400,
                reason: "BadRequest",
                message: "previous terminated container \"\(container)\" in pod \"\(pod)\" not found"
            )
        }
        let statuses = ["containerStatuses", "initContainerStatuses"].flatMap {
            worker.pod["status", $0]?.array ?? []
        }
        let waiting = statuses.first { $0["name"]?.string == container }?["state", "waiting", "reason"]?.string
        let reason = waiting == "ErrImageNeverPull" ? "image can't be pulled" : waiting ?? "ContainerCreating"
        return StatusError(
            code: 400,
            reason: "BadRequest",
            message: "container \"\(container)\" in pod \"\(pod)\" is waiting to start: \(reason)"
        )
    }

    public func exec(
        namespace: String,
        pod: String,
        container: String,
        command: [String],
        options: TerminalOptions
    ) async throws -> any ContainerSession {
        let (worker, live) = try await running(container, namespace, pod)
        do {
            // To its end even if the user leaves meanwhile: a program that has started needs somebody who ends it.
            let start = Task { try await worker.start(command, in: live, options) }
            return ExecSession(try await start.value, hasTerminal: options.tty)
        } catch {
            let reason = (error as? MeshError)?.message ?? "\(error)"
            throw StatusError(
                code: 500,
                reason: "InternalError",
                // As with containerd, which people and scripts know.
                message: "Internal error occurred: error executing command in container: failed to exec in container: "
                    + "OCI runtime exec failed: \(reason): unknown"
            )
        }
    }

    /// The container, for which this waits as long as it is about to start, or to be told of as ended.
    ///
    /// A cluster of one machine starts pods in less time than a person needs for the next command, but not in less than
    /// a script.
    private func running(
        _ container: String,
        _ namespace: String,
        _ pod: String
    ) async throws -> (PodWorker, LiveContainer) {
        let refusal = StatusError(
            code: 500,
            reason: "InternalError",
            message: "container \"\(container)\" in pod \"\(pod)\" is not running: see kubectl describe pod \(pod)"
        )
        do {
            return try await withTimeLimit(.seconds(10), "the start of \(container)") {
                try await self.context.changes.first {
                    let worker = try? self.worker(namespace, pod)
                    if let worker, let live = worker.live(container) { return (worker, live) }
                    guard worker.map({ Self.isChanging(container, of: $0) }) ?? true else { throw refusal }
                    return nil
                }
            }
        } catch let error as MeshError where error.code == .timedOut {
            throw refusal
        }
    }

    private static func isChanging(_ container: String, of worker: PodWorker) -> Bool {
        let statuses = ["containerStatuses", "initContainerStatuses"].flatMap { worker.pod["status", $0]?.array ?? [] }
        guard let state = statuses.first(where: { $0["name"]?.string == container })?["state"] else { return true }
        // One that runs by its status alone has just ended or is about to start again: the news is on its way.
        return state["running"] != nil
            || ["ContainerCreating", "PodInitializing"].contains(state["waiting", "reason"]?.string)
    }

    public func attach(
        namespace: String,
        pod: String,
        container: String,
        options: TerminalOptions
    ) async throws -> any ContainerSession {
        do {
            let (_, live) = try await running(container, namespace, pod)
            return AttachSession(live.streams, options)
        } catch {
            guard let worker = try? worker(namespace, pod), worker.hasEnded(container) else { throw error }
            return EndedContainerSession(try follower(worker, container, LogOptions()))
        }
    }

    public func connect(namespace: String, pod: String, port: UInt16) async throws -> any PodConnection {
        let worker = try worker(namespace, pod)
        guard worker.podIP != nil else {
            throw StatusError(code: 400, reason: "BadRequest", message: "pod \"\(pod)\" has no network yet")
        }
        let path = worker.specification.usesHostNetwork ? nil : worker.context.network.namespacePath(worker.uid)
        do {
            return try await NamespaceConnection.connect(port: port, namespacePath: path)
        } catch {
            throw StatusError(
                code: 500,
                reason: "InternalError",
                message: "failed to connect to localhost:\(port) inside pod \(pod): \(error)"
            )
        }
    }
}
