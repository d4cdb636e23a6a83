internal import Base
internal import Glibc
internal import HTTP
internal import Kubernetes
internal import Network

/// The program `apusd`.
public enum ControlPlaneProgram {
    /// Runs the control plane until SIGTERM or SIGINT.
    ///
    /// - Parameter arguments: Without the program's name.
    /// - Returns: The exit status.
    public static func run(arguments: [String]) async -> Int32 {
        if arguments == ["version"] || arguments == ["--version"] {
            print(Version.current)
            return 0
        }
        if arguments.first == "request" { return await request(Array(arguments.dropFirst())) }
        let log = Log("apusd")
        do {
            let options = try Options(
                arguments: arguments,
                environment: ClientConfiguration.environmentVariable
            )
            Log.level = options.logLevel
            let configuration = try ClientConfiguration.load(kubeconfig: options.kubeconfig)
            log.info("apusd \(Version.current), revision \(options.revision), API server \(configuration.server)")
            let plane = ControlPlane(api: try KubernetesClient(configuration), options: options)
            try await untilSignalled { try await plane.run() }
            log.info("stopped")
            return 0
        } catch {
            log.error("\(error)")
            return 1
        }
    }

    /// `apusd request <method> <path>`: asks the control plane of this pod and prints the answer.
    private static func request(_ arguments: [String]) async -> Int32 {
        guard arguments.count == 2 else {
            Log("apusd").error("usage: apusd request <method> <path>, such as GET /debug/syncz")
            return 2
        }
        let client = HTTPClient(host: "127.0.0.1", port: 15014)
        defer { client.close() }
        do {
            let response = try await client.send(HTTPRequestHead(arguments[0], arguments[1]))
            print(String(decoding: try await response.collectBody(), as: UTF8.self))
            return response.head.status < 400 ? 0 : 1
        } catch {
            Log("apusd").error("\(error)")
            return 1
        }
    }

    /// Runs `body`, and cancels it when the process is asked to end.
    private static func untilSignalled(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in Signals.termination() { return true }
                return false
            }
            group.addTask {
                try await body()
                return false
            }
            let wasSignalled = try await group.next() ?? false
            group.cancelAll()
            if wasSignalled { try? await group.waitForAll() }  // What is cancelled fails: that is the point.
        }
    }
}
