import Base
import HTTP
import JSON
import Kubernetes
import Streaming

/// Logs, exec, attach and port-forward: carried between the client and the node that runs the pod.
struct PodStreams: Sendable {
    static let subresources: Set<String> = ["log", "exec", "attach", "portforward"]

    let node: any NodeConnector
    let pod: JSON
    let request: APIRequest

    private var namespace: String { pod.metadata.namespace }
    private var name: String { pod.metadata.name }

    func respond(to subresource: String) async throws -> APIResponse {
        if (pod["spec", "nodeName"]?.string ?? "").isEmpty {
            guard subresource == "log" else {
                throw StatusError.badRequest("pod \(name) does not have a host assigned")
            }
            _ = try container()
            return .text("")  // Nothing was printed so far.
        }
        return try await stream(subresource)
    }

    private func stream(_ subresource: String) async throws -> APIResponse {
        switch subresource {
        case "log": try await logs()
        case "exec":
            try command {
                try await node.exec(namespace: namespace, pod: name, container: $0, command: $1, options: $2)
            }
        case "attach":
            try command { container, _, options in
                try await node.attach(namespace: namespace, pod: name, container: container, options: options)
            }
        case "portforward":
            APIResponse(
                101,
                type: "",
                .takeover { exchange in
                    try await PortForward.serve(exchange) { await forward($0) }
                }
            )
        default: throw StatusError.pathNotFound()
        }
    }

    // MARK: Logs

    private func logs() async throws -> APIResponse {
        var options = LogOptions()
        options.follow = request.flag("follow")
        options.previous = request.flag("previous")
        options.timestamps = request.flag("timestamps")
        options.tailLines = request.query("tailLines").flatMap { Int($0) }
        options.sinceSeconds = request.query("sinceSeconds").flatMap { Int($0) }
        options.sinceTime = request.query("sinceTime")
        options.limitBytes = request.query("limitBytes").flatMap { Int($0) }
        let pieces = try await node.logs(namespace: namespace, pod: name, container: container(), options: options)
        return APIResponse(
            200,
            type: "text/plain",
            .stream { write in for try await piece in pieces { try await write(piece) } }
        )
    }

    /// The container that the request names, or the only one.
    private func container() throws -> String {
        let lists = ["containers", "initContainers", "ephemeralContainers"]
        let all = lists.flatMap { pod["spec", $0]?.array ?? [] }.compactMap { $0["name"]?.string }
        if let asked = request.query("container"), !asked.isEmpty {
            guard all.contains(asked) else {
                throw StatusError.badRequest("container \(asked) is not valid for pod \(name)")
            }
            return asked
        }
        let usual = (pod["spec", "containers"]?.array ?? []).compactMap { $0["name"]?.string }
        guard usual.count == 1 else {
            throw StatusError.badRequest(
                "a container name must be specified for pod \(name), choose one of: [\(usual.joined(separator: " "))]"
            )
        }
        return usual[0]
    }

    // MARK: Commands

    private typealias Start = @Sendable (String, [String], TerminalOptions) async throws -> any ContainerSession

    private func command(_ start: @escaping Start) throws -> APIResponse {
        let container = try container()
        let command = request.query.filter { $0.name == "command" }.map(\.value)
        let streams = RemoteCommand.Streams(
            input: request.flag("stdin"),
            output: request.flag("stdout"),
            error: request.flag("stderr"),
            terminal: request.flag("tty")
        )
        let options = TerminalOptions(
            stdin: streams.input,
            stdout: streams.output,
            stderr: streams.error,
            tty: streams.terminal
        )
        return APIResponse(
            101,
            type: "",
            .takeover { exchange in
                try await RemoteCommand.serve(exchange, streams) { user in
                    let session = try await start(container, command, options)
                    return try await Self.join(user, session)
                }
            }
        )
    }

    /// Carries bytes both ways until the program ends or the user goes.
    private static func join(
        _ user: any RemoteCommandSession,
        _ session: any ContainerSession
    ) async throws -> RemoteCommand.Outcome {
        try await withTaskCancellationHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask { try await carryInput(from: user, to: session) }
                do {
                    let outcome = try await carryOutput(from: session, to: user)
                    await session.close()
                    return outcome
                } catch {
                    await session.close()
                    throw error
                }
            }
        } onCancel: {
            // The user has left, and the program may have nothing to say for long.
            Task { await session.close() }
        }
    }

    private static func carryInput(from user: any RemoteCommandSession, to session: any ContainerSession) async throws {
        while let input = try await user.nextInput() {
            switch input {
            case .bytes(let bytes): try await session.writeInput(bytes)
            case .ended: await session.closeInput()
            case .resized(let columns, let rows):
                await session.resize(columns: UInt16(clamping: columns), rows: UInt16(clamping: rows))
            }
        }
    }

    private static func carryOutput(
        from session: any ContainerSession,
        to user: any RemoteCommandSession
    ) async throws -> RemoteCommand.Outcome {
        try await user.begin()
        for try await output in session.output {
            switch output {
            case .stdout(let bytes): try await user.writeOutput(bytes)
            case .stderr(let bytes): try await user.writeError(bytes)
            case .exited(let code): return .exited(code: code)
            }
        }
        return .failed("the connection to the container ended")
    }

    // MARK: Ports

    private func forward(_ user: ForwardedConnection) async {
        do {
            let connection = try await node.connect(namespace: namespace, pod: name, port: user.port)
            defer { connection.close() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    while case let bytes = try await user.read(), !bytes.isEmpty { try await connection.write(bytes) }
                    try await connection.shutdownWrite()
                }
                while case let bytes = try await connection.read(upTo: 65_536), !bytes.isEmpty {
                    try await user.write(bytes)
                }
                try await user.finishWriting()
                group.cancelAll()
            }
        } catch {
            // The user may be gone.
            try? await user.fail("error forwarding port \(user.port) to pod \(name): \(error)")
        }
    }
}
