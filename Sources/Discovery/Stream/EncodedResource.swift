/// A resource ready to be sent, and what must be sent with it.
public struct EncodedResource: Hashable, Sendable {
    public let typeURL: String
    public let bytes: [UInt8]
    /// A hash of the content: the same content has the same version, also after the control plane was started anew.
    public let version: String
    /// What a client needs or will need as soon as it has this.
    public let references: [ResourceName]

    /// - Parameter names: What the client is likely to ask for next, beside what the resource refers to.
    public init(_ resource: Resource, alsoNeeding names: [ResourceName] = []) {
        typeURL = resource.typeURL
        bytes = resource.bytes
        version = Self.hash(typeURL.utf8, bytes)
        references = resource.references + names
    }

    /// FNV-1a with 64 bits over both parts, as hexadecimal digits.
    private static func hash(_ first: String.UTF8View, _ second: [UInt8]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in first { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for byte in second { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
