/// Why one side of TLS gave up (RFC 8446 §6), by the number on the wire.
public struct TLSAlert: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let closeNotify = TLSAlert(rawValue: 0)
    static let unexpectedMessage = TLSAlert(rawValue: 10)
    static let badRecordMAC = TLSAlert(rawValue: 20)
    static let recordOverflow = TLSAlert(rawValue: 22)
    public static let handshakeFailure = TLSAlert(rawValue: 40)
    public static let badCertificate = TLSAlert(rawValue: 42)
    public static let certificateRevoked = TLSAlert(rawValue: 44)
    public static let certificateExpired = TLSAlert(rawValue: 45)
    public static let certificateUnknown = TLSAlert(rawValue: 46)
    static let illegalParameter = TLSAlert(rawValue: 47)
    public static let unknownCA = TLSAlert(rawValue: 48)
    static let decodeError = TLSAlert(rawValue: 50)
    public static let protocolVersion = TLSAlert(rawValue: 70)
    static let internalError = TLSAlert(rawValue: 80)
    static let userCanceled = TLSAlert(rawValue: 90)
    public static let certificateRequired = TLSAlert(rawValue: 116)
    public static let noApplicationProtocol = TLSAlert(rawValue: 120)

    private static let names: [UInt8: String] = [
        0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow",
        40: "handshake_failure", 42: "bad_certificate", 43: "unsupported_certificate", 44: "certificate_revoked",
        45: "certificate_expired", 46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca",
        49: "access_denied", 50: "decode_error", 51: "decrypt_error", 70: "protocol_version",
        71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled",
        100: "no_renegotiation", 109: "missing_extension", 110: "unsupported_extension", 112: "unrecognized_name",
        113: "bad_certificate_status_response", 115: "unknown_psk_identity", 116: "certificate_required",
        120: "no_application_protocol",
    ]

    /// The RFC's name, such as `unknown_ca`.
    public var description: String { Self.names[rawValue] ?? "alert \(rawValue)" }

    /// Whether the alert says that the receiver's certificate was not good enough.
    var concernsCertificate: Bool { (41...46).contains(rawValue) || rawValue == 48 || rawValue == 116 }
}
