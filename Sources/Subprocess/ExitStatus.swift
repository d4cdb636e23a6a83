/// How a program ended.
public enum ExitStatus: Hashable, Sendable, CustomStringConvertible {
    /// By itself, with a code from 0 through 255.
    case exited(CInt)
    /// By a signal.
    case killed(signal: CInt)

    public var isSuccess: Bool { self == .exited(0) }

    /// What a shell makes of it, and Kubernetes reports: the code, or 128 and the signal's number.
    public var code: CInt {
        switch self {
        case .exited(let code): code
        case .killed(let signal): 128 + signal
        }
    }

    public var description: String {
        switch self {
        case .exited(let code): "exit code \(code)"
        case .killed(let signal): "killed by signal \(signal)"
        }
    }
}
