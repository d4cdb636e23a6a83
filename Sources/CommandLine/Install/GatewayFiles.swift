internal import Base
internal import JSON

/// A Secret or a ConfigMap that a gateway's pod has as files, if it is there (`secretVolumes`, `configVolumes` of
/// `values.gateways`); for servers and rules that name files.
struct GatewayFiles {
    enum Source {
        case secret, configMap

        var list: String { self == .secret ? "secretVolumes" : "configVolumes" }
        /// The member of the list's entry that names the object.
        var member: String { self == .secret ? "secretName" : "configMapName" }
    }

    let source: Source
    private let entry: JSON

    init(_ source: Source, _ entry: JSON) { (self.source, self.entry) = (source, entry) }

    /// What the charts of Istio give to each gateway: `/etc/istio/ingressgateway-certs` from the Secret
    /// `istio-ingressgateway-certs`, `/etc/istio/ingressgateway-ca-certs` likewise.
    static func standard(_ kind: GatewaySettings.Kind) -> [JSON] {
        ["certs", "ca-certs"].map { suffix in
            let name = "\(kind.selector)-\(suffix)"
            return [
                "name": .string(name), "secretName": .string("istio-\(name)"),
                "mountPath": .string("/etc/istio/\(name)"),
            ]
        }
    }

    /// - Throws: `invalidConfiguration` when the entry does not say what it must.
    private func text(_ member: String) throws(MeshError) -> String {
        if let text = entry[member]?.string, !text.isEmpty { return text }
        throw MeshError(
            .invalidConfiguration,
            "values.gateways: each of \(source.list) needs name, \(source.member) and mountPath, and one has no \(member)"
        )
    }

    func name() throws(MeshError) -> String { try text("name") }

    func volume() throws(MeshError) -> JSON {
        let object: JSON = .string(try text(source.member))
        let name: JSON = .string(try name())
        switch source {
        case .secret: return ["name": name, "secret": ["secretName": object, "optional": true]]
        case .configMap: return ["name": name, "configMap": ["name": object, "optional": true]]
        }
    }

    func mount() throws(MeshError) -> JSON {
        ["name": .string(try name()), "mountPath": .string(try text("mountPath")), "readOnly": true]
    }
}
