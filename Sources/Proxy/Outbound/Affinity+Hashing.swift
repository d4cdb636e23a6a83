internal import Base
internal import Discovery
internal import HTTP

extension Destination.Affinity {
    /// What a request is hashed by; nil when it has nothing of it, and any endpoint will do.
    ///
    /// - Parameters:
    ///   - client: Who made the request.
    ///   - cookie: The `set-cookie` field for a client that gets a cookie.
    func hash(
        _ head: HTTP1Head,
        from client: IPAddress,
        _ random: inout SplitMix64,
        cookie: inout String?
    ) -> UInt64? {
        switch key {
        case .header(let name):
            return head.firstIndex(ofLowercase: name.utf8.span).map {
                HashTable.hash([UInt8](copying: head.value(at: $0)))
            }
        case .sourceAddress: return hash(client)
        case .parameter(let name): return Self.parameter(name, of: head).map { HashTable.hash($0.utf8) }
        case .cookie(let name, let path, let lifetime):
            if let value = Self.cookie(name, of: head) { return HashTable.hash(value.utf8) }
            guard let lifetime else { return nil }
            let digits = String(random.next(), radix: 16)
            let value = String(repeating: "0", count: 16 - digits.count) + digits
            cookie = Self.field(name, value, path: path, lifetime: lifetime)
            return HashTable.hash(value.utf8)
        }
    }

    /// What a connection that is not HTTP is hashed by.
    func hash(ofConnectionFrom client: IPAddress) -> UInt64? { key == .sourceAddress ? hash(client) : nil }

    private func hash(_ address: IPAddress) -> UInt64 { HashTable.hash(address.description.utf8) }

    private static func parameter(_ name: String, of head: HTTP1Head) -> String? {
        let target = String(octets: head.target)
        guard let mark = target.firstIndex(of: "?") else { return nil }
        for pair in target[target.index(after: mark)...].split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts[0] == name { return parts.count > 1 ? String(parts[1]) : "" }
        }
        return nil
    }

    private static func cookie(_ name: String, of head: HTTP1Head) -> String? {
        var next = head.firstIndex(of: .cookie)
        while let index = next {
            for pair in String(octets: head.value(at: index)).split(separator: ";") {
                let pair = pair.drop { $0 == " " }
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, parts[0] == name else { continue }
                let value = parts[1].hasPrefix("\"") ? parts[1].dropFirst() : parts[1]
                return String(value.hasSuffix("\"") ? value.dropLast() : value)
            }
            next = head.firstIndex(of: .cookie, from: index + 1)
        }
        return nil
    }

    /// As Envoy writes it.
    private static func field(_ name: String, _ value: String, path: String, lifetime: Duration) -> String {
        var field = "\(name)=\"\(value)\""
        if lifetime > .zero { field += "; Max-Age=\(lifetime.components.seconds)" }
        if !path.isEmpty { field += "; Path=\(path)" }
        return field + "; HttpOnly"
    }
}
