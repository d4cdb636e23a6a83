internal import Base
internal import Glibc

/// What `apus-proxy` does with its arguments.
public enum ProxyProgram {
    /// Runs the command and returns the exit status.
    public static func run(_ arguments: [String]) -> Int32 {
        do {
            return try dispatch(arguments)
        } catch {
            complain("\(error)")
            return 1
        }
    }

    private static func dispatch(_ arguments: [String]) throws -> Int32 {
        let rest = Array(arguments.dropFirst())
        switch arguments.first {
        case "static": return try StaticCommand(rest).run()
        case "istio-iptables": return try InterceptionCommand.apply(rest)
        case "istio-clean", "istio-clean-iptables": return try InterceptionCommand.remove()
        default:
            complain(usage)
            return 2
        }
    }

    private static let usage = """
        usage: apus-proxy static --config <file.json> [--concurrency <n>]   serve a fixed configuration
               apus-proxy istio-iptables <flags>                            lead the pod's traffic through the proxy
               apus-proxy istio-clean                                       undo that
        """

    private static func complain(_ text: String) {
        let line = Array("apus-proxy: \(text)\n".utf8)
        _ = unsafe write(2, line, line.count)
    }
}
