import Base
import JSON
import Kubernetes
import Testing

@testable import LabNode

/// Typing into a container's own program, in the one cluster that the suite allows at a time.
extension ClusterTests {
    @Test func `a user who attaches types into the program, sees what it prints and its end`() async throws {
        try await TestCluster.run { cluster in
            try await cluster.createPod("cat", interactive("echo early; cat; echo over >&2"))
            let session = try await cluster.attach("cat")
            // More than a pipe holds, so that both directions have to wait for each other.
            let text = String(repeating: "0123456789abcde\n", count: 20_000)
            let typing = Task {
                try await session.writeInput(Array(text.utf8))
                await session.closeInput()
            }
            let seen = try await session.everything()
            try await typing.value
            #expect(seen.output == "early\n" + text)
            #expect(seen.error == "over\n")
            try await cluster.wait(.pods, "cat") { $0["status", "phase"] == "Succeeded" }
            // Who comes late sees what was there.
            #expect(try await cluster.attach("cat", stdin: false).everything().output.contains("over\n"))
        }
    }

    @Test func `without stdinOnce the input stays open for the next user`() async throws {
        try await TestCluster.run { cluster in
            try await cluster.createPod("reader", interactive("read a; read b; echo \"$a $b\"", endsOnce: false))
            let first = try await cluster.attach("reader")
            try await first.writeInput(Array("one\n".utf8))
            await first.closeInput()
            await first.close()
            let second = try await cluster.attach("reader")
            try await second.writeInput(Array("two\n".utf8))
            #expect(try await second.everything().output == "one two\n")
        }
    }

    @Test func `a terminal belongs to the program, knows its size and hands on Ctrl-C`() async throws {
        try await TestCluster.run { cluster in
            let script = "trap 'echo interrupted; exit 0' INT; tty; read size; stty size; while :; do sleep 0.1; done"
            try await cluster.createPod("terminal", interactive(script, hasTerminal: true))
            let session = try await cluster.attach("terminal")
            await session.resize(columns: 132, rows: 43)
            try await session.writeInput(Array("\n".utf8))
            var output = ""
            var isInterrupted = false
            for try await case .stdout(let bytes) in session.output {
                output += String(decoding: bytes, as: UTF8.self)
                guard output.contains("43 132\r\n"), !isInterrupted else { continue }
                isInterrupted = true
                try await session.writeInput([3])
            }
            // The terminal's echo of the first line may come before it.
            #expect(output.contains("/dev/pts/0\r\n"), "\(output)")
            #expect(output.hasSuffix("interrupted\r\n"), "\(output)")
        }
    }

    @Test func `a user who leaves without a word is forgotten`() async throws {
        try await TestCluster.run { cluster in
            try await cluster.createPod(
                "quiet",
                interactive("read line; head -c 300000 /dev/zero; exec sleep infinity")
            )
            let first = try await cluster.attach("quiet", stdin: false)
            let reading = Task { try await first.everything() }
            await first.close()
            #expect(try await reading.value.output == "")
            let second = try await cluster.attach("quiet")
            try await second.writeInput([10])
            // The first user would hold up the program by now.
            var count = 0
            for try await case .stdout(let bytes) in second.output {
                count += bytes.count
                if count == 300_000 { break }
            }
            #expect(count == 300_000)
        }
    }

    private func interactive(_ script: String, endsOnce: Bool = true, hasTerminal: Bool = false) -> JSON {
        var spec = podSpecification(script, restartPolicy: "Never")
        var container = spec["containers"]?.array?[0] ?? [:]
        container["stdin"] = true
        container["stdinOnce"] = .bool(endsOnce)
        container["tty"] = .bool(hasTerminal)
        spec["containers"] = [container]
        return spec
    }
}

extension TestCluster {
    /// Joins the program of a pod's container, once it runs.
    func attach(_ pod: String, stdin: Bool = true) async throws -> any ContainerSession {
        try await node.attach(
            namespace: "default",
            pod: pod,
            container: "app",
            options: TerminalOptions(stdin: stdin)
        )
    }
}

extension ContainerSession {
    /// All that is printed until the end.
    func everything() async throws -> (output: String, error: String) {
        var (output, error): ([UInt8], [UInt8]) = ([], [])
        for try await piece in self.output {
            switch piece {
            case .stdout(let bytes): output += bytes
            case .stderr(let bytes): error += bytes
            case .exited: break
            }
        }
        return (String(decoding: output, as: UTF8.self), String(decoding: error, as: UTF8.self))
    }
}
