/// Servers of gateway proxies (networking.istio.io Gateway).
public struct Gateway: IstioResource {
    public var metadata: Metadata
    /// The labels of the pods it is for, in any namespace; nil for every gateway proxy.
    public var selector: WorkloadSelector?
    public var servers: [Server]

    public init(metadata: Metadata, spec: inout FieldReader) {
        self.metadata = metadata
        selector = spec.stringMap("selector").map(WorkloadSelector.init)
        servers = spec.list("servers", Server.init)
    }

    public func validate(in context: ValidationContext) -> Validation {
        var result = Validation()
        result.error(if: !isDNSLabel(metadata.name), "invalid gateway name: \(goQuoted(metadata.name))")
        result.error(if: servers.isEmpty, "gateway must have at least one server")
        var names: Set<String> = []
        for server in servers {
            guard server.isPresent else {
                result.error("server may not be nil")
                continue
            }
            result = result + server.validate()
            guard let port = server.port else { continue }
            result.error(
                if: !names.insert(port.name).inserted,
                "port names in servers must be unique: duplicate name \(port.name)"
            )
        }
        return result
    }

    /// One port that is opened, and for which hosts.
    public struct Server: Hashable, Sendable {
        /// False for a `null` in the list.
        var isPresent = true
        public var port: Port?
        /// An IP address or `unix://` and a path; empty for all addresses.
        public var bind: String
        /// `host` or `namespace/host`, where the namespace may be `.` or `*`, and the host `*` or `*.suffix`.
        public var hosts: [String]
        public var tls: ServerTLSSettings?
        /// For people.
        public var name: String

        init(_ reader: inout FieldReader) {
            isPresent = !reader.isNull
            port = reader.object("port", Port.init)
            bind = reader.string("bind") ?? ""
            hosts = reader.strings("hosts") ?? []
            tls = reader.object("tls", ServerTLSSettings.init)
            name = reader.string("name") ?? ""
            reader.ignore("defaultEndpoint")
        }

        /// Whether TLS goes through as it is (the mode that holds when `tls` names none).
        public var passesTLS: Bool { tls.map(\.passesTLS) ?? false }
    }

    /// Where a server listens, and what it is spoken to.
    public struct Port: Hashable, Sendable {
        public var number: Int
        public var protocolName: String
        public var name: String
        public var targetPort: Int?

        init(_ reader: inout FieldReader) {
            number = reader.int("number") ?? 0
            protocolName = reader.string("protocol") ?? ""
            name = reader.string("name") ?? ""
            targetPort = reader.int("targetPort")
        }
    }
}

extension Gateway.Port: CustomStringConvertible {
    /// As Go prints the message: `number:443 protocol:"HTTPS" name:"https"`.
    public var description: String {
        var parts: [String] = []
        if number != 0 { parts.append("number:\(number)") }
        if !protocolName.isEmpty { parts.append("protocol:\(goQuoted(protocolName))") }
        if !name.isEmpty { parts.append("name:\(goQuoted(name))") }
        return parts.joined(separator: " ")
    }
}
