public import Kubernetes
public import MeshAPI

/// DestinationRules for one host that count as one.
public struct MergedRule: Hashable, Sendable {
    /// The rules, the one that the others were merged into first.
    public internal(set) var sources: [ObjectKey]
    public internal(set) var host: String
    public internal(set) var trafficPolicy: TrafficPolicy?
    public internal(set) var subsets: [DestinationRule.Subset]
    public internal(set) var workloadSelector: WorkloadSelector?
    /// Namespaces that see it; `*` means all.
    var exportTo: Set<String>

    public var reference: ObjectReference { ObjectReference("DestinationRule", sources[0]) }
    public var namespace: String { sources[0].namespace }

    public func subset(_ name: String) -> DestinationRule.Subset? { subsets.first { $0.name == name } }

    init(_ rule: DestinationRule, host: String, exportTo: Set<String>) {
        sources = [rule.metadata.key]
        self.host = host
        trafficPolicy = rule.trafficPolicy
        var names: Set<String> = []
        subsets = rule.subsets.filter { names.insert($0.name).inserted }
        workloadSelector = rule.workloadSelector
        self.exportTo = exportTo
    }

    func isVisible(to namespace: String) -> Bool { exportTo.contains("*") || exportTo.contains(namespace) }

    mutating func merge(_ other: MergedRule) {
        sources += other.sources
        subsets += other.subsets.filter { subset($0.name) == nil }
        trafficPolicy = trafficPolicy ?? other.trafficPolicy
    }
}

/// The DestinationRules of one namespace, found by the host they are for.
struct RuleIndex: Hashable, Sendable {
    /// By host: the rules as written, those with a selector first, then the oldest.
    private var rules: [String: [DestinationRule]] = [:]
    private var merged: [String: [MergedRule]] = [:]
    private var hostOf: [ObjectKey: String] = [:]
    /// Hosts that begin with `*`, the longest first.
    private var wildcards: [String] = []

    var isEmpty: Bool { rules.isEmpty }
    var all: [DestinationRule] { rules.values.flatMap(\.self) }

    /// Adds the rule in the place of its former version; returns the hosts concerned.
    mutating func insert(_ rule: DestinationRule, clusterDomain: String, defaultExportTo: [String]) -> Set<String> {
        let former = remove(rule.metadata.key, defaultExportTo: defaultExportTo)
        let host = Self.host(of: rule, clusterDomain: clusterDomain)
        var list = rules[host] ?? []
        list.insert(rule, at: list.firstIndex { Self.precedes(rule, $0) } ?? list.endIndex)
        rules[host] = list
        hostOf[rule.metadata.key] = host
        merge(host, defaultExportTo: defaultExportTo)
        return former.union([host])
    }

    mutating func remove(_ key: ObjectKey, defaultExportTo: [String]) -> Set<String> {
        guard let host = hostOf.removeValue(forKey: key) else { return [] }
        rules[host]?.removeAll { $0.metadata.key == key }
        merge(host, defaultExportTo: defaultExportTo)
        return [host]
    }

    /// A short name means a service of the rule's namespace.
    static func host(of rule: DestinationRule, clusterDomain: String) -> String {
        let host = rule.host.lowercased()
        if host.contains(".") || host.contains(":") || host == "*" { return host }
        return "\(host).\(rule.metadata.namespace).svc.\(clusterDomain)"
    }

    private static func precedes(_ left: DestinationRule, _ right: DestinationRule) -> Bool {
        let leftSelects = left.workloadSelector != nil
        if leftSelects != (right.workloadSelector != nil) { return leftSelects }
        return left.metadata.precedes(right.metadata)
    }

    private mutating func merge(_ host: String, defaultExportTo: [String]) {
        guard let list = rules[host], !list.isEmpty else {
            rules[host] = nil
            merged[host] = nil
            wildcards.removeAll { $0 == host }
            return
        }
        if merged[host] == nil, host.hasPrefix("*") {
            wildcards.append(host)
            wildcards.sort { $0.utf8.count != $1.utf8.count ? $0.utf8.count > $1.utf8.count : $0 < $1 }
        }
        var entries: [MergedRule] = []
        for rule in list {
            Self.add(MergedRule(rule, host: host, exportTo: Self.exports(rule, defaultExportTo)), &entries)
        }
        merged[host] = entries
    }

    private static func exports(_ rule: DestinationRule, _ defaultExportTo: [String]) -> Set<String> {
        // A rule for some workloads never leaves its namespace.
        if rule.workloadSelector != nil { return [rule.metadata.namespace] }
        let entries = rule.exportTo.isEmpty ? defaultExportTo : rule.exportTo
        return Set(entries.map { $0 == "." ? rule.metadata.namespace : $0 })
    }

    /// Istio's `mergeDestinationRule`: equal audiences become one rule; a wider audience also gets its own.
    private static func add(_ rule: MergedRule, _ entries: inout [MergedRule]) {
        var standsAlone = true
        for index in entries.indices {
            let entry = entries[index]
            let sameSelector = entry.workloadSelector == rule.workloadSelector
            if entry.workloadSelector != nil, rule.workloadSelector != nil, !sameSelector { continue }
            if entry.exportTo == rule.exportTo {
                entries[index].merge(rule)
                if sameSelector { standsAlone = false }
            } else if rule.exportTo.contains("*") || rule.exportTo.isStrictSuperset(of: entry.exportTo) {
                entries[index].merge(rule)
            }
        }
        if standsAlone { entries.append(rule) }
    }

    /// The rules for the most specific host that matches; those for other hosts do not count then, be they visible or not.
    func entries(for host: String) -> [MergedRule] {
        if let entries = merged[host] { return entries }
        for wildcard in wildcards where host.hasSuffix(wildcard.dropFirst()) { return merged[wildcard] ?? [] }
        return []
    }

    /// Whether `pattern`, a rule's host, is for `host`.
    static func matches(_ pattern: String, _ host: String) -> Bool {
        pattern == host || (pattern.hasPrefix("*") && host.hasSuffix(pattern.dropFirst()))
    }
}
