internal import Base
internal import JSON

/// The files that the node gives every container of a pod: `/etc/hosts`, `/etc/resolv.conf`, `/etc/hostname`.
struct PodFiles: Sendable {
    let context: NodeContext
    let pod: PodSpecification
    let address: IPAddress

    private var directory: String { "\(context.podDirectory(pod.uid))/etc" }

    func write() throws {
        try Files.makeDirectory(directory)
        try Files.replace("\(directory)/hosts", with: Array(hosts.utf8), mode: 0o644)
        try Files.replace("\(directory)/resolv.conf", with: Array(resolver.utf8), mode: 0o644)
        try Files.replace("\(directory)/hostname", with: Array("\(pod.hostname)\n".utf8), mode: 0o644)
    }

    var mounts: [OCIConfiguration.Mount] {
        ["hosts", "resolv.conf", "hostname"].map { .init(source: "\(directory)/\($0)", destination: "/etc/\($0)") }
    }

    private var hosts: String {
        var name = pod.hostname
        if !pod.subdomain.isEmpty {
            name = "\(name).\(pod.subdomain).\(pod.namespace).svc.\(context.configuration.clusterDomain)\t\(name)"
        }
        var text = "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
        text += "\(address)\t\(name)\n"
        for alias in pod.spec["hostAliases"]?.array ?? [] {
            let names = alias["hostnames"]?.array?.compactMap(\.string) ?? []
            text += "\(alias["ip"]?.string ?? "")\t\(names.joined(separator: "\t"))\n"
        }
        return text
    }

    private var resolver: String {
        let domain = context.configuration.clusterDomain
        let policy = pod.spec["dnsPolicy"]?.string ?? "ClusterFirst"
        let own = pod.spec["dnsConfig"] ?? .null
        var servers = ["\(context.configuration.addresses.dnsService)"]
        var searches = ["\(pod.namespace).svc.\(domain)", "svc.\(domain)", domain]
        var options = ["ndots:5"]
        if policy == "None" { (servers, searches, options) = ([], [], []) }
        if policy == "Default" || policy == "ClusterFirst" && pod.usesHostNetwork {
            if let text = try? Files.readText("/etc/resolv.conf") { return text }
        }
        servers += own["nameservers"]?.array?.compactMap(\.string) ?? []
        searches += own["searches"]?.array?.compactMap(\.string) ?? []
        options += (own["options"]?.array ?? []).map { option in
            (option["name"]?.string ?? "") + (option["value"]?.string.map { ":\($0)" } ?? "")
        }
        var lines: [String] = []
        if !searches.isEmpty { lines.append("search " + searches.joined(separator: " ")) }
        lines += servers.map { "nameserver \($0)" }
        if !options.isEmpty { lines.append("options " + options.joined(separator: " ")) }
        return lines.joined(separator: "\n") + "\n"
    }
}
