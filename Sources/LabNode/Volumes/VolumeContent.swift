internal import Base
internal import JSON
internal import Kubernetes

/// The files of a volume whose content the API server holds.
struct VolumeContent: Sendable {
    let api: any KubernetesAPI
    let pod: PodSpecification
    let downward: DownwardAPI

    /// Files, and when a token among them is to be renewed.
    struct Result: Sendable {
        var files: [String: AtomicDirectory.File] = [:]
        var renewal: Timestamp?
    }

    /// The files of a `secret`, `configMap`, `downwardAPI` or `projected` volume; nil for a volume of another kind.
    func content(of volume: JSON) async throws -> Result? {
        if let projected = volume["projected"] {
            var result = Result()
            let mode = projected["defaultMode"]?.int
            for source in projected["sources"]?.array ?? [] { try await add(source, mode, to: &result) }
            return result
        }
        var result = Result()
        for kind in ["secret", "configMap", "downwardAPI"] {
            guard let source = volume[kind] else { continue }
            try await add(.object([kind: source]), source["defaultMode"]?.int, to: &result)
            return result
        }
        return nil
    }

    private func add(_ source: JSON, _ defaultMode: Int64?, to result: inout Result) async throws {
        let mode = UInt32(truncatingIfNeeded: defaultMode ?? 0o644)
        if let token = source["serviceAccountToken"] {
            try await addToken(token, mode, to: &result)
        } else if let downwardAPI = source["downwardAPI"] {
            for item in downwardAPI["items"]?.array ?? [] { try addField(item, mode, to: &result) }
        } else if let secret = source["secret"] {
            try await addKeys(secret, isSecret: true, mode, to: &result)
        } else if let map = source["configMap"] {
            try await addKeys(map, isSecret: false, mode, to: &result)
        }
    }

    private func addKeys(_ source: JSON, isSecret: Bool, _ mode: UInt32, to result: inout Result) async throws {
        let configuration = PodConfiguration(api: api, namespace: pod.namespace)
        guard let data = try await configuration.data(isSecret: isSecret, source) else { return }
        guard let items = source["items"]?.array else {
            for (key, bytes) in data { result.files[key] = .init(bytes: bytes, mode: mode) }
            return
        }
        for item in items {
            guard let key = item["key"]?.string, let path = item["path"]?.string else { continue }
            guard let bytes = data[key] else {
                if source["optional"]?.bool == true { continue }
                throw MeshError(.notFound, "references non-existent \(isSecret ? "secret" : "config") key: \(key)")
            }
            result.files[try Self.checked(path)] = .init(
                bytes: bytes,
                mode: item["mode"]?.int.map { UInt32(truncatingIfNeeded: $0) } ?? mode
            )
        }
    }

    private func addField(_ item: JSON, _ mode: UInt32, to result: inout Result) throws {
        let path = try Self.checked(item["path"]?.string ?? "")
        let text =
            if let field = item["fieldRef", "fieldPath"]?.string {
                try downward.field(field)
            } else {
                try downward.resource(item["resourceFieldRef"] ?? .null, defaultContainer: nil)
            }
        result.files[path] = .init(bytes: Array(text.utf8), mode: mode)
    }

    private func addToken(_ source: JSON, _ mode: UInt32, to result: inout Result) async throws {
        let lifetime = max(600, source["expirationSeconds"]?.int ?? 3600)
        var spec: JSON = [
            "expirationSeconds": .int(lifetime),
            "boundObjectRef": [
                "kind": "Pod", "apiVersion": "v1", "name": .string(pod.name), "uid": .string(pod.uid),
            ],
        ]
        if let audience = source["audience"]?.string, !audience.isEmpty { spec["audiences"] = [.string(audience)] }
        let answer = try await api.create(
            .serviceAccounts,
            namespace: pod.namespace,
            name: pod.serviceAccountName,
            subresource: "token",
            ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec]
        )
        guard let token = answer["status", "token"]?.string else {
            throw MeshError(.unavailable, "the API server gave no token for service account \(pod.serviceAccountName)")
        }
        result.files[try Self.checked(source["path"]?.string ?? "token")] = .init(bytes: Array(token.utf8), mode: mode)
        // As the kubelet does: a new one when four fifths of its life are over, at the latest after a day.
        let renewal = Timestamp.now + .seconds(min(lifetime * 4 / 5, 86_400))
        result.renewal = min(result.renewal ?? renewal, renewal)
    }

    /// A path that stays below the volume.
    private static func checked(_ path: String) throws -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard !path.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0 != ".." && $0 != "." }), !path.hasPrefix("..") else {
            throw MeshError(
                .invalidConfiguration,
                "volume path \"\(path)\" must be relative and must not leave the volume"
            )
        }
        return path
    }
}
