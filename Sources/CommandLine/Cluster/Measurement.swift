internal import Base
internal import Explain
internal import JSON
internal import Kubernetes
internal import Mesh
internal import MeshAPI

/// Runs curl in clients and reports what came back, next to what the model says.
struct Measurement {
    let cluster: Cluster

    /// What one request saw.
    struct Answer: Hashable, Sendable {
        /// Such as `200`, or `000 (curl 56)`.
        var status: String
        /// The identity of the client that the server's sidecar reported; nil when it saw none.
        var identity: String?
        /// Whether the server repeats the request's header, as httpbin does; else nothing is known of what it saw.
        var isTelling: Bool
    }

    /// A table with a row for each client and service port, once every request has been answered.
    func measure(_ rows: [ConnectionMatrix.Row], model: MeshModel, objects: [JSON]) async throws -> String {
        let containers = Self.containers(objects)
        let measured = try await withThrowingTaskGroup(of: (Int, [Answer]).self) { group in
            for (index, row) in rows.enumerated() {
                guard let container = containers[row.client] else { continue }
                group.addTask { (index, try await self.answers(row, container: container)) }
            }
            var all: [Int: [Answer]] = [:]
            for try await (index, answers) in group { all[index] = answers }
            return all
        }
        var table = TextTable(["FROM", "TO", "ANSWER", "IDENTITY SEEN", "ENCRYPTED", "WHY"], gap: 3)
        for (index, row) in rows.enumerated() {
            let seen = measured[index] ?? []
            let client = model.workloads[row.client]?.displayName ?? row.client.name
            table.add([
                "\(client).\(row.client.namespace)", "\(Self.short(row.destination.host)):\(row.destination.port)",
                Self.list(seen.map(\.status)), Self.list(seen.map { $0.identity ?? "-" }),
                Self.encryption(seen), row.reason,
            ])
        }
        return table.text
    }

    /// A service's host without what all of them end with.
    private static func short(_ host: String) -> String {
        host.firstRange(of: ".svc.").map { String(host[..<$0.lowerBound]) } ?? host
    }

    /// Each different word once.
    private static func list(_ words: [String]) -> String { Set(words).sorted().joined(separator: " or ") }

    /// A sidecar names a client to its server only when that showed a certificate.
    private static func encryption(_ answers: [Answer]) -> String {
        let served = answers.filter { !$0.status.hasPrefix("000") && !$0.status.hasPrefix("503") }
        guard !served.isEmpty else { return "-" }
        return list(served.map { $0.isTelling ? $0.identity == nil ? "plaintext" : "mTLS" : "unknown" })
    }

    /// Where a pod's application runs: the container named by the annotation, or else the first that is no proxy.
    private static func containers(_ objects: [JSON]) -> [ObjectKey: String] {
        var result: [ObjectKey: String] = [:]
        for pod in objects where pod["kind"]?.string == "Pod" {
            let names = (pod["spec", "containers"]?.array ?? []).compactMap { $0["name"]?.string }
            let annotated = pod["metadata", "annotations", "kubectl.kubernetes.io/default-container"]?.string
            result[pod.metadata.key] = annotated ?? names.first { $0 != "istio-proxy" }
        }
        return result
    }

    /// Several requests where several endpoints may answer differently.
    private func answers(_ row: ConnectionMatrix.Row, container: String) async throws -> [Answer] {
        let kinds = Set(row.connections.map { "\($0.wire)\($0.failure ?? "")\($0.identity ?? "")" })
        var answers: [Answer] = []
        for _ in 0..<(kinds.count > 1 ? 8 : 1) { answers.append(try await answer(row, container: container)) }
        return answers
    }

    private func answer(_ row: ConnectionMatrix.Row, container: String) async throws -> Answer {
        let command = [
            "curl", "-s", "-m", "5", "-w", "\n%{http_code}",
            "http://\(row.destination.host):\(row.destination.port)/headers",
        ]
        let result = try await cluster.exec(command, row.client.namespace, row.client.name, container)
        let text = String(decoding: result.output, as: UTF8.self)
        let status = text.split(separator: "\n").last.map(String.init) ?? "000"
        let identity = text.firstRange(of: "URI=spiffe://").map { range in
            String(text[text.index(range.lowerBound, offsetBy: 4)...].prefix { !"\",; \n".contains($0) })
        }
        return Answer(
            status: result.status == 0 ? status : "\(status) (curl \(result.status))",
            identity: identity,
            isTelling: text.contains("\"headers\"")
        )
    }
}

extension Workload {
    /// The pod's name without what its ReplicaSet added to it, such as `sleep` for `sleep-654ff995b5-8ds6v`.
    var displayName: String {
        let name = key.name
        guard let hash = labels["pod-template-hash"], let range = name.firstRange(of: "-\(hash)-") else { return name }
        return String(name[..<range.lowerBound])
    }
}
