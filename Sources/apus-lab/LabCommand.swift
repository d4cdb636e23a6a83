import Base
import Glibc
import Network

/// The commands of `apus-lab`.
enum LabCommand {
    private static let usage = """
        apus-lab runs a Kubernetes cluster on this machine.

        Usage:
          apus-lab up [--port 6443]   starts the cluster and waits until its node is ready
          apus-lab down [--keep]      stops it and removes every trace; --keep leaves its objects for the next up
          apus-lab status             says whether it runs
          apus-lab kubeconfig         prints the path of the file that kubectl needs
          apus-lab logs [-f]          prints what the cluster logged

        The cluster keeps its state in /var/lib/apus-lab, or in the directory that APUS_LAB_HOME names.
        """

    static func run(_ arguments: [String]) async {
        do {
            let options = Array(arguments.dropFirst())
            switch arguments.first {
            case "up": try up(try port(options))
            case "run": try await runHere(try port(options))
            case "down": try await down(keepsState: options.contains("--keep"))
            case "status": try status()
            case "kubeconfig": print(LabHome().kubeconfig)
            case "logs": try logs(follows: options.contains("-f"))
            case nil, "help", "--help", "-h": print(usage)
            case let other?: throw MeshError(.invalidConfiguration, "unknown command \(other); see apus-lab --help")
            }
        } catch {
            fail("\(error)")
        }
    }

    private static func fail(_ message: String) -> Never {
        let line = Array("Error: \(message)\n".utf8)
        _ = unsafe write(2, line, line.count)
        exit(1)
    }

    private static func port(_ options: [String]) throws -> UInt16 {
        guard let index = options.firstIndex(of: "--port") else { return 6443 }
        guard index + 1 < options.count, let port = UInt16(options[index + 1]), port > 0 else {
            throw MeshError(.invalidConfiguration, "--port takes a number between 1 and 65535")
        }
        return port
    }

    // MARK: up

    private static func up(_ port: UInt16) throws {
        let home = LabHome()
        if let process = home.runningProcess {
            print("The cluster is already running (process \(process)).")
            return printUse(home)
        }
        try home.make()
        let report = try Daemon.start(arguments: ["run", "--port", "\(port)"], log: home.log)
        guard report == "ready" else {
            fail(report.isEmpty ? "the cluster ended while it was starting; see \(home.log)" : report)
        }
        print("The cluster is ready.")
        printUse(home)
    }

    private static func printUse(_ home: LabHome) {
        print("To use it:\n\n    export KUBECONFIG=\(home.kubeconfig)\n    kubectl get nodes")
    }

    /// The cluster itself, in the foreground; what `up` starts in the background.
    private static func runHere(_ port: UInt16) async throws {
        let home = LabHome()
        do {
            try home.make()
            let lock = try home.hold()
            do {
                try await Lab(home: home, port: port).run { Daemon.report("ready") }
            } catch {
                _ = consume lock  // Before the failure is told, so that who tries again at once finds it free.
                throw error
            }
            _ = consume lock
        } catch {
            Log("lab").error("\(error)")
            Daemon.report("\(error)")
            exit(1)
        }
    }

    // MARK: down

    private static func down(keepsState: Bool) async throws {
        let home = LabHome()
        let process = home.runningProcess
        if let process { try await end(process, home) }
        await Lab(home: home, port: 0).removeTraces()
        if !keepsState { try removeState(home) }
        print(process == nil ? "The cluster was not running; nothing of it is left." : "The cluster is down.")
    }

    private static func end(_ process: pid_t, _ home: LabHome) async throws {
        guard kill(process, SIGTERM) == 0 else {
            throw MeshError(.unavailable, "process \(process) is the cluster, but this user may not end it: use sudo")
        }
        for _ in 0..<300 {
            if home.runningProcess == nil { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        kill(process, SIGKILL)
    }

    /// Removes what the lab wrote, and nothing that somebody else put there.
    private static func removeState(_ home: LabHome) throws {
        let server = ["state.db", "state.db-wal", "state.db-shm", "pki/ca.crt", "pki/ca.key", "pki/sa.key"]
        for file in server.map({ "\(home.server)/\($0)" }) + [home.kubeconfig, home.log, home.directory + "/lab.lock"] {
            unsafe unlink(file)
        }
        for directory in ["\(home.server)/pki", home.server, home.node, home.directory] { unsafe rmdir(directory) }
    }

    // MARK: status and logs

    private static func status() throws {
        let home = LabHome()
        guard let process = home.runningProcess else {
            print("The cluster is not running. Start it with: apus-lab up")
            exit(3)
        }
        print("The cluster is running (process \(process)).")
        printUse(home)
    }

    private static func logs(follows: Bool) throws {
        let path = LabHome().log
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
