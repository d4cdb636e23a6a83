import Base
import HTTP
import Kubernetes
import TLS

/// Says who sends a request: by client certificate, or by service-account token.
struct Authenticator: Sendable {
    let issuer: TokenIssuer

    /// - Parameter certificate: What the client showed in TLS, already verified against the cluster's authority.
    /// - Returns: ``UserInfo/anonymous`` for a request without credentials.
    /// - Throws: ``StatusError`` (401) for credentials that are not good.
    func user(_ fields: HTTPFields, certificate: Certificate?, index: StoreIndex) throws -> UserInfo {
        if let certificate { return Self.user(certificate) }
        guard let authorization = fields["Authorization"] else { return .anonymous }
        guard authorization.lowercased().hasPrefix("bearer ") else { throw Self.unauthorized }
        let token = String(authorization.dropFirst("bearer ".count))
        do {
            return try issuer.verify(token, audiences: [TokenIssuer.defaultAudience], index: index).user
        } catch {
            Log("authentication").warn("refused a token: \(error.message)")
            throw Self.unauthorized
        }
    }

    static let unauthorized = StatusError(code: 401, reason: "Unauthorized", message: "Unauthorized")

    /// The common name is the user, each organization a group.
    private static func user(_ certificate: Certificate) -> UserInfo {
        var user = UserInfo(name: "", groups: [])
        for field in fields(certificate.subject) {
            if let name = field.suffix(after: "CN=") { user.name = name }
            if let group = field.suffix(after: "O=") { user.groups.append(group) }
        }
        user.groups.append("system:authenticated")
        return user
    }

    /// The parts of a name in the form of RFC 2253, without the backslashes that protect special characters.
    private static func fields(_ subject: String) -> [String] {
        var fields = [""]
        var isEscaped = false
        for character in subject {
            if isEscaped {
                fields[fields.count - 1].append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "," || character == "+" {
                fields.append("")
            } else {
                fields[fields.count - 1].append(character)
            }
        }
        return fields
    }
}
