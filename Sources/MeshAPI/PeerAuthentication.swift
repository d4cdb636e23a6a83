/// What workloads accept: plaintext, mutual TLS, or both (security.istio.io PeerAuthentication).
public struct PeerAuthentication: IstioResource {
    public enum Mode: String, CaseIterable, Sendable {
        /// As the next wider scope says.
        case unset = "UNSET"
        case disable = "DISABLE"
        case permissive = "PERMISSIVE"
        case strict = "STRICT"
    }

    /// Which workloads an object speaks for.
    public enum Scope: Hashable, Sendable {
        case mesh, namespace, workload
        /// A selector in the root namespace, which Istio does not honour.
        case none
    }

    public var metadata: Metadata
    /// nil when there is no selector; without labels it selects everything, as none does.
    public var selector: WorkloadSelector?
    public var mode: Mode
    /// By the port that the workload listens on, not the Service's; nil when absent.
    public var portLevelModes: [Int: Mode]?
    /// Whether one of the ports is outside 1 through 65535.
    private var hasPortOutOfRange = false

    public init(metadata: Metadata, selector: WorkloadSelector? = nil, mode: Mode, portLevelModes: [Int: Mode]? = nil) {
        self.metadata = metadata
        self.selector = selector
        self.mode = mode
        self.portLevelModes = portLevelModes
    }

    public init(metadata: Metadata, spec: inout FieldReader) {
        self.metadata = metadata
        selector = spec.workloadSelector("selector", labels: "matchLabels")
        mode = spec.object("mtls", Self.mode) ?? .unset
        guard let ports = spec.map("portLevelMtls", Self.mode) else { return }
        var modes: [Int: Mode] = [:]
        for (key, mode) in ports {
            guard let port = Int(key) else {
                spec.report("portLevelMtls", "Invalid value: \"\(key)\": a key must be a port number")
                continue
            }
            if !(1...65535).contains(port) { hasPortOutOfRange = true }
            modes[port] = mode
        }
        portLevelModes = modes
    }

    private static func mode(_ reader: inout FieldReader) -> Mode { reader.choice("mode", Mode.self) ?? .unset }

    public func scope(rootNamespace: String) -> Scope {
        let selects = !(selector?.matchLabels.isEmpty ?? true)
        if metadata.namespace == rootNamespace { return selects ? .none : .mesh }
        return selects ? .workload : .namespace
    }

    public func validate(in context: ValidationContext) -> Validation {
        var result = Validation()
        let selects = !(selector?.matchLabels.isEmpty ?? true)
        if let portLevelModes {
            result.error(
                if: !selects && !portLevelModes.isEmpty,
                "mesh/namespace peer authentication cannot have port level mTLS"
            )
            result.error(if: portLevelModes.isEmpty, "port level mTLS, if defined, must have at least one element")
            result.error(if: hasPortOutOfRange, "port must be in range 1..65535")
        }
        result = result + (selector?.validate() ?? Validation())
        result.warn(
            if: scope(rootNamespace: context.rootNamespace) == .none,
            "a selector in the root namespace \(context.rootNamespace) selects nothing; "
                + "apply the policy in the namespace of its workloads"
        )
        return result
    }
}

extension FieldReader {
    /// A workload selector: an object with the one member `labels`.
    mutating func workloadSelector(_ name: String, labels: String) -> WorkloadSelector? {
        object(name) { WorkloadSelector($0.stringMap(labels) ?? [:]) }
    }
}

extension WorkloadSelector {
    func validate() -> Validation {
        var result = Validation()
        result.warn(if: matchLabels.isEmpty, "workload selector specified without labels")
        for (key, value) in matchLabels.sorted(by: { $0.key < $1.key }) {
            result.error(if: key.isEmpty, "empty key is not supported in selector: \"\(key)=\(value)\"")
            result.error(
                if: key.contains("*") || value.contains("*"),
                "wildcard is not supported in selector: \"\(key)=\(value)\""
            )
        }
        return result
    }
}
