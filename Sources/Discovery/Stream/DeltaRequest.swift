public import Protobuf

/// What a proxy sends (`envoy.service.discovery.v3.DeltaDiscoveryRequest`).
public struct DeltaRequest: Hashable, Sendable {
    /// Only in the first request of a stream.
    public var node: NodeIdentity?
    public var typeURL: String
    public var subscribe: [String] = []
    public var unsubscribe: [String] = []
    /// Only in the first request: what the proxy holds from an earlier stream, by name.
    public var initialVersions: [String: String] = [:]
    /// The response that this answers; empty when it answers none.
    public var responseNonce = ""
    /// Why the response was refused; nil when it was not.
    public var error: String?
    /// Which servers cannot serve now; nil when that is as it was.
    ///
    /// A field of ours, which xDS does not have.
    public var report: ServerReport?

    public init(typeURL: String = DiscoveryProtocol.typeURL) { self.typeURL = typeURL }

    public var bytes: [UInt8] {
        var writer = ProtobufWriter()
        if let node {
            writer.message(1) {
                $0.string(1, node.id)
                $0.string(6, "apus-proxy")
                $0.string(7, node.version)
            }
        }
        writer.string(2, typeURL)
        writer.strings(3, subscribe)
        writer.strings(4, unsubscribe)
        writer.map(5, initialVersions)
        writer.string(6, responseNonce)
        if let error {
            writer.message(7) {
                $0.signed(1, 3)  // INVALID_ARGUMENT
                $0.string(2, error)
            }
        }
        if let report { writer.message(Self.reportField, report) }
        return writer.bytes
    }

    public init(_ bytes: [UInt8]) throws(ProtobufError) {
        self.init(typeURL: "")
        var reader = ProtobufReader(bytes)
        while let field = try reader.nextField() {
            switch field.number {
            case 1: node = try Self.node(try field.message())
            case 2: typeURL = try field.string()
            case 3: subscribe.append(try field.string())
            case 4: unsubscribe.append(try field.string())
            case 5:
                let (name, version) = try field.mapEntry()
                initialVersions[name] = version
            case 6: responseNonce = try field.string()
            case 7: error = try Self.statusMessage(try field.message())
            case Self.reportField: report = try field.message()
            default: break
            }
        }
    }

    /// Far from the numbers that xDS gives out.
    private static let reportField = 1000

    private static func node(_ reader: ProtobufReader) throws(ProtobufError) -> NodeIdentity {
        var node = NodeIdentity(id: "", version: "")
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: node.id = try field.string()
            case 7: node.version = try field.string()
            default: break
            }
        }
        return node
    }

    private static func statusMessage(_ reader: ProtobufReader) throws(ProtobufError) -> String {
        var message = ""
        var reader = reader
        while let field = try reader.nextField() {
            if field.number == 2 { message = try field.string() }
        }
        return message
    }
}
