internal import Base
internal import JSON
internal import Kubernetes
internal import Mesh
internal import Synchronization

/// Writes into an object's status whether the mesh can use it, where whoever applied it will look.
///
/// One write at a time, and of several verdicts on one object only the last: what stands there in the end is what holds.
final class StatusWriter: Sendable {
    private let api: any KubernetesAPI
    private let waiting = Mutex<[ObjectReference: Verdict]>([:])
    private let signal: AsyncStream<Void>.Continuation
    private let signals: AsyncStream<Void>
    private let log = Log("status")

    init(api: any KubernetesAPI) {
        self.api = api
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    private static let types: [String: ResourceType] = [
        "PeerAuthentication": .peerAuthentications, "Policy": .policies, "MeshPolicy": .meshPolicies,
        "DestinationRule": .destinationRules, "ServiceEntry": .serviceEntries,
        "VirtualService": .virtualServices, "Gateway": .gateways,
    ]

    /// Has these written, instead of what still waits of the same objects.
    func add(_ verdicts: [ObjectReference: Verdict]) {
        if verdicts.isEmpty { return }
        waiting.withLock { $0.merge(verdicts) { $1 } }
        signal.yield()
    }

    /// Writes what there is, until the task is cancelled.
    func run() async {
        var backoff = Backoff()
        for await _ in signals {
            var unwritten: [ObjectReference: Verdict] = [:]
            for (object, verdict) in waiting.withLock({ $0.take() }) {
                let isSettled = await write(verdict, on: object)
                unwritten[object] = isSettled ? nil : verdict
            }
            if unwritten.isEmpty {
                backoff.succeeded()
                continue
            }
            try? await Task.sleep(for: backoff.failed())  // Cancelled: the stream ends too.
            waiting.withLock { $0.merge(unwritten) { newer, _ in newer } }
            signal.yield()
        }
    }

    /// - Returns: Whether it is written, or will never be.
    private func write(_ verdict: Verdict, on object: ObjectReference) async -> Bool {
        guard let type = Self.types[object.kind] else { return true }
        do {
            _ = try await api.patch(
                type,
                namespace: object.key.namespace.isEmpty ? nil : object.key.namespace,
                name: object.key.name,
                subresource: "status",
                .merge,
                Self.status(verdict, now: .now)
            )
            return true
        } catch let error as StatusError where error.isNotFound {
            return true  // Gone in the meantime.
        } catch {
            log.warn("the status of \(object) cannot be written: \(error)")
            // What the server refuses now it will refuse again.
            let code = (error as? StatusError)?.code ?? 503
            return code < 500 && code != 409 && code != 429
        }
    }

    static func status(_ verdict: Verdict, now: Timestamp) -> JSON {
        let (status, reason, message) =
            switch verdict {
            case .accepted: ("True", "Accepted", "")
            case .partly(let problem): ("False", "PartiallyInvalid", problem)
            case .failing(let problem): ("False", "PartiallyFailing", problem)
            case .refused(let problem): ("False", "Invalid", problem)
            }
        return [
            "status": [
                "conditions": [
                    [
                        "type": "Accepted", "status": .string(status), "reason": .string(reason),
                        "message": .string(message), "lastTransitionTime": .string(now.description),
                    ]
                ]
            ]
        ]
    }
}

extension Dictionary {
    /// All of it, which is then gone from here.
    fileprivate mutating func take() -> Self {
        defer { self = [:] }
        return self
    }
}
