public import Protobuf

/// What the control plane sends (`envoy.service.discovery.v3.DeltaDiscoveryResponse`).
public struct DeltaResponse: Hashable, Sendable {
    /// One resource with its name, its version and its still encoded content.
    public struct Item: Hashable, Sendable {
        public var name: String
        public var version: String
        public var typeURL: String
        public var bytes: [UInt8]

        public init(name: String, version: String, typeURL: String, bytes: [UInt8]) {
            self.name = name
            self.version = version
            self.typeURL = typeURL
            self.bytes = bytes
        }
    }

    public var typeURL: String
    public var resources: [Item] = []
    public var removed: [String] = []
    public var nonce = ""

    public init(typeURL: String = DiscoveryProtocol.typeURL) { self.typeURL = typeURL }

    public var bytes: [UInt8] {
        var writer = ProtobufWriter()
        for item in resources {
            writer.message(2) {
                $0.string(1, item.version)
                $0.message(2) {
                    $0.string(1, item.typeURL)
                    $0.bytes(2, item.bytes)
                }
                $0.string(3, item.name)
            }
        }
        writer.string(4, typeURL)
        writer.string(5, nonce)
        writer.strings(6, removed)
        return writer.bytes
    }

    public init(_ bytes: [UInt8]) throws(ProtobufError) {
        self.init(typeURL: "")
        var reader = ProtobufReader(bytes)
        while let field = try reader.nextField() {
            switch field.number {
            case 2: resources.append(try Self.item(try field.message()))
            case 4: typeURL = try field.string()
            case 5: nonce = try field.string()
            case 6: removed.append(try field.string())
            default: break
            }
        }
    }

    private static func item(_ reader: ProtobufReader) throws(ProtobufError) -> Item {
        var item = Item(name: "", version: "", typeURL: "", bytes: [])
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: item.version = try field.string()
            case 2:
                var any = try field.message()
                while let field = try any.nextField() {
                    switch field.number {
                    case 1: item.typeURL = try field.string()
                    case 2: item.bytes = try field.bytes()
                    default: break
                    }
                }
            case 3: item.name = try field.string()
            default: break
            }
        }
        return item
    }
}
