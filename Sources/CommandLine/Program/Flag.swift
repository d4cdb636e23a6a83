internal import Base

/// A flag that a command understands.
struct Flag: Hashable, Sendable {
    enum Kind: String, Sendable {
        case bool = ""
        case string
        /// May be given again; each value counts.
        case strings
        case int
        /// Such as `30s` or `5m0s`.
        case duration
    }

    var name: String
    /// One letter; empty for none.
    var shorthand: String
    var kind: Kind
    /// Empty for none.
    var defaultValue: String
    var summary: String

    init(_ name: String, _ shorthand: String, _ kind: Kind, default value: String = "", _ summary: String) {
        self.name = name
        self.shorthand = shorthand
        self.kind = kind
        defaultValue = value
        self.summary = summary
    }

    /// A flag with a text.
    init(_ name: String, _ shorthand: String, default value: String = "", _ summary: String) {
        self.init(name, shorthand, .string, default: value, summary)
    }

    static let help = Self("help", "h", .bool, "help for this command")

    /// The flags that every command has.
    static let global: [Self] = [
        Self("context", "", "Kubernetes configuration context"),
        Self("istioNamespace", "i", default: "istio-system", "Istio system namespace"),
        Self("kubeconfig", "c", "Kubernetes configuration file"),
        Self("namespace", "n", "Kubernetes namespace"),
        Self("vklog", "", "number for the log level verbosity of the Kubernetes client; accepted, without effect"),
    ]

    /// Why `value` cannot be this flag's; nil when it can.
    func problem(with value: String) -> String? {
        switch kind {
        case .string, .strings: nil
        case .bool: Self.boolean(value) == nil ? "strconv.ParseBool: parsing \"\(value)\": invalid syntax" : nil
        case .int: Int(value) == nil ? "strconv.ParseInt: parsing \"\(value)\": invalid syntax" : nil
        case .duration: Self.duration(value) == nil ? "time: invalid duration \"\(value)\"" : nil
        }
    }

    static func boolean(_ text: String) -> Bool? {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": true
        case "0", "f", "F", "false", "FALSE", "False": false
        default: nil
        }
    }

    /// A duration as Go writes it, not below zero.
    static func duration(_ text: String) -> Duration? { Duration(goText: text).flatMap { $0 >= .zero ? $0 : nil } }
}
