/// TLS settings of the mesh (MeshConfig `meshMTLS` and `tlsDefaults`).
public struct TLSConfig: Hashable, Sendable {
    public enum Version: String, CaseIterable, Sendable {
        case auto = "TLS_AUTO"
        case tls12 = "TLSV1_2"
        case tls13 = "TLSV1_3"
    }

    public var minProtocolVersion: Version = .auto
    public var ecdhCurves: [String] = []
    /// TLS 1.2 suites by OpenSSL's names, in order; empty means the default.
    public var cipherSuites: [String] = []

    public init() {}

    init(_ reader: inout FieldReader) {
        minProtocolVersion = reader.choice("minProtocolVersion", Version.self) ?? .auto
        ecdhCurves = reader.strings("ecdhCurves") ?? []
        cipherSuites = reader.strings("cipherSuites") ?? []
    }

    /// What workloads offer and accept in TLS 1.2 unless told otherwise, in order of preference.
    ///
    /// Istio's list without AES256-GCM-SHA384 and AES128-GCM-SHA256: their RSA key exchange has no forward secrecy, and
    /// does not work with the ECDSA certificates of workloads.
    public static let workloadCipherSuites = [
        "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
    ]

    /// Names that Istio accepts and this project can use for workloads: those with an ephemeral key exchange.
    private static let usableCipherSuites: Set<String> = [
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA", "ECDHE-RSA-AES256-SHA",
    ]
    private static let suitesWithoutForwardSecrecy: Set<String> = [
        "AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES128-SHA", "AES256-SHA", "DES-CBC3-SHA",
    ]
    private static let knownCurves: Set<String> = [
        "P-224", "P-256", "P-521", "P-384", "X25519", "X25519Kyber768Draft00", "X25519MLKEM768",
    ]

    /// The suites a workload's proxy is given: the usable ones of ``cipherSuites``, each once; the default when none is.
    public var usableWorkloadCipherSuites: [String] {
        var seen: Set<String> = []
        let usable = cipherSuites.filter { Self.usableCipherSuites.contains($0) && seen.insert($0).inserted }
        return usable.isEmpty ? Self.workloadCipherSuites : usable
    }

    /// Validates `meshMTLS`.
    func validateForWorkloads() -> Validation {
        var result = Validation()
        result.error(if: !ecdhCurves.isEmpty, "mesh TLS does not support ECDH curves configuration")
        result.error(
            if: !cipherSuites.isEmpty && !cipherSuites.contains(where: Self.usableCipherSuites.contains),
            "meshMTLS.cipherSuites has no suite that workloads can use: add one such as \(Self.workloadCipherSuites[0])"
        )
        let insecure = cipherSuites.filter(Self.suitesWithoutForwardSecrecy.contains)
        result.warn(
            if: !insecure.isEmpty,
            "meshMTLS.cipherSuites: left out for want of forward secrecy: [\(insecure.joined(separator: " "))]"
        )
        let unknown = cipherSuites.filter {
            !Self.usableCipherSuites.contains($0) && !Self.suitesWithoutForwardSecrecy.contains($0)
        }
        result.warn(
            if: !unknown.isEmpty,
            "meshMTLS.cipherSuites: left out because unknown: [\(unknown.joined(separator: " "))]"
        )
        return result
    }

    /// Validates `tlsDefaults`.
    func validateDefaults() -> Validation {
        var result = Validation()
        var seen: Set<String> = []
        let duplicates = ecdhCurves.filter { !seen.insert($0).inserted }
        let unknown = ecdhCurves.filter { !Self.knownCurves.contains($0) }
        result.warn(if: !unknown.isEmpty, "detected unrecognized ECDH curves: [\(unknown.joined(separator: " "))]")
        result.warn(if: !duplicates.isEmpty, "detected duplicate ECDH curves: [\(duplicates.joined(separator: " "))]")
        let invalid = cipherSuites.filter { !CipherSuites.isAccepted($0) }
        result.warn(
            if: !invalid.isEmpty,
            "tlsDefaults.cipherSuites: left out because unknown: [\(invalid.joined(separator: " "))]"
        )
        result.error(
            if: !cipherSuites.isEmpty && CipherSuites.usable(cipherSuites).isEmpty,
            "tlsDefaults.cipherSuites has no suite that can be used: add one such as \(CipherSuites.known[1])"
        )
        return result
    }
}
