internal import Base
internal import JSON
internal import Kubernetes

/// Makes pods from a controller's template, and reads what became of them.
enum PodTemplate {
    /// A pod as `owner`'s template says, with a name that the server completes.
    static func pod(from owner: JSON) -> JSON {
        let template = owner["spec", "template"] ?? .null
        var metadata: JSON = [
            "generateName": .string("\(owner.metadata.name)-"),
            "namespace": .string(owner.metadata.namespace),
            "ownerReferences": [ownerReference(to: owner)],
            "labels": template["metadata", "labels"] ?? [:],
        ]
        if let annotations = template["metadata", "annotations"] { metadata["annotations"] = annotations }
        if let finalizers = template["metadata", "finalizers"] { metadata["finalizers"] = finalizers }
        return ["apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"] ?? [:]]
    }

    static func ownerReference(to owner: JSON) -> JSON {
        [
            "apiVersion": .string(owner.apiVersion), "kind": .string(owner.kind),
            "name": .string(owner.metadata.name), "uid": .string(owner.metadata.uid), "controller": true,
            "blockOwnerDeletion": true,
        ]
    }

    static func isReady(_ pod: JSON) -> Bool { condition("Ready", of: pod)?["status"]?.string == "True" }

    static func condition(_ type: String, of object: JSON) -> JSON? {
        object["status", "conditions"]?.array?.first { $0["type"]?.string == type }
    }

    /// Whether the pod has been ready for at least `seconds`.
    ///
    /// - Returns: Also how long it takes until it has, when it is ready but not for long enough.
    static func isAvailable(_ pod: JSON, after seconds: Int64, now: Timestamp) -> (Bool, wait: Duration?) {
        guard isReady(pod) else { return (false, nil) }
        if seconds == 0 { return (true, nil) }
        let since = condition("Ready", of: pod)?["lastTransitionTime"]?.string.flatMap { Timestamp($0) } ?? now
        let end = since + .seconds(seconds)
        return end <= now ? (true, nil) : (false, end - now)
    }

    /// Whether the pod still counts: neither at its end nor on its way there.
    static func isActive(_ pod: JSON) -> Bool {
        let phase = pod["status", "phase"]?.string
        return phase != "Succeeded" && phase != "Failed" && !pod.metadata.isBeingDeleted
    }

    /// The start of a template's hash, as it appears in the names of ReplicaSets and pods.
    ///
    /// FNV-1a over the template's canonical text, in Kubernetes' alphabet without vowels and look-alikes.
    static func hash(of template: JSON, collisions: Int64 = 0) -> String {
        var hash: UInt32 = 2_166_136_261
        for byte in template.bytes() + (collisions > 0 ? Array("\(collisions)".utf8) : []) {
            hash = (hash ^ UInt32(byte)) &* 16_777_619
        }
        let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
        return String("\(hash)".utf8.map { alphabet[Int($0) % alphabet.count] })
    }
}

extension JSON {
    /// A whole number at `path`, or `value` when there is none.
    func number(_ path: String..., default value: Int64) -> Int64 { self[path]?.int ?? value }

    /// The label selector of a controller or Service, which selects nothing when it cannot be read.
    var podSelector: LabelSelector? {
        guard let selector = self["spec", "selector"], selector != [:] else { return nil }
        return try? LabelSelector(selector)
    }
}
