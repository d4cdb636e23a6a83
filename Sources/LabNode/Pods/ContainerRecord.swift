internal import Base

/// What is known of one container of a pod.
struct ContainerRecord: Sendable, Hashable {
    /// One life of the container, from its start.
    struct Run: Sendable, Hashable {
        var startedAt: Timestamp
        /// `apus://<id>`, as `containerID` shows it.
        var identifier: String
        /// Whether postStart is done and the startup probe has succeeded.
        var isStarted = false
        var isReady = false
        var isPastPostStart = false
    }

    /// How a life ended (`core/v1.ContainerStateTerminated`).
    struct Termination: Sendable, Hashable {
        var exitCode: Int
        /// `Completed`, `Error`, `OOMKilled`, `StartError` or `ContainerStatusUnknown`.
        var reason: String
        var message = ""
        var startedAt: Timestamp
        var finishedAt: Timestamp
        var identifier: String
    }

    enum State: Sendable, Hashable {
        case waiting(reason: String, message: String)
        /// The runtime has been told to start it.
        case starting(Previous?)
        case running(Run)
        /// It was told to end.
        case stopping(Run)
        case terminated(Termination)

        /// What a container is shown as while it is being started again.
        enum Previous: Sendable, Hashable { case terminated(Termination) }
    }

    var state: State = .waiting(reason: "PodInitializing", message: "")
    var restartCount = 0
    var lastTermination: Termination?
    /// The wait before the next start but one; doubles up to five minutes.
    var backoff: Duration?
    /// The earliest time of the next start.
    var notBefore: Timestamp?

    static let firstBackoff: Duration = .seconds(10)
    static let longestBackoff: Duration = .seconds(300)

    var run: Run? {
        switch state {
        case .running(let run), .stopping(let run): run
        default: nil
        }
    }

    /// Whether a process may be there.
    var isActive: Bool {
        switch state {
        case .starting, .running, .stopping: true
        case .waiting, .terminated: false
        }
    }

    var isRunning: Bool { if case .running = state { true } else { false } }
    var isStarted: Bool { run?.isStarted ?? false }
    var isReady: Bool { if case .running(let run) = state { run.isReady } else { false } }
    var termination: Termination? { if case .terminated(let termination) = state { termination } else { nil } }
    var hasSucceeded: Bool { termination?.exitCode == 0 }

    /// Ends the present life and works out when the next may begin, as the kubelet does: the first restart at once,
    /// then after 10 s, 20 s and so on; ten minutes of life make it a first one again.
    mutating func ended(_ termination: Termination) {
        if termination.finishedAt - termination.startedAt >= .seconds(600) { backoff = nil }
        if let backoff {
            notBefore = termination.finishedAt + backoff
            self.backoff = min(Self.longestBackoff, backoff * 2)
        } else {
            notBefore = nil
            backoff = Self.firstBackoff
        }
        state = .terminated(termination)
    }
}
