internal import JSON

/// A named set of settings to begin an installation from (`--set profile=…`).
enum Profile: String, CaseIterable {
    case `default`, demo, minimal, preview, empty

    /// What the profile sets, in the form of IstioOperator's `spec`.
    var spec: JSON {
        var spec = settings
        spec["components", "ingressGateways"] = [ingressGateway]
        spec["components", "egressGateways"] = [
            [
                "name": .string(GatewaySettings.Kind.egress.standardName),
                "enabled": .bool(self == .demo),
            ]
        ]
        return spec
    }

    private var ingressGateway: JSON {
        let isEnabled = self == .default || self == .demo || self == .preview
        var gateway: JSON = [
            "name": .string(GatewaySettings.Kind.ingress.standardName), "enabled": .bool(isEnabled),
        ]
        if self == .demo {
            let more = GatewaySettings.Port.demonstration.map(\.object)
            let all = GatewaySettings.Kind.ingress.standardPorts.map(\.object) + more
            gateway["k8s", "service", "ports"] = .array(all)
        }
        return gateway
    }

    private var settings: JSON {
        switch self {
        case .default, .minimal, .preview: [:]
        case .demo:
            [
                "values": [
                    "global": ["proxy": ["resources": ["requests": ["cpu": "10m", "memory": "40Mi"]]]],
                    "pilot": ["resources": ["requests": ["cpu": "10m", "memory": "100Mi"]]],
                ]
            ]
        case .empty: ["components": ["base": ["enabled": false], "pilot": ["enabled": false]]]
        }
    }
}
