import Base
import JSON
import Kubernetes
import TLS

/// Issues and reads service-account tokens: JSON Web Tokens (RFC 7519) signed with the cluster's key.
struct TokenIssuer: Sendable {
    static let issuer: JSON = "https://kubernetes.default.svc.cluster.local"
    /// The audience of the API server itself.
    static let defaultAudience = "https://kubernetes.default.svc.cluster.local"

    private let key: PrivateKey

    init(key: PrivateKey) { self.key = key }

    /// Makes the token that a TokenRequest asks for.
    ///
    /// - Parameter account: The ServiceAccount.
    /// - Returns: The request with its `status`.
    func issue(_ request: JSON, account: JSON, index: StoreIndex) throws -> JSON {
        let metadata = account.metadata
        var request = request
        request["apiVersion"] = "authentication.k8s.io/v1"
        request["kind"] = "TokenRequest"
        let asked = request["spec", "audiences"]?.array?.compactMap(\.string) ?? []
        let audiences = asked.isEmpty ? [Self.defaultAudience] : asked
        let lifetime = request["spec", "expirationSeconds"]?.int ?? 3600
        guard (600...(1 << 32)).contains(lifetime) else {
            let type = ResourceType("authentication.k8s.io", "v1", "tokenrequests", kind: "TokenRequest")
            let error = FieldError.invalid(
                "spec.expirationSeconds",
                .int(lifetime),
                "may not specify a duration less than 10 minutes"
            )
            throw StatusError.invalid(type, "", [error])
        }
        let now = Timestamp.now
        var bound: JSON = [
            "namespace": .string(metadata.namespace),
            "serviceaccount": ["name": .string(metadata.name), "uid": .string(metadata.uid)],
        ]
        if let reference = request["spec", "boundObjectRef"] {
            bound["pod"] = try Self.pod(reference, account: metadata, index: index)
        }
        let claims: JSON = [
            "iss": Self.issuer, "sub": .string("system:serviceaccount:\(metadata.namespace):\(metadata.name)"),
            "aud": .strings(audiences), "iat": .int(now.seconds), "nbf": .int(now.seconds),
            "exp": .int(now.seconds + lifetime), "jti": .string(MetadataRules.newUID()), "kubernetes.io": bound,
        ]
        request["spec", "audiences"] = .strings(audiences)
        request["spec", "expirationSeconds"] = .int(lifetime)
        request["status"] = [
            "token": .string(try sign(claims)),
            "expirationTimestamp": .string((now + .seconds(lifetime)).description),
        ]
        return request
    }

    private static func pod(_ reference: JSON, account: ObjectMetadata, index: StoreIndex) throws -> JSON {
        guard reference["kind"]?.string == "Pod" else {
            throw StatusError.badRequest("cannot bind token to object of type \(reference["kind"]?.string ?? "")")
        }
        let name = reference["name"]?.string ?? ""
        let key = StorageKey(resource: "/pods", namespace: account.namespace, name: name)
        guard let pod = index[key]?.value else { throw StatusError.notFound(.pods, name) }
        if let uid = reference["uid"]?.string, !uid.isEmpty, uid != pod.metadata.uid {
            throw StatusError.conflict(
                .pods,
                name,
                "the UID in the bound object reference (\(uid)) does not match the UID in record. The object might have been deleted and then recreated"
            )
        }
        guard pod["spec", "serviceAccountName"]?.string == account.name else {
            throw StatusError.badRequest(
                "cannot bind token for serviceaccount \"\(account.name)\" to pod running with different serviceaccount name"
            )
        }
        return ["name": .string(name), "uid": .string(pod.metadata.uid)]
    }

    private func sign(_ claims: JSON) throws -> String {
        let header: JSON = ["alg": .string(key.publicKey.algorithm == .p256 ? "ES256" : "RS256"), "typ": "JWT"]
        let text = "\(Base64.encodeURL(header.bytes())).\(Base64.encodeURL(claims.bytes()))"
        return "\(text).\(Base64.encodeURL(try key.sign(Array(text.utf8)).signature))"
    }

    /// Whose token it is.
    ///
    /// - Parameter audiences: One of them must be the token's; those that are, are returned.
    /// - Throws: ``MeshError`` (`peerRejected`) with the reason.
    func verify(_ token: String, audiences: [String], index: StoreIndex) throws(MeshError) -> VerifiedToken {
        let claims = try signedClaims(token)
        let now = Timestamp.now.seconds
        guard claims["iss"] == Self.issuer else { throw MeshError(.peerRejected, "the token is of another issuer") }
        guard let expiry = claims["exp"]?.int, now < expiry else {
            throw MeshError(.peerRejected, "service account token has expired")
        }
        guard now + 60 >= claims["nbf"]?.int ?? 0 else {
            throw MeshError(.peerRejected, "service account token is not valid yet")
        }
        let own = claims["aud"]?.array?.compactMap(\.string) ?? [claims["aud"]?.string ?? ""]
        let shared = audiences.filter(own.contains)
        guard !shared.isEmpty else {
            throw MeshError(.peerRejected, "token audiences \(own) is invalid for the target audiences \(audiences)")
        }
        return VerifiedToken(user: try user(claims["kubernetes.io"] ?? .null, index), audiences: shared)
    }

    private func signedClaims(_ token: String) throws(MeshError) -> JSON {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let header = Base64.decode(parts[0]).flatMap({ try? JSON(parsing: $0) }),
            let claims = Base64.decode(parts[1]).flatMap({ try? JSON(parsing: $0) }),
            let signature = Base64.decode(parts[2]),
            let algorithm = header["alg"]?.string.flatMap({ SignatureAlgorithm(rawValue: $0) })
        else { throw MeshError(.peerRejected, "the token is no JSON Web Token") }
        guard key.publicKey.verify(signature, of: Array("\(parts[0]).\(parts[1])".utf8), algorithm) else {
            throw MeshError(.peerRejected, "the token's signature is not of this cluster")
        }
        return claims
    }

    /// The account, which must still be there, as must the pod the token is bound to.
    private func user(_ bound: JSON, _ index: StoreIndex) throws(MeshError) -> UserInfo {
        let namespace = bound["namespace"]?.string ?? ""
        let name = bound["serviceaccount", "name"]?.string ?? ""
        let uid = bound["serviceaccount", "uid"]?.string ?? ""
        let account = index[StorageKey(resource: "/serviceaccounts", namespace: namespace, name: name)]
        guard account?.value.metadata.uid == uid else {
            throw MeshError(.peerRejected, "service account \(namespace)/\(name) has been deleted")
        }
        var user = UserInfo(
            name: "system:serviceaccount:\(namespace):\(name)",
            uid: uid,
            groups: ["system:serviceaccounts", "system:serviceaccounts:\(namespace)", "system:authenticated"]
        )
        if let pod = bound["pod"] {
            let podName = pod["name"]?.string ?? ""
            let stored = index[StorageKey(resource: "/pods", namespace: namespace, name: podName)]
            guard let stored, stored.value.metadata.uid == pod["uid"]?.string else {
                throw MeshError(.peerRejected, "pod \(namespace)/\(podName) of the token has been deleted")
            }
            user.extra["authentication.kubernetes.io/pod-name"] = [podName]
            user.extra["authentication.kubernetes.io/pod-uid"] = [stored.value.metadata.uid]
        }
        return user
    }
}

/// A token that is this cluster's, valid now.
struct VerifiedToken: Sendable {
    let user: UserInfo
    /// Those it was asked for and is made for.
    let audiences: [String]
}
