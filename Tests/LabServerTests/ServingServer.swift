import Base
import Glibc
import JSON
import Kubernetes
import LabServer
import Network
import Subprocess
import Testing

/// A server on a port of its own, and the real kubectl to talk to it.
final class ServingServer: Sendable {
    let test: TestServer
    let address: SocketAddress
    private let service: Task<Void, any Error>
    private var kubeconfig: String { "\(test.directory)/kubeconfig" }

    /// Where Debian's kubectl 1.20 is, if it is unpacked here; newer ones are on the PATH.
    static let programs = ["kubectl", "/opt/kubectl120/usr/bin/kubectl"].filter { $0 == "kubectl" || Files.exists($0) }

    private init() async throws {
        test = try await TestServer()
        let listener = try test.server.listen(on: SocketAddress(.loopback, port: 0))
        address = listener.address
        service = Task { [server = test.server] in try await server.serve(listener) }
        let text = try test.server.adminKubeconfig(server: "https://\(address)")
        try Files.replace(kubeconfig, with: Array(text.utf8))
    }

    /// Runs `body` beside a server that has a service account for the pods of `default`.
    static func run(_ body: (ServingServer) async throws -> Void) async throws {
        let server = try await ServingServer()
        defer { server.end() }
        _ = try await server.test.api.create(
            .serviceAccounts,
            namespace: "default",
            ["metadata": ["name": "default"]]
        )
        try await body(server)
    }

    private func end() {
        service.cancel()
        let removed = "rm -rf \(test.directory)/cache \(kubeconfig)"
        unsafe _ = system(removed)
    }

    struct Answer {
        let output: String
        let error: String
        let succeeded: Bool
    }

    /// - Parameter input: What the command reads from its standard input.
    func kubectl(
        _ arguments: [String],
        input: String = "",
        program: String = "kubectl"
    ) async throws -> Answer {
        var command = Subprocess(
            program,
            ["--kubeconfig", kubeconfig, "--cache-dir", "\(test.directory)/cache"] + arguments
        )
        command.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": test.directory]
        let finished = try await command.run(input: Array(input.utf8), timeout: .seconds(60))
        return Answer(output: finished.text, error: finished.errorText, succeeded: finished.status == .exited(0))
    }

    /// The output of a command that must succeed.
    func output(_ arguments: String..., input: String = "", program: String = "kubectl") async throws -> String {
        let answer = try await kubectl(arguments, input: input, program: program)
        #expect(answer.succeeded, "kubectl \(arguments.joined(separator: " ")): \(answer.error)")
        return answer.output
    }

    /// What a command that must fail says.
    func failure(_ arguments: String..., input: String = "") async throws -> String {
        let answer = try await kubectl(arguments, input: input)
        #expect(!answer.succeeded, "kubectl \(arguments.joined(separator: " ")) should fail: \(answer.output)")
        return answer.error
    }
}
