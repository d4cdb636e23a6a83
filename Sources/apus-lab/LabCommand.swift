import Base
import Glibc
import JSON
import Network

/// The commands of `apus-lab`.
enum LabCommand {
    static func run(_ words: [String]) async {
        do {
            let arguments = try LabArguments(words)
            guard let command = arguments.command, !arguments.wantsHelp else {
                return print(LabHelp.text(for: arguments.command))
            }
            switch command {
            case .up: try await up(try arguments.port)
            case .run: try await runHere(try arguments.port, isInBackground: arguments.has("--in-background"))
            case .down: try await down(keepsState: arguments.has("--keep"))
            case .status: try await status(asJSON: try arguments.wantsJSON)
            case .kubeconfig: print(LabHome().kubeconfig)
            case .logs: try logs(follows: arguments.has("--follow"))
            }
        } catch let error as MeshError where error.code == .invalidConfiguration {
            fail("\(error)", status: 2)
        } catch {
            fail("\(error)", status: 1)
        }
    }

    private static func fail(_ message: String, status: CInt) -> Never {
        let line = Array("Error: \(message)\n".utf8)
        _ = unsafe write(2, line, line.count)
        exit(status)
    }

    // up

    private static func up(_ port: UInt16) async throws {
        let home = LabHome()
        try home.make()
        while true {
            if let process = try await home.servingProcess() {
                print("The cluster is already running (process \(process)).")
                return printUse(home)
            }
            switch try Daemon.start(arguments: ["run", "--port", "\(port)", "--in-background"], log: home.log) {
            case .ready?:
                print("The cluster is ready.")
                return printUse(home)
            case .held?: continue  // Somebody else's up was faster.
            case nil: throw MeshError(.unavailable, "the cluster ended while it was starting; see \(home.log)")
            case .failed(let reason)?: throw MeshError(.unavailable, reason)
            }
        }
    }

    private static func printUse(_ home: LabHome) {
        print("To use it:\n\n    export KUBECONFIG=\(home.kubeconfig)\n    kubectl get nodes")
    }

    /// The cluster itself, until it is asked to end.
    ///
    /// - Parameter isInBackground: Whether `up` waits for a report.
    private static func runHere(_ port: UInt16, isInBackground: Bool) async throws {
        let home = LabHome()
        do {
            try home.make()
            guard let lock = try home.hold() else {
                if isInBackground { Daemon.report(.held) }
                throw MeshError(.unavailable, "another apus-lab already uses \(home.directory)")
            }
            let lab = Lab(home: home, port: port)
            do {
                // Who typed Ctrl-C while it started wants no cluster.
                let isWanted = try await lab.run { isInBackground ? Daemon.report(.ready) : true }
                if !isInBackground || !isWanted { await lab.removeTraces() }
            } catch {
                _ = consume lock  // Before the failure is told, so that who tries again at once finds it free.
                throw error
            }
            _ = consume lock
        } catch {
            Log("lab").error("\(error)")
            if isInBackground { Daemon.report(.failed("\(error)")) }
            exit(1)
        }
    }

    // down

    private static func down(keepsState: Bool) async throws {
        let home = LabHome()
        let process = home.runningProcess
        if let process { try await end(process, home) }
        await Lab(home: home, port: 0).removeTraces()
        if !keepsState { try removeState(home) }
        print(process == nil ? "The cluster was not running; nothing of it is left." : "The cluster is down.")
    }

    private static func end(_ process: pid_t, _ home: LabHome) async throws {
        guard kill(process, SIGTERM) == 0 || errno == ESRCH else {
            throw MeshError(.unavailable, "process \(process) is the cluster, but this user may not end it: use sudo")
        }
        if try await home.isFree(within: .seconds(15)) { return }
        kill(process, SIGKILL)
        guard try await home.isFree(within: .seconds(15)) else {
            throw MeshError(.unavailable, "process \(process) does not end; try again when it has")
        }
    }

    /// Removes what the lab wrote, and nothing that somebody else put there.
    private static func removeState(_ home: LabHome) throws {
        let server = ["state.db", "state.db-wal", "state.db-shm", "pki/ca.crt", "pki/ca.key", "pki/sa.key"]
        for file in server.map({ "\(home.server)/\($0)" }) + [home.kubeconfig, home.log, home.directory + "/lab.lock"] {
            unsafe unlink(file)
        }
        for directory in ["\(home.server)/pki", home.server, home.node, home.directory] { unsafe rmdir(directory) }
    }

    // status and logs

    private static func status(asJSON: Bool) async throws {
        let home = LabHome()
        let process = home.runningProcess
        let answers = if process != nil { await home.answers() } else { false }
        if asJSON {
            var status: JSON = [
                "answering": .bool(answers), "home": .string(home.directory), "kubeconfig": .string(home.kubeconfig),
                "running": .bool(process != nil),
            ]
            status["process"] = process.map { .int(Int64($0)) }
            print(status.description)
        } else if let process {
            print("The cluster is running (process \(process))\(answers ? "" : ", but does not answer").")
            if answers { printUse(home) }
        } else {
            print("The cluster is not running. Start it with: apus-lab up")
        }
        if !answers { exit(process == nil ? 3 : 4) }
    }

    private static func logs(follows: Bool) throws {
        let path = LabHome().log
        guard Files.exists(path) else {
            throw MeshError(
                .notFound,
                "there is no \(path): the cluster has not been started. Start it with: apus-lab up"
            )
        }
        let file = OwnedDescriptor(adopting: try systemCall("open") { unsafe open(path, O_RDONLY | O_CLOEXEC) })
        let descriptor = file.raw
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = try systemCall("read") { unsafe read(descriptor, &chunk, chunk.count) }
            if count > 0 {
                try systemCall("write") { unsafe write(1, chunk, count) }
            } else if follows {
                usleep(200_000)
            } else {
                return
            }
        }
    }
}
