import Base
import Glibc

/// The package's programs, which tests run as their users do.
public enum Programs {
    /// Which build the programs are of: `release` where `APUS_PROGRAMS` names their directory, as `make test` does, or
    /// `debug`, the build of the tests.
    public static var build: String { directory == nil ? "debug" : "release" }

    /// A program that people run; nil when it was not built.
    public static func path(_ name: String) -> String? {
        if let directory { return executable("\(directory)/\(name)") }
        return besideTests(name)
    }

    /// What is only there for tests; nil when it was not built.
    public static func besideTests(_ name: String) -> String? {
        let products = Swift.CommandLine.arguments[0].split(separator: "/").dropLast().joined(separator: "/")
        return executable("/\(products)/\(name)") ?? executable(".build/debug/\(name)")
    }

    private static var directory: String? { unsafe getenv("APUS_PROGRAMS").map { unsafe String(cString: $0) } }

    private static func executable(_ path: String) -> String? { unsafe access(path, X_OK) == 0 ? path : nil }
}
