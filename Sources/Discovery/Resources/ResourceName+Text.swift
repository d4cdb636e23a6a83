extension ResourceName: CustomStringConvertible {
    /// The name on the wire, such as `address/10.96.0.7:8000`.
    public var description: String {
        switch self {
        case .mesh: "mesh"
        case .inbound: "inbound"
        case .trust: "trust"
        case .address(let address, let port): "address/\(address):\(port)"
        case .host(let host, let port): "host/\(port)/\(host)"
        case .destination(let name): "destination/\(name)"
        case .gateway: "gateway"
        case .routes(let name): "routes/\(name)"
        case .credential(let name): "credential/\(name)"
        }
    }

    /// Reads ``description``; nil for anything else, and for names too long to be meant.
    public init?(_ text: String) {
        guard text.utf8.count <= 600 else { return nil }
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        switch (parts[0], parts.count > 1 ? parts[1] : nil) {
        case ("mesh", nil): self = .mesh
        case ("inbound", nil): self = .inbound
        case ("trust", nil): self = .trust
        case ("gateway", nil): self = .gateway
        case ("address", let rest?):
            guard let colon = rest.lastIndex(of: ":"), let port = Self.port(rest[rest.index(after: colon)...]),
                colon > rest.startIndex
            else { return nil }
            self = .address(String(rest[..<colon]), port: port)
        case ("host", let rest?):
            guard let slash = rest.firstIndex(of: "/"), let port = Self.port(rest[..<slash]) else { return nil }
            let host = rest[rest.index(after: slash)...]
            guard !host.isEmpty, host.utf8.count <= 255 else { return nil }
            self = .host(String(host), port: port)
        case ("destination", let rest?) where !rest.isEmpty: self = .destination(String(rest))
        case ("routes", let rest?) where !rest.isEmpty: self = .routes(String(rest))
        case ("credential", let rest?) where !rest.isEmpty: self = .credential(String(rest))
        default: return nil
        }
    }

    /// A port without sign or leading zeros, so that each name has one spelling.
    private static func port(_ text: Substring) -> UInt16? {
        guard let port = UInt16(text), port > 0, String(port) == text else { return nil }
        return port
    }
}
