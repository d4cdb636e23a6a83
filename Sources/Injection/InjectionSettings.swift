internal import Base
public import JSON

/// What an installation says about injection: the mesh configuration and the values of its injector.
public struct InjectionSettings: Sendable {
    /// What happens to a pod that says nothing about injection.
    public enum Policy: String, Sendable {
        case enabled, disabled
    }

    /// The mesh configuration (`meshConfig`, the key `mesh` of ConfigMap `istio`).
    public var mesh: JSON
    /// The installation's values, complete: what is given over ``defaultValues``.
    public var values: JSON
    /// For pods without label and annotation `sidecar.istio.io/inject`.
    public var policy: Policy = .enabled
    /// Pods that one of these selects are not injected unless they ask for it.
    public var neverInjectSelector: [JSON] = []
    /// Pods that one of these selects are injected unless they refuse.
    public var alwaysInjectSelector: [JSON] = []
    /// The control plane's revision; `default` for the unnamed one.
    public var revision = "default"
    /// Where the control plane runs.
    public var systemNamespace = "istio-system"
    /// Whether the cluster starts init containers with `restartPolicy: Always` as sidecars (Kubernetes 1.29).
    public var usesNativeSidecars = true

    public init(mesh: JSON = [:], values: JSON = [:]) {
        self.mesh = mesh
        self.values = Self.defaultValues.merged(with: values)
    }

    /// Reads ConfigMap `istio-sidecar-injector`: `config` and `values`, each already decoded.
    public init(mesh: JSON, config: JSON, values: JSON) {
        self.init(mesh: mesh, values: values)
        policy = config["policy"]?.string.flatMap(Policy.init) ?? .enabled
        neverInjectSelector = config["neverInjectSelector"]?.array ?? []
        alwaysInjectSelector = config["alwaysInjectSelector"]?.array ?? []
        if let name = self.values["revision"]?.string, !name.isEmpty { revision = name }
        if let name = self.values["global", "istioNamespace"]?.string, !name.isEmpty { systemNamespace = name }
    }

    /// The value at a dotted path such as `global.proxy.logLevel`.
    func value(_ path: String) -> JSON? { values[path.split(separator: ".").map(String.init)] }

    /// A text or a number of the values, as text; empty when there is none.
    func text(_ path: String) -> String { value(path)?.scalarText ?? "" }

    /// The defaults of every proxy, with what the pod itself asks for in `proxy.istio.io/config`.
    func proxyConfig(overridden own: JSON) -> JSON { (mesh["defaultConfig"] ?? [:]).merged(with: own) }
}

extension InjectionSettings {
    /// What holds when an installation says nothing else; the names are those of Istio's charts.
    public static let defaultValues: JSON = [
        "global": [
            "hub": "docker.io/apus", "tag": .string(Version.current), "imagePullPolicy": "",
            "istioNamespace": "istio-system",
            "meshID": "", "network": "", "caAddress": "", "logging": ["level": "default:info"],
            "multiCluster": ["clusterName": "Kubernetes"], "proxy": defaultProxyValues,
        ],
        "sidecarInjectorWebhook": [
            "rewriteAppHTTPProbe": true, "enableNamespacesByDefault": false, "reinvocationPolicy": "Never",
        ],
        "revision": "",
    ]

    private static let defaultProxyValues: JSON = [
        "image": "proxy", "clusterDomain": "cluster.local", "logLevel": "warning", "componentLogLevel": "misc:error",
        "includeIPRanges": "*", "excludeIPRanges": "", "includeInboundPorts": "*", "excludeInboundPorts": "",
        "includeOutboundPorts": "", "excludeOutboundPorts": "", "privileged": false, "statusPort": 15020,
        "readinessInitialDelaySeconds": 0, "readinessPeriodSeconds": 15, "readinessFailureThreshold": 4,
        "startupProbe": ["enabled": true, "failureThreshold": 600],
        "resources": [
            "requests": ["cpu": "100m", "memory": "128Mi"], "limits": ["cpu": "2000m", "memory": "1024Mi"],
        ],
    ]
}
