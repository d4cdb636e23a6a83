internal import Base
internal import Glibc
internal import TLS

/// What `apus-proxy` does with its arguments.
public enum ProxyProgram {
    /// Runs the command and returns the exit status.
    public static func run(_ arguments: [String]) async -> Int32 {
        RecordMemory.install()
        DirectKeyMethods.install()
        KeySchedule.install()
        do {
            return try await dispatch(arguments)
        } catch {
            complain("\(error)")
            return 1
        }
    }

    private static func dispatch(_ arguments: [String]) async throws -> Int32 {
        let rest = Array(arguments.dropFirst())
        switch (arguments.first, rest.first) {
        case ("proxy", let role?) where AgentRole(rawValue: role) != nil:
            return try await AgentCommand(
                role: AgentRole(rawValue: role) ?? .sidecar,
                arguments: Array(rest.dropFirst()),
                environment: environment()
            ).run()
        case ("static", _): return try StaticCommand(rest).run()
        case ("istio-iptables", _): return try await InterceptionCommand.apply(rest)
        case ("istio-clean", _), ("istio-clean-iptables", _): return try await InterceptionCommand.remove()
        case ("wait", _): return try await PodCommands.wait(rest)
        case ("request", _): return try await PodCommands.request(rest)
        case ("connect", _): return try await ConnectCommand(rest).run()
        case ("version", _):
            print(Version.current)
            return 0
        default:
            complain(usage)
            return 2
        }
    }

    private static let usage = """
        usage: apus-proxy proxy sidecar [--concurrency <n>]                 serve this pod, as the control plane says
               apus-proxy proxy router [--concurrency <n>]                  be a gateway, as the control plane says
               apus-proxy static --config <file.json> [--concurrency <n>]   serve a fixed configuration
               apus-proxy istio-iptables <flags>                            lead the pod's traffic through the proxy
               apus-proxy istio-clean                                       undo that
               apus-proxy wait [--timeoutSeconds <n>]                       return when the pod's proxy is ready
               apus-proxy request <method> <path>                           ask the pod's proxy, such as GET certs
               apus-proxy connect [--check] <host>:<port>                   carry standard input and output to a server
               apus-proxy version
        """

    private static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = unsafe environ
        // Safe: the C library ends the list with nil, and nobody changes it while the program starts.
        while let text = unsafe entry.pointee {
            let pair = unsafe String(cString: text).split(
                separator: "=",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
            unsafe entry += 1
        }
        return variables
    }

    private static func complain(_ text: String) {
        let line = Array("apus-proxy: \(text)\n".utf8)
        _ = unsafe write(2, line, line.count)
    }
}
