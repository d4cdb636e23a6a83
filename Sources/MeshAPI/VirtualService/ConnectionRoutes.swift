extension VirtualService {
    /// Where connections with TLS of their own go (`tls[]`); they are not decrypted.
    public struct TLSRoute: Hashable, Sendable {
        /// A connection that meets any of them is this route's.
        public var match: [TLSMatch]
        public var route: [RouteDestination]

        init(_ reader: inout FieldReader) {
            match = reader.list("match", TLSMatch.init)
            route = reader.list("route", RouteDestination.ofConnections)
        }
    }

    /// Where other connections go (`tcp[]`).
    public struct TCPRoute: Hashable, Sendable {
        /// A connection that meets any of them is this route's; empty matches every connection.
        public var match: [ConnectionMatch]
        public var route: [RouteDestination]

        init(_ reader: inout FieldReader) {
            match = reader.list("match") { match in
                let result = ConnectionMatch(&match)
                match.ignore("sourceSubnet")
                return result
            }
            route = reader.list("route", RouteDestination.ofConnections)
        }
    }

    public struct TLSMatch: Hashable, Sendable {
        /// Exact names, or `*.suffix`.
        public var sniHosts: [String]
        public var connection: ConnectionMatch

        init(_ reader: inout FieldReader) {
            sniHosts = reader.strings("sniHosts") ?? []
            connection = ConnectionMatch(&reader)
        }
    }

    /// Conditions on a connection and on whoever makes it, all of which must hold.
    public struct ConnectionMatch: Hashable, Sendable {
        /// Addresses and CIDR ranges of which the original destination must be one; empty for any.
        public var destinationSubnets: [String]
        /// The port that is asked; nil for any.
        public var port: Int?
        public var sourceLabels: [String: String]
        public var sourceNamespace: String
        /// Instead of the object's own; empty for those.
        public var gateways: [String]

        init(_ reader: inout FieldReader) {
            destinationSubnets = reader.strings("destinationSubnets") ?? []
            port = reader.int("port")
            sourceLabels = reader.stringMap("sourceLabels") ?? [:]
            sourceNamespace = reader.string("sourceNamespace") ?? ""
            gateways = reader.strings("gateways") ?? []
        }
    }
}
