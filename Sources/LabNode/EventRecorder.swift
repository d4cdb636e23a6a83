internal import Base
internal import JSON
internal import Kubernetes
internal import Synchronization

/// Tells people what happened to an object, as Kubernetes' Events; equal ones are counted instead of repeated.
final class EventRecorder: Sendable {
    private struct Identity: Hashable {
        let uid: String
        let reason: String
        let message: String
    }

    private struct Known {
        let name: String
        var count: Int64
    }

    private let api: any KubernetesAPI
    private let component: String
    private let host: String
    /// Bounded: forgotten as a whole when it is full, which only starts new counts.
    private let known = Mutex<[Identity: Known]>([:])
    private let log = Log("events")

    init(api: any KubernetesAPI, component: String, host: String = "") {
        self.api = api
        self.component = component
        self.host = host
    }

    /// Records an event about `object`; failures are only logged.
    ///
    /// - Parameter fieldPath: The part of the object, such as `spec.containers{app}`.
    func record(_ object: JSON, _ reason: String, _ message: String, isWarning: Bool = false, fieldPath: String = "") {
        let identity = Identity(uid: object.metadata.uid, reason: reason, message: message)
        let now = Timestamp.now
        let suffix = String(UInt64(bitPattern: now.nanoseconds), radix: 16)
        let known = known.withLock { known -> Known in
            if known.count > 1000 { known = [:] }
            var entry = known[identity] ?? Known(name: "\(object.metadata.name).\(suffix)", count: 0)
            entry.count += 1
            known[identity] = entry
            return entry
        }
        let namespace = object.metadata.namespace.isEmpty ? "default" : object.metadata.namespace
        Task { [api, log, event = event(object, identity, known, now, isWarning, fieldPath)] in
            do {
                if known.count == 1 {
                    _ = try await api.create(.events, namespace: namespace, event)
                } else {
                    let change: JSON = ["count": .int(known.count), "lastTimestamp": .string("\(now)")]
                    _ = try await api.patch(
                        .events,
                        namespace: namespace,
                        name: known.name,
                        subresource: nil,
                        .merge,
                        change
                    )
                }
            } catch {
                log.debug("event \(reason) about \(object.objectDescription) is lost: \(error)")
            }
        }
    }

    private func event(
        _ object: JSON,
        _ identity: Identity,
        _ known: Known,
        _ now: Timestamp,
        _ isWarning: Bool,
        _ fieldPath: String
    ) -> JSON {
        let metadata = object.metadata
        let namespace = metadata.namespace.isEmpty ? "default" : metadata.namespace
        var involved: JSON = [
            "kind": .string(object.kind), "apiVersion": .string(object.apiVersion), "name": .string(metadata.name),
            "uid": .string(metadata.uid), "resourceVersion": .string(metadata.resourceVersion),
        ]
        if !metadata.namespace.isEmpty { involved["namespace"] = .string(metadata.namespace) }
        if !fieldPath.isEmpty { involved["fieldPath"] = .string(fieldPath) }
        var source: JSON = ["component": .string(component)]
        if !host.isEmpty { source["host"] = .string(host) }
        return [
            "apiVersion": "v1", "kind": "Event",
            "metadata": ["name": .string(known.name), "namespace": .string(namespace)],
            "involvedObject": involved, "reason": .string(identity.reason), "message": .string(identity.message),
            "source": source, "type": isWarning ? "Warning" : "Normal", "count": 1,
            "firstTimestamp": .string("\(now)"), "lastTimestamp": .string("\(now)"), "eventTime": .null,
            "reportingComponent": .string(component), "reportingInstance": .string(host),
        ]
    }
}
