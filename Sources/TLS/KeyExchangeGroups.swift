internal import COpenSSL

/// The key exchange groups that `ecdhCurves` may name.
enum KeyExchangeGroups {
    /// The IANA number of each name that Istio knows (`pkg/config/security/security.go`).
    static let numbers: [String: UInt16] = [
        "P-224": 21, "P-256": 23, "P-384": 24, "P-521": 25, "X25519": 29, "X25519MLKEM768": 0x11EC,
        "X25519Kyber768Draft00": 0x6399,
    ]

    /// Whether this machine's OpenSSL can do `name`; OpenSSL 3.0, for one, has no post-quantum groups.
    static func isAvailable(_ name: String) -> Bool { unsafe COpenSSL_knows_group(name) == 1 }

    /// `first` and, behind it, the curves that certificates have, as a list of OpenSSL's.
    static func all(after first: String) -> String {
        ([first] + ["P-256", "P-384", "P-521"].filter { $0 != first }).joined(separator: ":")
    }

    /// The first of the server's groups that the client knows: BoringSSL insists on it, with a HelloRetryRequest if
    /// need be, where OpenSSL would take any key share that is there.
    static func best(of own: [String], for offered: [UInt16]) -> String? {
        own.first { name in numbers[name].map(offered.contains) ?? false }
    }
}

extension TLSParameters {
    /// Those of `names` that this machine's OpenSSL can do, in order: what ``groups`` may hold.
    public static func availableGroups(among names: [String]) -> [String] {
        names.filter(KeyExchangeGroups.isAvailable)
    }
}
