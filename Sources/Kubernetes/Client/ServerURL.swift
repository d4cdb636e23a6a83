public import Base

/// Where an API server listens: `https://127.0.0.1:6443`, perhaps with a path before every request's.
public struct ServerURL: Hashable, Sendable, CustomStringConvertible {
    public let isSecure: Bool
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    public let host: String
    public let port: UInt16
    /// What comes before every request's path; without a slash at its end.
    public let pathPrefix: String

    public init(isSecure: Bool = true, host: String, port: UInt16, pathPrefix: String = "") {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.pathPrefix = pathPrefix
    }

    /// - Throws: ``MeshError`` `.invalidConfiguration` that says what a server's address looks like.
    public init(_ text: String) throws(MeshError) {
        let invalid = MeshError(
            .invalidConfiguration,
            "\"\(text)\" is not the address of an API server; use one like https://127.0.0.1:6443"
        )
        var rest = text[...]
        if rest.hasPrefix("https://") {
            isSecure = true
            rest = rest.dropFirst(8)
        } else if rest.hasPrefix("http://") {
            isSecure = false
            rest = rest.dropFirst(7)
        } else if text.contains("://") {
            throw invalid
        } else {
            isSecure = false  // As kubectl reads `localhost:8080`.
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var path = rest[slash...]
        while path.hasSuffix("/") { path = path.dropLast() }
        pathPrefix = String(path)
        guard let (host, port) = Self.split(rest[..<slash], defaultPort: isSecure ? 443 : 80) else { throw invalid }
        self.host = host
        self.port = port
    }

    private static func split(_ authority: Substring, defaultPort: UInt16) -> (host: String, port: UInt16)? {
        var host = authority
        var after = Substring()
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            after = authority[authority.index(after: end)...]
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            after = authority[colon...]
        }
        guard !host.isEmpty, !host.contains("@"), !host.contains(" ") else { return nil }
        if after.isEmpty { return (String(host), defaultPort) }
        guard after.hasPrefix(":"), let port = UInt16(after.dropFirst()), port > 0 else { return nil }
        return (String(host), port)
    }

    /// `host:port`, with brackets around an IPv6 address.
    public var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    public var description: String { "\(isSecure ? "https" : "http")://\(authority)\(pathPrefix)" }
}
