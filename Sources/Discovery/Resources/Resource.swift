public import Protobuf

/// Anything that the control plane tells a proxy.
public enum Resource: Hashable, Sendable {
    case mesh(MeshSettings)
    case inbound(InboundPolicy)
    case trust(TrustBundle)
    case address(AddressRoute)
    case host(HostRoute)
    case destination(Destination)
    case gateway(GatewayConfiguration)
    case routes(RouteTable)
    case credential(Credential)

    private static let typeURLPrefix = "type.googleapis.com/apus.discovery.v1."

    private var message: any DiscoveryMessage {
        switch self {
        case .mesh(let message): message
        case .inbound(let message): message
        case .trust(let message): message
        case .address(let message): message
        case .host(let message): message
        case .destination(let message): message
        case .gateway(let message): message
        case .routes(let message): message
        case .credential(let message): message
        }
    }

    /// What `google.protobuf.Any.type_url` says of it.
    public var typeURL: String {
        switch self {
        case .mesh: Self.typeURLPrefix + "MeshSettings"
        case .inbound: Self.typeURLPrefix + "InboundPolicy"
        case .trust: Self.typeURLPrefix + "TrustBundle"
        case .address: Self.typeURLPrefix + "AddressRoute"
        case .host: Self.typeURLPrefix + "HostRoute"
        case .destination: Self.typeURLPrefix + "Destination"
        case .gateway: Self.typeURLPrefix + "GatewayConfiguration"
        case .routes: Self.typeURLPrefix + "RouteTable"
        case .credential: Self.typeURLPrefix + "Credential"
        }
    }

    /// The message's bytes; equal for equal resources.
    public var bytes: [UInt8] {
        var writer = ProtobufWriter()
        message.write(into: &writer)
        return writer.bytes
    }

    /// Reads what ``bytes`` wrote.
    ///
    /// - Returns: nil for a type that this version does not know.
    public static func decode(typeURL: String, _ bytes: [UInt8]) throws(ProtobufError) -> Resource? {
        let reader = ProtobufReader(bytes)
        guard typeURL.hasPrefix(typeURLPrefix) else { return nil }
        switch typeURL.dropFirst(typeURLPrefix.count) {
        case "MeshSettings": return .mesh(try MeshSettings(reader))
        case "InboundPolicy": return .inbound(try InboundPolicy(reader))
        case "TrustBundle": return .trust(try TrustBundle(reader))
        case "AddressRoute": return .address(try AddressRoute(reader))
        case "HostRoute": return .host(try HostRoute(reader))
        case "Destination": return .destination(try Destination(reader))
        case "GatewayConfiguration": return .gateway(try GatewayConfiguration(reader))
        case "RouteTable": return .routes(try RouteTable(reader))
        case "Credential": return .credential(try Credential(reader))
        default: return nil
        }
    }

    /// Whether this is what `name` asks for.
    public func isNamed(by name: ResourceName) -> Bool {
        switch (self, name) {
        case (.mesh, .mesh), (.inbound, .inbound), (.trust, .trust), (.address, .address), (.host, .host): true
        case (.gateway, .gateway), (.credential, .credential): true
        case (.destination(let destination), .destination(let name)): destination.name == name
        case (.routes(let table), .routes(let name)): table.name == name
        default: false
        }
    }
}
