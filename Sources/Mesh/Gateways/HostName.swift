/// Names that may begin with `*`, which stands for anything.
public enum HostName {
    static func isWildcard(_ host: String) -> Bool { host.hasPrefix("*") }

    /// Whether some name is meant by both (Istio's `host.Name.Matches`).
    public static func overlap(_ left: String, _ right: String) -> Bool { covers(left, right) || covers(right, left) }

    /// Whether every name meant by `host` is meant by `pattern` too (`SubsetOf`).
    public static func covers(_ pattern: String, _ host: String) -> Bool {
        guard isWildcard(pattern) else { return pattern == host }
        // `*.a.com` is not for `a.com`, and covers itself.
        return (isWildcard(host) ? host.dropFirst() : host[...]).hasSuffix(pattern.dropFirst())
    }

    /// Whether TLS can match it as a server name: exact, `*`, or `*` and whole labels.
    static func isServerName(_ host: String) -> Bool { !isWildcard(host) || host == "*" || host.hasPrefix("*.") }
}
