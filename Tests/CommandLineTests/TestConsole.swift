import Base
import JSON
import Kubernetes
import Synchronization
import TestKubernetes

@testable import CommandLine

/// A console that remembers what was written, and answers from a list.
final class TestConsole: Sendable {
    private let state = Mutex((output: "", errors: "", answers: [String]()))
    let isTerminal: Bool

    init(isTerminal: Bool = false, answers: [String] = []) {
        self.isTerminal = isTerminal
        state.withLock { $0.answers = answers }
    }

    var output: String { state.withLock { $0.output } }
    var errors: String { state.withLock { $0.errors } }

    var console: Console {
        Console(
            write: { stream, text in
                self.state.withLock { state in
                    if stream == .output { state.output += text } else { state.errors += text }
                }
            },
            readLine: { self.state.withLock { $0.answers.isEmpty ? nil : $0.answers.removeFirst() } },
            isOutputTerminal: isTerminal,
            isErrorTerminal: isTerminal,
            isInputTerminal: isTerminal
        )
    }
}

/// Runs one command line against `api`.
func run(_ line: String, api: (any KubernetesAPI)? = nil, on console: TestConsole = TestConsole()) async -> (
    status: Int32, output: String, errors: String
) {
    let environment = Environment(console: console.console) { _, _ in
        guard let api else { throw MeshError(.unavailable, "no cluster in this test") }
        return Cluster(api: api, namespace: "default") { _, _, _, _ in ExecOutput() }
    }
    let status = await CommandLineProgram.run(line.split(separator: " ").map(String.init), in: environment)
    return (status, console.output, console.errors)
}
