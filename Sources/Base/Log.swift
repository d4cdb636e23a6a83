internal import Glibc
internal import Synchronization

/// Lines for the operator on standard error, in the form of Istio's components.
///
/// `2024-01-02T03:04:05.678901Z<tab>info<tab>scope<tab>message`. Never pass a private key, a token or a secret's data.
public struct Log: Sendable {
    /// How much an operator should care.
    public enum Level: Int, Comparable, Sendable {
        case debug, info, warn, error, none

        public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    private static let threshold = Atomic(Level.info.rawValue)

    /// Lines below this level are dropped; ``Level/info`` unless changed.
    public static var level: Level {
        get { Level(rawValue: threshold.load(ordering: .relaxed)) ?? .info }
        set { threshold.store(newValue.rawValue, ordering: .relaxed) }
    }

    private let scope: String

    /// - Parameter scope: The part of the program that speaks, such as `ca` or `ads`.
    public init(_ scope: String) { self.scope = scope }

    public func debug(_ message: @autoclosure () -> String) { write(.debug, "debug", message) }
    public func info(_ message: @autoclosure () -> String) { write(.info, "info", message) }
    public func warn(_ message: @autoclosure () -> String) { write(.warn, "warn", message) }
    public func error(_ message: @autoclosure () -> String) { write(.error, "error", message) }

    private func write(_ level: Level, _ name: StaticString, _ message: () -> String) {
        guard level >= Self.level else { return }
        let line = "\(Timestamp.now.formatted(fractionDigits: 6))\t\(name)\t\(scope)\t\(message())\n"
        // One write per line keeps lines of different threads whole; a lost line is not worth failing for.
        let bytes = Array(line.utf8)
        _ = unsafe Glibc.write(2, bytes, bytes.count)
    }
}
