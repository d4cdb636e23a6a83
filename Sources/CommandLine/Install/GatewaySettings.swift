internal import Injection
internal import JSON

/// What one gateway of an installation is to be.
///
/// It is made of the element of `components.ingressGateways` or `egressGateways`, of `values.gateways` for the standard
/// one, and of what holds when neither says anything.
struct GatewaySettings {
    enum Kind: CaseIterable {
        case egress, ingress

        /// The value of ``Manifests/componentLabel``.
        var component: String { self == .ingress ? "IngressGateways" : "EgressGateways" }
        /// The member of `components`.
        var list: String { self == .ingress ? "ingressGateways" : "egressGateways" }
        var standardName: String { self == .ingress ? "istio-ingressgateway" : "istio-egressgateway" }
        /// The value of the label `istio`, by which Gateways select it.
        var selector: String { self == .ingress ? "ingressgateway" : "egressgateway" }
        var serviceType: String { self == .ingress ? "LoadBalancer" : "ClusterIP" }
        var standardPorts: [Port] { self == .ingress ? [.status] + Port.web : Port.web }
    }

    /// A port of the gateway's Service.
    struct Port {
        var name: String
        var number: Int64
        var target: Int64

        static let status = Self(name: "status-port", number: 15021, target: 15021)
        /// The proxy runs as nobody in particular, who may not listen below 1024.
        static let web = [
            Self(name: "http2", number: 80, target: 8080), Self(name: "https", number: 443, target: 8443),
        ]
        /// What the demo profile adds.
        static let demonstration = [
            Self(name: "tcp", number: 31400, target: 31400), Self(name: "tls", number: 15443, target: 15443),
        ]

        var object: JSON {
            ["name": .string(name), "port": .int(number), "targetPort": .int(target), "protocol": "TCP"]
        }
    }

    let kind: Kind
    let name: String
    let namespace: String
    let isEnabled: Bool
    /// By which Services and Gateways select its pods.
    let labels: [String: String]
    /// The element's `k8s`, with `values.gateways` below it in the same form.
    let kubernetes: JSON
    /// Secrets and ConfigMaps that the pod has as files (`values.gateways`).
    let files: [GatewayFiles]

    private init(_ kind: Kind, _ element: JSON, values: JSON, namespace: String) {
        self.kind = kind
        let name = element["name"]?.string ?? values["name"]?.string ?? kind.standardName
        self.name = name
        self.namespace = element["namespace"]?.string ?? values["namespace"]?.string ?? namespace
        isEnabled = values["enabled"]?.bool ?? element["enabled"]?.bool ?? false
        labels = ["app": name, "istio": kind.selector]
            .merging(values["labels"]?.strings ?? [:]) { $1 }
            .merging(element["label"]?.strings ?? [:]) { $1 }
        files =
            (values["secretVolumes"]?.array ?? GatewayFiles.standard(kind)).map { GatewayFiles(.secret, $0) }
            + (values["configVolumes"]?.array ?? []).map { GatewayFiles(.configMap, $0) }
        kubernetes = Self.kubernetes(of: values).merged(with: element["k8s"] ?? [:])
    }

    /// All gateways of a kind that an IstioOperator's `spec` speaks of.
    static func all(_ kind: Kind, of spec: JSON, namespace: String) -> [Self] {
        (spec["components", kind.list]?.array ?? []).map { element in
            let name = element["name"]?.string ?? kind.standardName
            var values: JSON = name == kind.standardName ? spec["values", "gateways", name] ?? [:] : [:]
            // Of Istio 1.4: no gateways at all, whatever else is said.
            if spec["values", "gateways", "enabled"]?.bool == false { values["enabled"] = false }
            return Self(kind, element, values: values, namespace: namespace)
        }
    }

    /// The chart's values in the form of a component's `k8s`.
    private static func kubernetes(of values: JSON) -> JSON {
        var result: JSON = [:]
        for member in [
            "serviceAnnotations", "podAnnotations", "resources", "replicaCount", "nodeSelector", "tolerations",
        ] { result[member] = values[member] }
        for member in [
            "type", "loadBalancerIP", "loadBalancerSourceRanges", "externalTrafficPolicy", "externalIPs", "ports",
        ] where !(values[member] ?? .null).isNull { result["service", member] = values[member] }
        if let variables = values["env"]?.object {
            result["env"] = .array(
                variables.sorted { $0.key < $1.key }.map { name, value in
                    ["name": .string(name), "value": .string(value.string ?? value.text())]
                }
            )
        }
        return result
    }

    /// `spec` with `overlay` over it; gateways are the same when they have the same name, or no name and the same place.
    static func merge(_ spec: JSON, with overlay: JSON) -> JSON {
        var merged = spec.merged(with: overlay)
        for list in Kind.allCases.map(\.list) {
            guard let added = overlay["components", list]?.array else { continue }
            var all = spec["components", list]?.array ?? []
            for (index, element) in added.enumerated() {
                let name = element["name"]
                let known = name == nil ? all.indices.first { $0 == index } : all.firstIndex { $0["name"] == name }
                if let known { all[known] = all[known].merged(with: element) } else { all.append(element) }
            }
            merged["components", list] = .array(all)
        }
        return merged
    }
}
