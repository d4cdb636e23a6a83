/// Many hosts, looked up by what they overlap with in time that does not depend on how many there are.
struct HostTable<Value: Sendable>: Sendable {
    private var exact: [String: [Value]] = [:]
    /// Hosts beginning with `*`, by what follows it.
    private var wildcards: [String: [Value]] = [:]
    /// The hosts, also those beginning with `*`, below each suffix that begins with a dot.
    private var below: [String: [(host: String, value: Value)]] = [:]
    /// Whether a wildcard does not end at a label, so that suffixes of labels do not find it.
    private var oddities: [(host: String, value: Value)] = []
    private(set) var all: [(host: String, value: Value)] = []

    mutating func insert(_ host: String, _ value: Value) {
        all.append((host, value))
        if HostName.isWildcard(host) {
            guard HostName.isServerName(host) else { return oddities.append((host, value)) }
            wildcards[String(host.dropFirst()), default: []].append(value)
        } else {
            exact[host, default: []].append(value)
        }
        for suffix in Self.suffixes(host) where HostName.isWildcard(host) ? suffix != host.dropFirst() : true {
            below[String(suffix), default: []].append((host, value))
        }
    }

    /// Every dot and what follows it.
    private static func suffixes(_ host: String) -> [Substring] {
        host.indices.filter { host[$0] == "." }.map { host[$0...] }
    }

    /// Calls `body` with each host that overlaps with `host`, in no order, and the narrower of the two names.
    func forEach(overlapping host: String, _ body: (String, Value) -> Void) {
        if host == "*" { return all.forEach { body($0.host, $0.value) } }
        let isOdd = HostName.isWildcard(host) && !HostName.isServerName(host)
        guard !isOdd else {
            for entry in all where HostName.overlap(entry.host, host) {
                body(HostName.covers(host, entry.host) ? entry.host : host, entry.value)
            }
            return
        }
        for value in wildcards[""] ?? [] { body(host, value) }
        for entry in oddities where HostName.overlap(entry.host, host) {
            body(HostName.covers(host, entry.host) ? entry.host : host, entry.value)
        }
        if HostName.isWildcard(host) {
            let suffix = String(host.dropFirst())
            for entry in below[suffix] ?? [] { body(entry.host, entry.value) }
        } else {
            for value in exact[host] ?? [] { body(host, value) }
        }
        for suffix in Self.suffixes(host) { for value in wildcards[String(suffix)] ?? [] { body(host, value) } }
    }
}
