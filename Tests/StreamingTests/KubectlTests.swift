import Base
import Glibc
import HTTP
import JSON
import Network
import Subprocess
import Testing

@testable import Streaming

/// The real clients against a server that runs commands on this machine.
@Suite(.timeLimit(.minutes(2))) struct KubectlTests {
    /// What is installed here: kubectl 1.32 speaks WebSocket, 1.20 SPDY.
    static let clients = [["/opt/kubectl120/usr/bin/kubectl"], ["/usr/bin/kubectl"]].filter { Files.exists($0[0]) }

    private static let pod: JSON = [
        "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "p", "namespace": "default", "uid": "1"],
        "spec": ["containers": [["name": "c", "image": "i"]]],
        "status": ["phase": "Running", "podIP": "127.0.0.1"],
    ]
    private static let documents: [String: JSON] = [
        "/api": ["kind": "APIVersions", "versions": ["v1"]],
        "/apis": ["kind": "APIGroupList", "apiVersion": "v1", "groups": []],
        "/api/v1": [
            "kind": "APIResourceList", "groupVersion": "v1",
            "resources": [
                ["name": "pods", "singularName": "pod", "namespaced": true, "kind": "Pod", "verbs": ["get", "list"]]
            ],
        ],
        "/version": ["major": "1", "minor": "32", "gitVersion": "v1.32.0"],
        "/api/v1/namespaces/default/pods/p": pod,
    ]

    @Sendable private static func answer(_ exchange: HTTPExchange) async throws {
        let request = exchange.request
        func has(_ name: String) -> Bool { request.query(name) == "true" }
        switch request.pathSegments.last {
        case "exec":
            let streams = RemoteCommand.Streams(
                input: has("stdin"),
                output: has("stdout"),
                error: has("stderr"),
                terminal: has("tty")
            )
            let command = request.queryItems.filter { $0.name == "command" }.map(\.value)
            try await RemoteCommand.serve(exchange, streams) { try await run(command, streams, $0) }
        case "portforward":
            try await PortForward.serve(exchange) { connection in
                do {
                    try await forward(connection)
                } catch {
                    try? await connection.fail("\(error)")
                }
            }
        default:
            guard let document = documents[request.path] else { throw HTTPFailure(404, "nothing at \(request.path)") }
            try await exchange.respond(
                HTTPResponseHead(200, fields: ["Content-Type": "application/json"]),
                body: Array(document.description.utf8)
            )
        }
    }

    private static func run(
        _ command: [String],
        _ streams: RemoteCommand.Streams,
        _ session: any RemoteCommandSession
    ) async throws -> RemoteCommand.Outcome {
        var program = Subprocess(command[0], Array(command.dropFirst()))
        if streams.terminal { program.terminal = Subprocess.TerminalSize(columns: 1, rows: 1) }
        if streams.input { program.input = .pipe }
        let process: RunningProcess
        do { process = try program.start() } catch { return .failed("\(error)") }
        defer { process.signalGroup(SIGKILL) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            let feeding = Task {
                while let input = try await session.nextInput() {
                    switch input {
                    case .bytes(let bytes): try await process.input?.write(bytes)
                    case .ended: if !streams.terminal { process.input?.close() }
                    case .resized(let columns, let rows):
                        process.resizeTerminal(Subprocess.TerminalSize(columns: columns, rows: rows))
                    }
                }
            }
            defer { feeding.cancel() }
            group.addTask {
                while let bytes = try await process.output?.read(), !bytes.isEmpty {
                    try await session.writeOutput(bytes)
                }
            }
            group.addTask {
                while let bytes = try await process.error?.read(), !bytes.isEmpty {
                    try await session.writeError(bytes)
                }
            }
            try await group.waitForAll()
            return .exited(code: try await process.waitForExit().code)
        }
    }

    private static func forward(_ connection: ForwardedConnection) async throws {
        let pod = try await AsyncConnection.connect(to: SocketAddress(.loopback, port: connection.port))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while case let bytes = try await connection.read(), !bytes.isEmpty { try await pod.write(bytes) }
                try await pod.shutdownWrite()
            }
            group.addTask {
                while case let bytes = try await pod.read(), !bytes.isEmpty { try await connection.write(bytes) }
                try await connection.finishWriting()
            }
            try await group.waitForAll()
        }
    }

    /// Runs `body` with a function that makes a kubectl command for the server.
    private func withServer(_ client: [String], _ body: (([String]) -> Subprocess) async throws -> Void) async throws {
        let listener = try AsyncListener(binding: SocketAddress(.loopback, port: 0))
        let server = Task { try await HTTPServer(listener: listener, handler: Self.answer).run() }
        defer { server.cancel() }
        let cache = "/tmp/apus-kubectl-\(UInt64.random(in: 0 ... .max))"
        try await body { arguments in
            Subprocess(
                client[0],
                ["--server=http://\(listener.address)", "--kubeconfig=/dev/null", "--cache-dir=\(cache)"] + arguments
            )
        }
        _ = try await Subprocess("rm", ["-rf", cache]).run()
    }

    @Test(arguments: clients) func `exec shows both outputs and passes the exit code on`(client: [String]) async throws
    {
        try await withServer(client) { kubectl in
            let finished = try await kubectl(["exec", "p", "--", "sh", "-c", "echo out; echo err >&2; exit 7"])
                .run(timeout: .seconds(30))
            #expect(finished.text == "out")
            #expect(finished.errorText.contains("err"))
            #expect(finished.errorText.contains("exit code 7"))
            #expect(finished.status == .exited(7))
            let fine = try await kubectl(["exec", "p", "--", "seq", "200000"]).run(timeout: .seconds(30))
            #expect(fine.status == .exited(0))
            #expect(fine.output.count == 1_288_895)
        }
    }

    @Test(arguments: clients) func `exec passes standard input on, to its end`(client: [String]) async throws {
        try await withServer(client) { kubectl in
            let sent = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 13 >> 3) }
            let finished = try await kubectl(["exec", "-i", "p", "--", "cat"]).run(input: sent, timeout: .seconds(30))
            #expect(finished.output == sent)
            #expect(finished.status == .exited(0))
        }
    }

    @Test(arguments: clients) func `what cannot be run is told`(client: [String]) async throws {
        try await withServer(client) { kubectl in
            let finished = try await kubectl(["exec", "p", "--", "/no/such/program"]).run(timeout: .seconds(30))
            #expect(!finished.status.isSuccess)
            #expect(finished.errorText.contains("cannot start /no/such/program"))
        }
    }

    @Test(arguments: clients) func `a terminal has the user's size, also after it changed`(client: [String])
        async throws
    {
        try await withServer(client) { kubectl in
            let script = "while :; do stty size; read -t 1 line && break; done; echo got $line; exit 5"
            var program = kubectl(["exec", "-it", "p", "--", "bash", "-c", script])
            program.terminal = Subprocess.TerminalSize(columns: 101, rows: 33)
            let process = try program.start()
            let (input, output) = (try #require(process.input), try #require(process.output))
            var text = ""
            func wait(for words: String) async throws {
                while !text.contains(words) {
                    let bytes = try await output.read()
                    try #require(!bytes.isEmpty, "kubectl ended after: \(text)")
                    text += String(decoding: bytes, as: UTF8.self)
                }
            }
            try await wait(for: "33 101")
            process.resizeTerminal(Subprocess.TerminalSize(columns: 77, rows: 22))
            try await wait(for: "22 77")
            try await input.write(Array("hello\r".utf8))
            try await wait(for: "got hello")
            #expect(try await process.waitForExit() == .exited(5))
        }
    }

    @Test(arguments: clients) func `port-forward carries several connections`(client: [String]) async throws {
        let pod = try AsyncListener(binding: SocketAddress(.loopback, port: 0))
        let echo = Task {
            try await withThrowingDiscardingTaskGroup { group in
                while true {
                    let connection = try await pod.accept()
                    group.addTask {
                        while let bytes = try? await connection.read(), !bytes.isEmpty {
                            try? await connection.write(bytes)
                        }
                        try? await connection.shutdownWrite()
                    }
                }
            }
        }
        defer { echo.cancel() }
        try await withServer(client) { kubectl in
            let process = try kubectl(["port-forward", "pod/p", ":\(pod.address.port)"]).start()
            defer { process.signal(SIGKILL) }
            var text = ""
            while !text.contains(" -> ") || !text.contains("\n") {
                let bytes = try await process.output?.read() ?? []
                try #require(!bytes.isEmpty, "kubectl ended")
                text += String(decoding: bytes, as: UTF8.self)
            }
            // Forwarding from 127.0.0.1:40001 -> 8080
            let local = try #require(text.split(separator: "127.0.0.1:").last?.prefix { $0.isNumber })
            let port = try #require(UInt16(local))
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let connection = try await AsyncConnection.connect(to: SocketAddress(.loopback, port: port))
                        let sent = [UInt8](repeating: UInt8(number), count: 300_000)
                        async let received = Self.readAll(connection)
                        try await connection.write(sent)
                        try await connection.shutdownWrite()
                        return try await received == sent
                    }
                }
                for try await isSame in group { #expect(isSame) }
            }
        }
    }

    private static func readAll(_ connection: AsyncConnection) async throws -> [UInt8] {
        var all: [UInt8] = []
        while case let bytes = try await connection.read(), !bytes.isEmpty { all += bytes }
        return all
    }
}
