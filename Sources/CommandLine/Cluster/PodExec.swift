internal import Base
internal import HTTP
internal import JSON
internal import Kubernetes

/// What a program that ran in a pod printed.
struct ExecOutput: Sendable {
    var output: [UInt8] = []
    var errors: [UInt8] = []
    /// The exit status.
    var status = 0
}

/// Runs a program in a container and collects what it prints (`pods/exec`, over WebSocket).
struct PodExec {
    let client: KubernetesClient
    /// Octets of output beyond which the answer is refused.
    let limit = 64 << 20

    func run(_ command: [String], namespace: String, pod: String, container: String) async throws -> ExecOutput {
        let connection = try await upgrade(command, namespace, pod, container, hasInput: false)
        defer { connection.close() }
        var messages = WebSocketMessages(limit: limit)
        var result = ExecOutput()
        while true {
            let bytes = try await connection.read()
            if bytes.isEmpty { return result }
            for event in try messages.received(bytes) {
                switch event {
                case .message(let message): Self.take(message, into: &result)
                case .ping(let payload): try await connection.write(WebSocketMessages.pong(payload))
                case .close: return result
                }
            }
        }
    }

    /// Runs a program and leaves its standard streams open.
    func open(_ command: [String], namespace: String, pod: String, container: String) async throws -> PodExecStream {
        PodExecStream(try await upgrade(command, namespace, pod, container, hasInput: true))
    }

    private func upgrade(
        _ command: [String],
        _ namespace: String,
        _ pod: String,
        _ container: String,
        hasInput: Bool
    ) async throws -> HTTPUpgradedConnection {
        var query = command.map { HTTPRequestHead.QueryItem("command", $0) }
        let streams = [("stdin", "true"), ("stdout", "true"), ("stderr", "true")].dropFirst(hasInput ? 0 : 1)
        query += ([("container", container)] + streams).map { HTTPRequestHead.QueryItem($0.0, $0.1) }
        var fields = HTTPFields()
        fields.append("Connection", "Upgrade")
        fields.append("Upgrade", "websocket")
        fields.append("Sec-WebSocket-Version", "13")
        fields.append("Sec-WebSocket-Key", Base64.encode((0..<16).map { _ in UInt8.random(in: 0 ... .max) }))
        // In one field: older servers read only the first of several. The fourth version is that of Kubernetes before 1.30.
        fields.append("Sec-WebSocket-Protocol", "v5.channel.k8s.io, v4.channel.k8s.io")
        let path = ResourceType.pods.path(namespace: namespace, name: pod, subresource: "exec")
        return try await client.upgrade("GET", path, query: query, fields: fields).1
    }

    /// The first octet of a message says which stream it belongs to; 3 is the status at the end.
    private static func take(_ message: [UInt8], into result: inout ExecOutput) {
        guard let channel = message.first else { return }
        let payload = message.dropFirst()
        switch channel {
        case 1: result.output += payload
        case 2: result.errors += payload
        case 3:
            guard let status = try? JSON(parsing: Array(payload)), status["status"] != "Success" else { return }
            let causes = status["details", "causes"]?.array ?? []
            let code = causes.first { $0["reason"] == "ExitCode" }?["message"]?.string
            result.status = code.flatMap { Int($0) } ?? 1
            if code == nil { result.errors += (status["message"]?.string ?? "").utf8 }
        default: return
        }
    }
}
