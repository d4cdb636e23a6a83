internal import JSON

/// A named set of settings to begin an installation from (`--set profile=…`).
enum Profile: String, CaseIterable {
    case `default`, demo, minimal, preview, empty

    /// What the profile sets, in the form of IstioOperator's `spec`.
    var spec: JSON {
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
