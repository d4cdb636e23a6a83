internal import Base
internal import Mesh
internal import MeshAPI

/// A service as people name it: `httpbin`, `httpbin.full`, `httpbin.full.svc.cluster.local`, with or without `:port`.
struct ServiceName {
    let host: String
    /// nil when the text does not say.
    let port: Int?

    /// - Throws: `invalidConfiguration` for a port that is none, and for no host.
    init(_ text: String) throws(MeshError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        host = parts[0].lowercased()
        if host.isEmpty {
            throw MeshError(
                .invalidConfiguration,
                "\"\(text)\" is no host with or without a port, such as www.example.com:443"
            )
        }
        guard parts.count == 2 else {
            port = nil
            return
        }
        guard let number = Int(parts[1]), (1...65535).contains(number) else {
            throw MeshError(.invalidConfiguration, "\(text): \(parts[1]) is not a port")
        }
        port = number
    }

    /// The service that somebody in `namespace` means.
    ///
    /// - Throws: `notFound` with the nearest name that there is.
    func resolve(in model: MeshModel, namespace: String) throws(MeshError) -> Service {
        let labels = host.split(separator: ".")
        var candidates = [host]
        if labels.count == 1 { candidates.append(model.host(ofService: host, in: namespace)) }
        if labels.count == 2 { candidates.append(model.host(ofService: String(labels[0]), in: String(labels[1]))) }
        if labels.count == 3 { candidates.append("\(host).\(model.clusterDomain)") }
        for candidate in candidates { if let service = model.services[candidate] { return service } }
        let names = model.services.values.map { "\($0.metadata.name).\($0.namespace)" }
        let hint = Spelling.nearest(to: labels.count == 1 ? "\(host).\(namespace)" : host, among: names)
        throw MeshError(.notFound, "no service is known as \(host)" + (hint.map { "; did you mean \($0)?" } ?? ""))
    }
}
