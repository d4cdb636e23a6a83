internal import JSON
public import Kubernetes

/// Routes for hosts (networking.istio.io VirtualService).
public struct VirtualService: IstioResource {
    public var metadata: Metadata
    /// As written; empty for one that others delegate to.
    public var hosts: [String]
    /// As written; empty means `mesh`.
    public var gateways: [String]
    /// The first that matches decides.
    public var http: [HTTPRoute]
    /// For connections that carry TLS of their own, by server name.
    public var tls: [TLSRoute]
    /// For all other connections.
    public var tcp: [TCPRoute]
    /// Namespaces that see it, `.` and `*`; empty means `meshConfig.defaultVirtualServiceExportTo`.
    public var exportTo: [String]

    /// The name among `gateways` that stands for all sidecars.
    public static let mesh = "mesh"

    public init(metadata: Metadata, spec: inout FieldReader) {
        self.metadata = metadata
        hosts = spec.strings("hosts") ?? []
        gateways = spec.strings("gateways") ?? []
        if spec.value("http")?.array?.contains(.null) ?? false { spec.problems.add("http route may not be null") }
        http = spec.list("http", HTTPRoute.init)
        tls = spec.list("tls", TLSRoute.init)
        tcp = spec.list("tcp", TCPRoute.init)
        exportTo = spec.strings("exportTo") ?? []
    }

    /// Whether it holds routes for others to delegate to.
    public var isDelegate: Bool { hosts.isEmpty }

    /// The key of a gateway that an object of `namespace` names; nil for `mesh`.
    ///
    /// `name`, `./name`, `namespace/name`, and the form of old releases, `name.namespace.svc.cluster.local`.
    public static func gatewayKey(_ name: String, in namespace: String) -> ObjectKey? {
        if name == mesh { return nil }
        let parts = name.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if parts.count == 2 { return ObjectKey(namespace: parts[0] == "." ? namespace : parts[0], name: parts[1]) }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        return labels.count > 1
            ? ObjectKey(namespace: labels[1], name: labels[0]) : ObjectKey(namespace: namespace, name: name)
    }
}
