/// A TLS protocol version, in the order of their appearance.
public enum TLSVersion: Int, Sendable, Hashable, Comparable, CaseIterable, CustomStringConvertible {
    case tls10, tls11, tls12, tls13

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// As OpenSSL and Envoy's `%DOWNSTREAM_TLS_VERSION%` write it.
    public var description: String {
        switch self {
        case .tls10: "TLSv1"
        case .tls11: "TLSv1.1"
        case .tls12: "TLSv1.2"
        case .tls13: "TLSv1.3"
        }
    }

    /// The number on the wire (RFC 8446 §4.1.2), such as 0x0303 for TLS 1.2.
    public var wireNumber: UInt16 { 0x0301 + UInt16(rawValue) }

    /// The version with this number on the wire; nil for SSL and what is not known.
    public init?(wireNumber: UInt16) {
        guard (0x0301...0x0304).contains(wireNumber) else { return nil }
        self.init(rawValue: Int(wireNumber) - 0x0301)
    }
}
