internal import Base
internal import Discovery
internal import HTTP

/// Builds the `location` of a redirect by Envoy's rules.
struct RedirectLocation {
    let redirect: HTTPRedirect

    /// - Parameters:
    ///   - matched: Octets of the path that the route matched.
    ///   - port: The listener's port, for `FROM_REQUEST_PORT`.
    func text(for head: HTTP1Head, matched: Int, port: UInt16) -> String {
        let scheme = redirect.scheme.isEmpty ? head.schemeName : redirect.scheme
        let port = portText(scheme, listener: port)
        let host =
            redirect.authority.isEmpty ? requestHost(head, scheme, hasNewPort: !port.isEmpty) : redirect.authority
        return "\(scheme)://\(host)\(port)\(path(head, matched))"
    }

    /// Empty when none is named, which is also so for the scheme's own port.
    private func portText(_ scheme: String, listener: UInt16) -> String {
        let number: UInt16 =
            switch redirect.port {
            case nil, .standard: 0
            case .request: listener
            case .number(let number): number
            }
        if number == 0 || number == Self.standardPort(scheme) { return "" }
        return ":\(number)"
    }

    private static func standardPort(_ scheme: String) -> UInt16 { scheme == "https" ? 443 : 80 }

    /// The request's authority, without its port when another takes its place or it was the old scheme's own.
    private func requestHost(_ head: HTTP1Head, _ scheme: String, hasNewPort: Bool) -> String {
        let authority = String(octets: head.authority)
        guard let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") else { return authority }
        let port = UInt16(authority[authority.index(after: colon)...])
        let isOldStandard = scheme != head.schemeName && port == Self.standardPort(head.schemeName)
        return hasNewPort || isOldStandard ? String(authority[..<colon]) : authority
    }

    /// The new path; the request's query stays unless the new path has one of its own.
    private func path(_ head: HTTP1Head, _ matched: Int) -> String {
        let path = head.path
        if !redirect.path.isEmpty {
            if redirect.path.utf8.contains(UInt8(ascii: "?")) { return redirect.path }
            return redirect.path + String(octets: path.extracting(head.pathCount...))
        }
        if !redirect.prefix.isEmpty {
            return redirect.prefix + String(octets: path.extracting(min(matched, path.count)...))
        }
        return String(octets: path)
    }
}
