/// A version of SSL or TLS that a server may offer.
public enum ScanVersion: Int, Sendable, Hashable, Comparable, CaseIterable, CustomStringConvertible {
    case ssl2, ssl3, tls10, tls11, tls12, tls13

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// The number on the wire.
    public var wireNumber: UInt16 { self == .ssl2 ? 0x0002 : 0x02FF + UInt16(rawValue) }

    public init?(wireNumber: UInt16) {
        guard let version = Self.allCases.first(where: { $0.wireNumber == wireNumber }) else { return nil }
        self = version
    }

    /// As testssl.sh writes it in its table of clients, such as `TLSv1.2`.
    public var description: String {
        switch self {
        case .ssl2: "SSLv2"
        case .ssl3: "SSLv3"
        case .tls10: "TLSv1.0"
        case .tls11: "TLSv1.1"
        case .tls12: "TLSv1.2"
        case .tls13: "TLSv1.3"
        }
    }

    /// Reads Istio's `TLSV1_2` and OpenSSL's `TLSv1.2`, in any case.
    public init?(_ text: String) {
        let plain = String(text.uppercased().map { $0 == "_" ? "." : $0 })
        let found = Self.allCases.first { version in
            let name = version.description.uppercased()
            return plain == name || (version == .tls10 && plain == "TLSV1")
        }
        guard let found else { return nil }
        self = found
    }
}
