import Base
import Glibc
import Network

extension LabCommand {
    static func up(_ port: UInt16) async throws {
        let home = LabHome()
        try home.make()
        while true {
            if let process = try await home.servingProcess() {
                print("The cluster is already running (process \(process)).")
                return printUse(home)
            }
            let report: Daemon.Report?
            do {
                try home.make()  // A down that was waited for has taken it away.
                report = try await startInBackground(home, port)
            } catch let error as SystemError where error.code == ENOENT && !Files.exists(home.directory) {
                continue
            }
            switch report {
            case .ready?:
                print("The cluster is ready.")
                if UserMachine.isNeeded, !UserMachine.hasOtherUsers { print(onlyRoot) }
                if let closed = closedPrograms { print(closed) }
                return printUse(home)
            case .held?: continue  // Somebody else's up was faster.
            case .failed(let reason)?: throw MeshError(.unavailable, reason)
            case nil: throw MeshError(.unavailable, endedEarly(home))
            }
        }
    }

    static func printUse(_ home: LabHome) {
        print("To use it:\n\n    export KUBECONFIG=\(home.kubeconfig)\n    kubectl get nodes")
    }

    private static let onlyRoot = """
        Its containers can run as root only, and sidecars need a user of their own: apt-get install uidmap, and see that
        /etc/subuid and /etc/subgid have a line for this user.
        """

    /// What to do about programs that sidecars, which have users of their own, may not run; nil when there is nothing.
    private static var closedPrograms: String? {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink("/proc/self/exe", &path, path.count)
        let program = String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let directory = String(program.prefix(upTo: program.lastIndex(of: "/") ?? program.startIndex))
        let isOpen = [directory, program].allSatisfy { path in
            var status = stat()
            return unsafe stat(path, &status) != 0 || status.st_mode & 0o005 == 0o005
        }
        return isOpen
            ? nil : "Only root may run the programs in \(directory), but sidecars need to: chmod -R o+rX \(directory)"
    }

    private static func endedEarly(_ home: LabHome) -> String {
        let words = (try? Files.readText(home.log))?.split(separator: "\n").last.map { ": \($0)" } ?? ""
        let advice = "; without root it takes user namespaces, which this machine may not allow: try sudo"
        return "the cluster ended while it was starting\(words)\(UserMachine.isNeeded ? advice : ""); see \(home.log)"
    }

    private static func startInBackground(_ home: LabHome, _ port: UInt16) async throws -> Daemon.Report? {
        let arguments = ["run", "--port", "\(port)", "--in-background"]
        guard UserMachine.isNeeded else {
            return try Daemon.start([Daemon.ownName] + arguments, log: home.log, listener: nil)
        }
        let socket = try await listener(port)
        unsafe setenv("APUS_LAB_HOME", home.directory, 1)
        let command = try UserMachine.command(arguments)
        return try Daemon.start(command, log: home.log, listener: socket.raw)
    }

    /// Waits a little for the port: a machine that ends lets go of it after the lab's lock.
    private static func listener(_ port: UInt16) async throws -> OwnedDescriptor {
        let address = SocketAddress(.loopback, port: port)
        let deadline = ContinuousClock.now + .seconds(2)
        while true {
            do {
                return try AsyncListener.openSocket(on: address)
            } catch {
                guard ContinuousClock.now < deadline else { throw Lab.cannotListen(on: address, error) }
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The cluster itself, until it is asked to end; `up` starts it in the background.
    static func run(_ arguments: LabArguments) async throws {
        let isInBackground = arguments.has("--in-background")
        let port = try arguments.port
        // What containers see must not depend on the habits of who starts the lab; secrets have modes of their own.
        umask(0o022)
        if UserMachine.isNeeded { try await replaceByOwnMachine(port) }
        do {
            let home = LabHome()
            let outside = arguments.processOutside
            try home.make()
            guard let lock = try home.hold(as: outside ?? getpid()) else {
                if isInBackground { Daemon.report(.held) }
                throw MeshError(.unavailable, "another apus-lab already uses \(home.directory)")
            }
            let lab = Lab(home: home, port: port, isInOwnMachine: outside != nil)
            do {
                // Who typed Ctrl-C while it started wants no cluster.
                let isWanted = try await lab.run { isInBackground ? Daemon.report(.ready) : true }
                if !isInBackground || !isWanted { try await lab.removeTraces() }
            } catch {
                _ = consume lock  // Before the failure is told, so that who tries again at once finds it free.
                throw error
            }
            _ = consume lock
        } catch {
            let error = LabHome().explained(error)
            Log("lab").error("\(error)")
            if isInBackground { Daemon.report(.failed("\(error)")) }
            exit(1)
        }
    }

    /// Goes on as the same process in a machine of the user's own.
    private static func replaceByOwnMachine(_ port: UInt16) async throws {
        let home = LabHome()
        try home.make()
        let socket = try await listener(port)
        let raw = socket.raw
        try systemCall("dup2") { dup2(raw, UserMachine.listenerDescriptor) }
        unsafe setenv("APUS_LAB_HOME", home.directory, 1)
        let command = try UserMachine.command(["run", "--port", "\(port)"])
        var words = unsafe command.map { unsafe strdup($0) } + [nil]
        unsafe execvp(command[0], &words)
        throw SystemError(call: "execvp", code: errno)
    }
}
