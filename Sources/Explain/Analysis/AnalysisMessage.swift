public import JSON
internal import Kubernetes

/// A finding of `istioctl analyze`.
public struct AnalysisMessage: Hashable, Sendable {
    public enum Level: Int, Hashable, Sendable, Comparable, CaseIterable {
        case info, warning, error

        public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

        /// `Info`, `Warning`, `Error`.
        public var name: String {
            switch self {
            case .info: "Info"
            case .warning: "Warning"
            case .error: "Error"
            }
        }

        /// Reads the name, whatever its case.
        public init?(named name: String) {
            guard let level = Self.allCases.first(where: { $0.name.lowercased() == name.lowercased() }) else {
                return nil
            }
            self = level
        }
    }

    /// `IST0102`; findings that only this project has are called `APS…`.
    public var code: String
    public var level: Level
    /// The object: `Kind namespace/name`, without the namespace when there is none.
    public var origin: String
    /// The object's namespace; a Namespace's own name.
    public var namespace: String
    /// `file:line`, or `file`; empty for objects of a cluster.
    public var reference: String
    public var text: String
    /// Whether it repeats what the control plane wrote into the object's status, having found it by these same rules.
    var isOfOwnCondition = false

    /// One line, as istioctl prints it: `Info [IST0102] (Namespace default) The namespace …`.
    public var line: String {
        let place = reference.isEmpty ? origin : "\(origin) \(reference)"
        return "\(level.name) [\(code)] (\(place)) \(text)"
    }

    /// ``line`` with the level in colour for a terminal.
    public var colouredLine: String {
        let colour: String? =
            switch level {
            case .error: "\u{1b}[1;31m"
            case .warning: "\u{1b}[33m"
            case .info: nil
            }
        guard let colour else { return line }
        return "\(colour)\(level.name)\u{1b}[0m" + line.dropFirst(level.name.count)
    }

    /// An element of `-o json`.
    public var json: JSON {
        var json: JSON = [
            "code": .string(code), "level": .string(level.name), "origin": .string(origin), "message": .string(text),
        ]
        if code.hasPrefix("IST") {
            let page = code.lowercased()
            json["documentationUrl"] = .string("https://istio.io/latest/docs/reference/config/analysis/\(page)/")
        }
        if !reference.isEmpty { json["reference"] = .string(reference) }
        return json
    }
}
