public import JSON
internal import Kubernetes
public import Mesh
public import MeshAPI

/// What a set of manifests would change for connections and requests, told before it is applied.
public struct Plan: Sendable {
    /// A connection that would be otherwise.
    public struct Change: Hashable, Sendable {
        public var client: String
        public var destination: DestinationName
        /// The pod at the other end, `name.namespace`; empty when it is none.
        public var server: String
        /// nil when there was no such connection.
        public var before: ConnectionDecision?
        /// nil when there would be none.
        public var after: ConnectionDecision?

        /// Whether it works now and would not any more.
        public var breaks: Bool { before?.works == true && after?.works == false }
        /// Whether it is encrypted now and would work without.
        public var becomesReadable: Bool {
            before?.works == true && before?.wire != .plaintext && after?.works == true && after?.wire == .plaintext
        }
    }

    /// An object that would be refused, or accepted with a word of warning.
    public struct Remark: Hashable, Sendable {
        public var object: ObjectReference
        public var validation: Validation
    }

    public var changes: [Change]
    /// What of it VirtualServices and Gateways decide.
    public var routeChanges: [RouteChange]
    public var remarks: [Remark]
    /// Whether one client of each namespace, with a sidecar and without, stands for all of them: the mesh is large.
    public var isSampled: Bool
    /// The model as it would be.
    public var after: MeshModel

    /// - Parameters:
    ///   - applied: Objects to create or change.
    ///   - deleted: Objects to delete.
    ///   - config: The mesh configuration afterwards; nil leaves it.
    public init(_ before: MeshModel, applying applied: [JSON], deleting deleted: [JSON] = [], config: MeshConfig? = nil)
    {
        var after = before
        var impact = Impact()
        var remarks: [Remark] = []
        if let config { impact.formUnion(after.set(config)) }
        for object in applied {
            let context = ValidationContext(rootNamespace: after.config.rootNamespace)
            if let validation = validate(object, in: context), validation != Validation() {
                remarks.append(
                    Remark(object: ObjectReference(object.kind, object.metadata.key), validation: validation)
                )
                if !validation.isValid { continue }
            }
            impact.formUnion(after.update(object))
        }
        for object in deleted { impact.formUnion(after.remove(object)) }
        self.after = after
        self.remarks = remarks
        (changes, isSampled) = Self.changes(before, after, impact)
        routeChanges = RouteChange.all(before, after, impact)
    }

    /// Connections that are looked at one by one; of more, only samples.
    private static let connectionLimit = 500_000

    private static func changes(_ before: MeshModel, _ after: MeshModel, _ impact: Impact) -> ([Change], Bool) {
        let hosts = Set(before.services.keys).union(after.services.keys).filter { host in
            let namespace = (after.services[host] ?? before.services[host])?.namespace ?? ""
            return impact.affectsDestination(host: host, namespace: namespace)
                || impact.inboundNamespaces.contains(namespace) || !impact.workloads.isEmpty
        }
        var clients = Set(before.workloads.keys).union(after.workloads.keys).sorted()
        let isSampled = clients.count * hosts.count > connectionLimit
        if isSampled {
            var seen: Set<String> = []
            clients = clients.filter { client in
                let workload = after.workloads[client] ?? before.workloads[client]
                return seen.insert("\(client.namespace) \(workload?.hasSidecar ?? false)").inserted
            }
        }
        let found = clients.flatMap { client in
            hosts.sorted().flatMap { host -> [Change] in
                let ports = [before, after].flatMap { $0.services[host]?.ports.map(\.number) ?? [] }
                return Set(ports).sorted().flatMap { port in
                    changes(before, after, client, DestinationName(host: host, port: port))
                }
            }
        }
        return (found, isSampled)
    }

    private static func changes(
        _ before: MeshModel,
        _ after: MeshModel,
        _ client: ObjectKey,
        _ name: DestinationName
    ) -> [Change] {
        func connections(_ model: MeshModel) -> [String: ConnectionDecision] {
            guard let workload = model.workloads[client], !workload.isFinished else { return [:] }
            let list = model.connections(from: workload, to: name).map { decision in
                (decision.server.map { "\($0.key.name).\($0.key.namespace)" } ?? "", decision)
            }
            return Dictionary(list) { first, _ in first }
        }
        let old = connections(before)
        let new = connections(after)
        return Set(old.keys).union(new.keys).sorted().compactMap { server in
            let (before, after) = (old[server], new[server])
            // What goes over the wire and whether it works is what counts, not the words of the reason.
            guard
                before?.wire != after?.wire || before?.failure != after?.failure || before?.identity != after?.identity
            else { return nil }
            let clientName = "\(client.name).\(client.namespace)"
            return Change(client: clientName, destination: name, server: server, before: before, after: after)
        }
    }

    /// The changes, the worst first, and a closing line that counts them.
    public var text: String {
        var text = ""
        for remark in remarks {
            for error in remark.validation.errors { text += "refused: \(remark.object): \(error)\n" }
            for warning in remark.validation.warnings { text += "warning: \(remark.object): \(warning)\n" }
        }
        let ordered =
            changes.filter(\.breaks) + changes.filter(\.becomesReadable)
            + changes.filter { !$0.breaks && !$0.becomesReadable }
        for change in ordered { text += "\(change.line)\n" }
        for change in routeChanges { text += change.text }
        let broken = changes.count(where: \.breaks)
        let readable = changes.count(where: \.becomesReadable)
        if isSampled { text += "The mesh is large: one client of each namespace stands for all of them.\n" }
        text +=
            changes.isEmpty
            ? "No connection changes.\n"
            : "\(changes.count) connections change: \(broken) break, \(readable) lose their encryption.\n"
        if !routeChanges.isEmpty {
            let count = routeChanges.count
            text += "\(count) \(count == 1 ? "host is" : "hosts are") routed otherwise.\n"
        }
        return text
    }
}

extension Plan.Change {
    private static func state(_ decision: ConnectionDecision?) -> String {
        guard let decision else { return "none" }
        return decision.failure.map { "fails (\($0))" } ?? decision.wire.rawValue
    }

    /// `BREAKS sleep.full -> httpbin.full…:8000 (httpbin-1.full): mTLS -> fails (503 UF); why`.
    public var line: String {
        let mark = breaks ? "BREAKS " : becomesReadable ? "PLAINTEXT " : ""
        let pod = server.isEmpty ? "" : " (\(server))"
        let reason = (after ?? before)?.reason ?? ""
        return "\(mark)\(client) -> \(destination.host):\(destination.port)\(pod): "
            + "\(Self.state(before)) -> \(Self.state(after)); \(reason)"
    }
}
