import Base
import Glibc
import Network
import Subprocess
import Testing

@Suite(.timeLimit(.minutes(1))) struct SubprocessTests {
    private func shell(_ script: String) -> Subprocess { Subprocess("sh", ["-c", script]) }

    @Test func `collects both outputs and the exit code`() async throws {
        let finished = try await shell("echo out; echo err >&2; exit 7").run()
        #expect(finished.status == .exited(7))
        #expect(finished.text == "out")
        #expect(finished.errorText == "err")
    }

    @Test func `feeds standard input, even if nobody reads it`() async throws {
        let bytes = [UInt8](repeating: 65, count: 1_000_000)
        #expect(try await Subprocess("cat").run(input: bytes).output == bytes)
        #expect(try await Subprocess("true").run(input: bytes).status.isSuccess)
    }

    @Test func `environment and directory are the given ones`() async throws {
        var program = Subprocess("/bin/sh", ["-c", "echo $A; pwd; ls /proc/self/fd | wc -l"])
        program.environment = ["A": "b c", "PATH": "/usr/bin:/bin"]
        program.workingDirectory = "/usr"
        // Three streams, and the one that ls reads the directory through.
        #expect(try await program.run().text == "b c\n/usr\n4")
    }

    @Test func `error may join output`() async throws {
        var program = shell("echo a; echo b >&2; echo c")
        program.error = .sameAsOutput
        let finished = try await program.run()
        #expect(finished.text == "a\nb\nc")
        #expect(finished.error.isEmpty)
    }

    @Test func `a program that is not there is not found`() async throws {
        await #expect(throws: MeshError(.notFound, "")) { try await Subprocess("/no/such/program").run() }
    }

    @Test func `failure names the command and its words`() async throws {
        let error = await #expect(throws: MeshError(.unavailable, "")) {
            try await shell("echo sorry >&2; exit 3").runSuccessfully()
        }
        #expect(error?.message == "sh -c echo sorry >&2; exit 3: exit code 3: sorry")
    }

    @Test func `too much output kills the program`() async throws {
        await #expect(throws: MeshError(.protocolViolation, "")) { try await Subprocess("yes").run(limit: 100_000) }
    }

    @Test func `time over or a cancelled task kills all that was started`() async throws {
        await #expect(throws: MeshError(.timedOut, "")) {
            try await shell("sleep 1000 & wait").run(timeout: .milliseconds(100))
        }
        let task = Task { try await shell("sleep 1000 & wait").run() }
        task.cancel()
        await #expect(throws: MeshError(.cancelled, "")) { _ = try await task.value }
    }

    @Test func `signals arrive, and are at their defaults`() async throws {
        var program = Subprocess("sleep", ["1000"])
        program.output = .null
        let process = try program.start()
        async let first = process.waitForExit()
        process.signal(SIGTERM)
        #expect(try await first == .killed(signal: SIGTERM))
        #expect(try await process.waitForExit().code == 128 + SIGTERM)
        process.signal(SIGTERM)
        // SIGPIPE is ignored in this process, but must end a program whose reader has gone.
        #expect(try await shell("yes | head -1 >/dev/null; echo ${PIPESTATUS}").run().status.isSuccess)
        let writer = try Subprocess("yes").start()
        writer.output?.close()
        #expect(try await writer.waitForExit() == .killed(signal: SIGPIPE))
    }

    @Test func `a terminal is one, of the given size`() async throws {
        var program = Subprocess(
            "sh",
            ["-c", "test -t 0 && test -t 2 && stty size; read line; stty size; echo got $line"]
        )
        program.terminal = Subprocess.TerminalSize(columns: 101, rows: 33)
        let process = try program.start()
        let (input, output) = (try #require(process.input), try #require(process.output))
        var text = ""
        while !text.contains("33 101") { text += String(decoding: try await output.read(), as: UTF8.self) }
        process.resizeTerminal(Subprocess.TerminalSize(columns: 80, rows: 25))
        try await input.write(Array("hello\n".utf8))
        text += String(decoding: try await output.readAll(limit: 10_000), as: UTF8.self)
        #expect(text.contains("25 80") && text.contains("got hello"))
        #expect(try await process.waitForExit() == .exited(0))
    }
}
