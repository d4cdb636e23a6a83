internal import Base
internal import JSON
internal import MeshAPI
internal import YAML

/// The annotations that change what is injected, and what each of them may hold.
///
/// `istioctl analyze` reports the same findings as IST0125.
public enum AnnotationRules {
    /// What is wrong with `value`; nil when nothing is, or the annotation is none of ours.
    public static func problem(_ annotation: String, _ value: String) -> String? {
        rules[annotation].flatMap { rule in rule(value) }
    }

    /// Refuses a pod that has an annotation whose value means nothing.
    static func check(_ annotations: [String: String]) throws(MeshError) {
        for (key, value) in annotations.sorted(by: { $0.key < $1.key }) {
            guard let problem = problem(key, value) else { continue }
            throw MeshError(.invalidConfiguration, "annotation \(key): \"\(value)\" \(problem)")
        }
    }

    private typealias Rule = @Sendable (String) -> String?

    private static let rules: [String: Rule] = [
        "sidecar.istio.io/inject": boolean,
        "sidecar.istio.io/rewriteAppHTTPProbers": boolean,
        "sidecar.istio.io/nativeSidecar": boolean,
        "sidecar.istio.io/capNetBindService": boolean,
        "prometheus.istio.io/merge-metrics": boolean,
        "sidecar.istio.io/interceptionMode": interceptionMode,
        "traffic.sidecar.istio.io/includeOutboundIPRanges": rangesOrAll,
        "traffic.sidecar.istio.io/excludeOutboundIPRanges": ranges,
        "traffic.sidecar.istio.io/includeInboundPorts": portsOrAll,
        "traffic.sidecar.istio.io/excludeInboundPorts": ports,
        "traffic.sidecar.istio.io/includeOutboundPorts": portsOrAll,
        "traffic.sidecar.istio.io/excludeOutboundPorts": ports,
        "status.sidecar.istio.io/port": port,
        "readiness.status.sidecar.istio.io/initialDelaySeconds": whole,
        "readiness.status.sidecar.istio.io/periodSeconds": whole,
        "readiness.status.sidecar.istio.io/failureThreshold": whole,
        "sidecar.istio.io/proxyCPU": quantity,
        "sidecar.istio.io/proxyMemory": quantity,
        "sidecar.istio.io/proxyCPULimit": quantity,
        "sidecar.istio.io/proxyMemoryLimit": quantity,
        "sidecar.istio.io/logLevel": logLevel,
        "proxy.istio.io/config": proxyConfig,
        "inject.istio.io/templates": templates,
    ]

    private static let boolean: Rule = { ["true", "false"].contains($0) ? nil : "is neither true nor false" }
    private static let whole: Rule = { UInt32($0) == nil ? "is not a number from 0 to 4294967295" : nil }
    private static let port: Rule = { UInt16($0) == nil ? "is not a port from 0 to 65535" : nil }
    private static let portsOrAll: Rule = { $0 == "*" ? nil : ports($0) }
    private static let rangesOrAll: Rule = { $0 == "*" ? nil : ranges($0) }

    private static let interceptionMode: Rule = {
        switch $0 {
        case "REDIRECT", "NONE": nil
        case "TPROXY": "is not supported: remove the annotation, or set it to REDIRECT"
        default: "is none of REDIRECT and NONE"
        }
    }
    private static let logLevel: Rule = {
        ["trace", "debug", "info", "warning", "warn", "error", "critical", "off"].contains($0)
            ? nil : "is no log level: one of trace, debug, info, warning, error, critical, off"
    }
    private static let ports: Rule = { list in
        for item in items(list) where UInt16(item) == nil { return "holds \"\(item)\", which is not a port" }
        return nil
    }
    private static let ranges: Rule = { list in
        for item in items(list) where !isAddressRange(item) {
            return "holds \"\(item)\", which is not an address range such as 10.0.0.0/8"
        }
        return nil
    }
    private static let quantity: Rule = { isQuantity($0) ? nil : "is not a quantity such as 100m or 128Mi" }
    private static let templates: Rule = { ProxyTemplate.problem($0) }
    private static let proxyConfig: Rule = { text in
        do {
            let value = try YAML.value(text)
            guard value.object != nil || value.isNull else { return "is not a mapping of ProxyConfig's fields" }
            return GatewayTopology.problem(value).map { "cannot be used: \($0)" }
        } catch {
            return "is not YAML: \(error)"
        }
    }

    static func items(_ list: String) -> [String] {
        list.split(separator: ",").map { $0.trimmed }.filter { !$0.isEmpty }
    }

    /// A CIDR range of IPv4, or one of IPv6 in a form that is plausible: the kernel has the last word.
    private static func isAddressRange(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let length = UInt8(parts[1]) else { return false }
        if parts[0].contains(":") {
            return length <= 128
                && parts[0].utf8.allSatisfy { $0 == UInt8(ascii: ":") || Character(Unicode.Scalar($0)).isHexDigit }
        }
        let octets = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        return length <= 32 && octets.count == 4 && octets.allSatisfy { UInt8($0) != nil }
    }

    /// Kubernetes' quantity: a decimal number and a suffix (`resource.Quantity`).
    private static func isQuantity(_ text: String) -> Bool {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard Double(number) != nil else { return false }
        let suffix = text.dropFirst(number.count)
        if ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].contains(suffix) {
            return true
        }
        return (suffix.hasPrefix("e") || suffix.hasPrefix("E")) && Int(suffix.dropFirst()) != nil
    }
}

extension Substring {
    /// Without white space at either end.
    var trimmed: String {
        let start = drop { $0.isWhitespace }
        let end = start.lastIndex { !$0.isWhitespace }
        return end.map { String(start[...$0]) } ?? ""
    }
}
