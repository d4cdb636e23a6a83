import Base
import JSON
import Kubernetes

/// The columns of the kinds that a cluster is made of; pods have a file of their own.
extension TableColumns {
    static let namespace = TableColumns([.name, .path("Status", "status", "phase"), .age])

    static let node = TableColumns([
        .name, .text("Status", nodeStatus), .text("Roles", nodeRoles), .age,
        .path("Version", "status", "nodeInfo", "kubeletVersion"),
        .text("Internal-IP", isWide: true) { nodeAddress($0, "InternalIP") },
        .text("External-IP", isWide: true) { nodeAddress($0, "ExternalIP") },
        .path("OS-Image", isWide: true, "status", "nodeInfo", "osImage"),
        .path("Kernel-Version", isWide: true, "status", "nodeInfo", "kernelVersion"),
        .path("Container-Runtime", isWide: true, "status", "nodeInfo", "containerRuntimeVersion"),
    ])

    private static func nodeStatus(_ node: JSON) -> String {
        let ready = (node["status", "conditions"]?.array ?? []).first { $0["type"]?.string == "Ready" }
        let word =
            switch ready?["status"]?.string {
            case "True": "Ready"
            case "False": "NotReady"
            default: "Unknown"
            }
        return word + (node["spec", "unschedulable"]?.bool ?? false ? ",SchedulingDisabled" : "")
    }

    private static func nodeRoles(_ node: JSON) -> String {
        Printing.list(node.metadata.labels.keys.compactMap { $0.suffix(after: "node-role.kubernetes.io/") }.sorted())
    }

    private static func nodeAddress(_ node: JSON, _ type: String) -> String {
        let addresses = node["status", "addresses"]?.array ?? []
        return Printing.text(addresses.first { $0["type"]?.string == type }?["address"])
    }

    static let service = TableColumns([
        .name, .path("Type", "spec", "type"), .path("Cluster-IP", "spec", "clusterIP"),
        .text("External-IP", serviceExternal),
        .text("Port(s)") { service in
            Printing.list(
                (service["spec", "ports"]?.array ?? []).map { port in
                    let node = port["nodePort"]?.int ?? 0
                    let number = "\(port["port"]?.int ?? 0)" + (node > 0 ? ":\(node)" : "")
                    return "\(number)/\(port["protocol"]?.string ?? "")"
                }
            )
        },
        .age,
        .text("Selector", isWide: true) { Printing.labels($0["spec", "selector"]) },
    ])

    private static func serviceExternal(_ service: JSON) -> String {
        let external = service["spec", "externalIPs"]?.array?.compactMap(\.string) ?? []
        switch service["spec", "type"]?.string {
        case "ExternalName": return Printing.text(service["spec", "externalName"])
        case "LoadBalancer":
            let ingress = (service["status", "loadBalancer", "ingress"]?.array ?? [])
                .compactMap { $0["ip"]?.string ?? $0["hostname"]?.string }
            let all = ingress + external
            return all.isEmpty ? "<pending>" : all.joined(separator: ",")
        default: return Printing.list(external)
        }
    }

    static let endpoints = TableColumns([
        .name,
        .text("Endpoints") { endpoints in
            let all = (endpoints["subsets"]?.array ?? []).flatMap { subset in
                let addresses = (subset["addresses"]?.array ?? []).compactMap { $0["ip"]?.string }
                let ports = subset["ports"]?.array ?? []
                if ports.isEmpty { return addresses }
                return ports.flatMap { port in addresses.map { "\($0):\(port["port"]?.int ?? 0)" } }
            }
            return shortened(all, separator: ",")
        }, .age,
    ])

    static let endpointSlice = TableColumns([
        .name, .path("AddressType", "addressType"),
        .text("Ports") { slice in
            let ports = (slice["ports"]?.array ?? []).map { $0["port"]?.text() ?? "*" }
            return ports.isEmpty ? "<unset>" : shortened(ports, separator: ",")
        },
        .text("Endpoints") { slice in
            let addresses = (slice["endpoints"]?.array ?? [])
                .flatMap { $0["addresses"]?.array?.compactMap(\.string) ?? [] }
            return addresses.isEmpty ? "<unset>" : shortened(addresses, separator: ",")
        }, .age,
    ])

    /// The first three, and how many more there are.
    private static func shortened(_ values: [String], separator: String) -> String {
        if values.isEmpty { return "<none>" }
        let text = values.prefix(3).joined(separator: separator)
        return values.count > 3 ? "\(text) + \(values.count - 3) more..." : text
    }

    static let configMap = TableColumns([
        .name,
        .number("Data") { ($0["data"]?.object?.count ?? 0) + ($0["binaryData"]?.object?.count ?? 0) }, .age,
    ])
    static let secret = TableColumns([
        .name, .path("Type", "type"), .number("Data") { $0["data"]?.object?.count ?? 0 }, .age,
    ])
    static let serviceAccount = TableColumns([.name, .number("Secrets") { $0["secrets"]?.array?.count ?? 0 }, .age])
    static let lease = TableColumns([.name, .path("Holder", "spec", "holderIdentity"), .age])
    static let created = TableColumns([.name, .createdAt])
    static let webhooks = TableColumns([.name, .number("Webhooks") { $0["webhooks"]?.array?.count ?? 0 }, .age])

    static let binding = TableColumns([
        .name,
        .text("Role") { "\($0["roleRef", "kind"]?.string ?? "")/\($0["roleRef", "name"]?.string ?? "")" }, .age,
        .text("Users", isWide: true) { subjects($0, "User") },
        .text("Groups", isWide: true) { subjects($0, "Group") },
        .text("ServiceAccounts", isWide: true) { subjects($0, "ServiceAccount") },
    ])

    private static func subjects(_ binding: JSON, _ kind: String) -> String {
        (binding["subjects"]?.array ?? []).filter { $0["kind"]?.string == kind }.map { subject in
            let name = subject["name"]?.string ?? ""
            return kind == "ServiceAccount" ? "\(subject["namespace"]?.string ?? "")/\(name)" : name
        }.joined(separator: ", ")
    }

    static let podDisruptionBudget = TableColumns([
        .name, .text("Min Available") { $0["spec", "minAvailable"]?.plainText ?? "N/A" },
        .text("Max Unavailable") { $0["spec", "maxUnavailable"]?.plainText ?? "N/A" },
        .number("Allowed Disruptions", "status", "disruptionsAllowed"), .age,
    ])
}

extension JSON {
    /// A string without quotes, anything else as JSON.
    var plainText: String { string ?? text() }
}
