/// The cipher suites of TLS 1.2 and before that a Gateway may name; those of TLS 1.3 are not configured.
public enum CipherSuites {
    /// Istio's list (`ValidCipherSuites`), in OpenSSL's names.
    public static let known = [
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA", "ECDHE-RSA-AES256-SHA",
        "AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES128-SHA", "AES256-SHA", "DES-CBC3-SHA",
    ]
    private static let names = Set(known)

    /// Whether Istio lets the text pass: a suite, `ALL`, or an expression such as `-ALL` or `[A|B]`.
    static func isAccepted(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, text != "ALL" else { return true }
        return names.contains(text) || !first.properties.isAlphabetic && !("0"..."9").contains(first)
    }

    /// What of a server's list holds: the suites that are known, each once, in order.
    ///
    /// Of BoringSSL's expressions `ALL`, `-X`, `!X` and `[A|B]` are understood, the last as `A`, `B`; others have no effect.
    /// Empty when nothing is left, and then the default holds.
    public static func usable(_ list: [String]) -> [String] {
        var suites: [String] = []
        var banned: Set<String> = []
        func add(_ names: [String]) {
            for name in names where Self.names.contains(name) && !banned.contains(name) && !suites.contains(name) {
                suites.append(name)
            }
        }
        for text in list {
            let rest = String(text.dropFirst())
            switch text.first {
            case "-", "!":
                let removed = rest == "ALL" ? Self.names : [rest]
                suites.removeAll { removed.contains($0) }
                if text.first == "!" { banned.formUnion(removed) }
            case "[": add(rest.split { $0 == "|" || $0 == "]" }.map(String.init))
            default: add(text == "ALL" ? known : [text])
            }
        }
        return suites
    }
}
