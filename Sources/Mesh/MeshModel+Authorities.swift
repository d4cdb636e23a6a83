extension MeshModel {
    /// How applications of `client` may write a service's host in requests, as DNS in their namespace lets them.
    ///
    /// - Parameter host: The service's host in full.
    public func authorities(of host: String, for client: Client) -> [String] {
        let domain = ".svc.\(clusterDomain)"
        guard host.hasSuffix(domain) else { return [host] }
        let short = host.dropLast(domain.utf8.count)
        var names = [host, "\(short).svc", String(short)]
        let labels = short.split(separator: ".")
        if labels.count == 2, labels[1] == client.namespace { names.append(String(labels[0])) }
        return names
    }
}
