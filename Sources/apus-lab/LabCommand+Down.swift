import Base
import Glibc
import Subprocess

extension LabCommand {
    static func down(_ arguments: LabArguments) async throws {
        let home = LabHome()
        if arguments.processOutside != nil { return try await Lab(home: home, port: 0).removeTraces() }
        let process = home.runningProcess
        let lock = try await end(home)  // Until all is gone, so that nobody begins anew in the middle of it.
        if UserMachine.isNeeded {
            try await removeTracesInOwnMachine(home)
        } else {
            try await Lab(home: home, port: 0).removeTraces()
        }
        if !arguments.has("--keep") { try removeState(home) }
        _ = consume lock
        print(process == nil ? "The cluster was not running; nothing of it is left." : "The cluster is down.")
    }

    /// What containers left belongs to users whom only a machine like theirs knows.
    private static func removeTracesInOwnMachine(_ home: LabHome) async throws {
        guard Files.exists(home.node) else { return }
        unsafe setenv("APUS_LAB_HOME", home.directory, 1)
        let command = try UserMachine.command(["down"])
        try await Subprocess(command[0], Array(command.dropFirst())).runSuccessfully()
    }

    /// Ends the cluster, also one that somebody starts meanwhile.
    ///
    /// - Returns: What keeps others from starting one; nil when there is no directory for it.
    private static func end(_ home: LabHome) async throws -> OwnedDescriptor? {
        while Files.exists(home.directory) {
            if let process = home.runningProcess { try await end(process, home) }
            do {
                if let lock = try home.hold() { return lock }
            } catch {
                throw home.explained(error)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        return nil
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
        let server = [
            "state.db", "state.db-wal", "state.db-shm", "state.db-reserve", "pki/ca.crt", "pki/ca.key", "pki/sa.key",
        ]
        for file in server.map({ "\(home.server)/\($0)" }) + [home.kubeconfig, home.log] { unsafe unlink(file) }
        for directory in ["\(home.server)/pki", home.server, home.node] { unsafe rmdir(directory) }
        // Now an up may begin; what it makes keeps the directory.
        unsafe unlink(home.directory + "/lab.lock")
        unsafe rmdir(home.directory)
    }
}
