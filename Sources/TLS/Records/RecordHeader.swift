/// What a record is of (RFC 8446 §5.1).
struct ContentType: Hashable {
    let rawValue: UInt8

    static let alert = Self(rawValue: 21)
    static let handshake = Self(rawValue: 22)
    static let applicationData = Self(rawValue: 23)
}

/// The five octets before each record.
struct RecordHeader {
    static let count = 5
    /// Octets of content in one record at most.
    static let content = 16_384

    let type: ContentType
    /// Octets that follow.
    let length: Int

    /// What a record of `count` octets takes once it is protected.
    static func sealed(_ count: Int) -> Int { Self.count + count + 1 + RecordSuite.tag }

    /// Whether a protected record may be as long, or short (§5.2).
    var isPossible: Bool { length > RecordSuite.tag && length <= Self.content + 256 }
}

extension RecordHeader {
    /// - Parameter octets: Five at least.
    init(_ octets: UnsafePointer<UInt8>) {
        // Safe: as said. The version in the middle means nothing (§5.1).
        type = unsafe ContentType(rawValue: octets[0])
        length = unsafe Int(octets[3]) << 8 | Int(octets[4])
    }

    /// - Parameter out: Where there is room for five octets.
    func write(to out: UnsafeMutablePointer<UInt8>) {
        unsafe (out[0], out[1], out[2]) = (type.rawValue, 3, 3)
        unsafe (out[3], out[4]) = (UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length))
    }
}
