/// How clients talk to a host (networking.istio.io DestinationRule).
public struct DestinationRule: IstioResource {
    public struct Subset: Hashable, Sendable {
        public var name: String
        public var labels: [String: String]
        public var trafficPolicy: TrafficPolicy?

        public init(name: String, labels: [String: String] = [:], trafficPolicy: TrafficPolicy? = nil) {
            self.name = name
            self.labels = labels
            self.trafficPolicy = trafficPolicy
        }
    }

    public var metadata: Metadata
    public var host: String
    public var trafficPolicy: TrafficPolicy?
    public var subsets: [Subset]
    /// Namespaces that see it, `.` and `*`; empty means `meshConfig.defaultDestinationRuleExportTo`.
    public var exportTo: [String]
    /// Only these clients of its own namespace use it.
    public var workloadSelector: WorkloadSelector?

    public init(metadata: Metadata, host: String, trafficPolicy: TrafficPolicy? = nil, subsets: [Subset] = []) {
        self.metadata = metadata
        self.host = host
        self.trafficPolicy = trafficPolicy
        self.subsets = subsets
        exportTo = []
    }

    public init(metadata: Metadata, spec: inout FieldReader) {
        self.metadata = metadata
        host = spec.string("host") ?? ""
        trafficPolicy = spec.object("trafficPolicy", TrafficPolicy.init)
        subsets = spec.list("subsets") { subset in
            Subset(
                name: subset.string("name") ?? "",
                labels: subset.stringMap("labels") ?? [:],
                trafficPolicy: subset.object("trafficPolicy", TrafficPolicy.init)
            )
        }
        exportTo = spec.strings("exportTo") ?? []
        workloadSelector = spec.workloadSelector("workloadSelector", labels: "matchLabels")
    }

    public func validate(in context: ValidationContext) -> Validation {
        var result = Validation()
        if let problem = domainNameProblem(host, allowsWildcard: true) { result.error(problem) }
        if let trafficPolicy { result = result + trafficPolicy.validate(namespace: metadata.namespace) }
        result = result + validateSubsets() + validateExportTo(exportTo, namespace: metadata.namespace)
        if let workloadSelector {
            result = result + workloadSelector.validate()
            result.error(
                if: exportTo.count > 1,
                "destination rule with workload selector cannot have multiple entries in exportTo"
            )
            result.error(
                if: exportTo.count == 1 && exportTo[0] != "." && exportTo[0] != metadata.namespace,
                "destination rule with workload selector cannot have exportTo beyond current namespace"
            )
        }
        return result.isValid ? result + silentPlaintextWarnings() : result
    }

    private func validateSubsets() -> Validation {
        var result = Validation()
        var names: Set<String> = []
        for subset in subsets {
            if subset.name.isEmpty {
                result.error("subset name cannot be empty")
            } else if !isDNSLabel(subset.name) {
                result.error("subset name is invalid: \(subset.name)")
            }
            result.error(if: !names.insert(subset.name).inserted, "duplicate subset names: \(subset.name)")
            if let policy = subset.trafficPolicy { result = result + policy.validate(namespace: metadata.namespace) }
        }
        return result
    }

    /// Istio sends plaintext here without a word; this project refuses the connections instead, and says so beforehand.
    private func silentPlaintextWarnings() -> Validation {
        guard workloadSelector == nil else { return Validation() }
        let policies = [trafficPolicy] + subsets.map(\.trafficPolicy)
        let settings = policies.compactMap(\.self).flatMap { [$0.settings] + $0.portLevelSettings.map(\.settings) }
        let needsSecret = settings.contains { entry in
            guard let tls = entry.tls, tls.mode == .simple || tls.mode == .mutual else { return false }
            return !tls.credentialName.isEmpty && !tls.credentialName.hasPrefix(ClientTLSSettings.configMapPrefix)
        }
        guard needsSecret else { return Validation() }
        return Validation(warnings: [
            "credentialName is used by sidecars only in a rule with a workloadSelector; without one, sidecars answer requests to \(host) with 503"
        ])
    }
}

/// What is wrong with an `exportTo` list.
func validateExportTo(_ exportTo: [String], namespace: String, allowsNone: Bool = false) -> Validation {
    var result = Validation()
    var seen: Set<String> = []
    for entry in exportTo {
        if ![".", "*", "~"].contains(entry), !isDNSLabel(entry) {
            result.error("exportTo entry \(goQuoted(entry)) must be '.', '*' or the name of a namespace")
        }
        result.error(if: entry == "~" && !allowsNone, "exportTo entry ~ is not allowed here")
        result.error(if: !seen.insert(entry).inserted, "duplicate entries in exportTo for entry \(entry)")
    }
    result.error(
        if: seen.contains(".") && seen.contains(namespace),
        "duplicate entries in exportTo: . and current namespace \(namespace)"
    )
    result.error(
        if: seen.contains("*") && seen.count > 1,
        "cannot have both public (*) and non-public exportTo values for a resource"
    )
    return result
}
