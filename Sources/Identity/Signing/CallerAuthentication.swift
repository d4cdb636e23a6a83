public import Base

/// What a caller of the control plane shows of itself.
public struct CallerCredentials: Sendable {
    /// The URI names of the client certificate, which the TLS layer has verified; empty without one.
    public var certificateURIs: [String]
    /// The JWT of `authorization: Bearer …` or `authorization: Istio …`; nil without one.
    public var token: String?

    public init(certificateURIs: [String] = [], token: String? = nil) {
        self.certificateURIs = certificateURIs
        self.token = token
    }

    /// - Parameter authorization: The header's value.
    public init(certificateURIs: [String], authorization: String?) {
        self.certificateURIs = certificateURIs
        for scheme in ["Bearer ", "Istio "] {
            if let authorization, authorization.hasPrefix(scheme) {
                token = String(authorization.dropFirst(scheme.utf8.count))
            }
        }
    }
}

/// Who a caller turned out to be.
public struct Caller: Hashable, Sendable {
    public let identity: SPIFFEID
    /// The pod, when the credential is bound to one.
    public let pod: String?

    public init(identity: SPIFFEID, pod: String? = nil) {
        self.identity = identity
        self.pod = pod
    }
}

/// Says who holds a service-account token; in a cluster the API server does (TokenReview).
public protocol TokenReviewer: Sendable {
    /// - Returns: The user, such as `system:serviceaccount:foo:sleep`, and the pod that the token is bound to; nil when
    ///   the token is not good.
    func review(token: String, audience: String) async throws -> (user: String, pod: String?)?
}

/// Finds out who calls, by certificate first and then by token; the first that proves anything wins.
public struct CallerAuthenticator: Sendable {
    private let trustDomains: @Sendable () -> [String]
    private let audience: String
    private let reviewer: any TokenReviewer

    /// - Parameters:
    ///   - trustDomains: The mesh's own first, then its aliases; asked anew for each caller.
    ///   - audience: What a token must be made for (TOKEN_AUDIENCES).
    public init(
        trustDomains: @escaping @Sendable () -> [String],
        audience: String = "istio-ca",
        reviewer: any TokenReviewer
    ) {
        self.trustDomains = trustDomains
        self.audience = audience
        self.reviewer = reviewer
    }

    /// - Throws: ``MeshError`` `peerRejected` when nothing proves who it is, `unavailable` when that cannot be found out.
    public func authenticate(_ credentials: CallerCredentials) async throws(MeshError) -> Caller {
        let domains = trustDomains()
        for uri in credentials.certificateURIs {
            if let identity = SPIFFEID(uri), domains.contains(identity.trustDomain) {
                return Caller(identity: identity)
            }
        }
        guard let token = credentials.token, !token.isEmpty else {
            throw MeshError(.peerRejected, "neither a client certificate of this mesh nor a service-account token")
        }
        let review: (user: String, pod: String?)?
        do {
            review = try await reviewer.review(token: token, audience: audience)
        } catch {
            throw MeshError(.unavailable, "the API server cannot review the token", cause: error)
        }
        guard let review else { throw MeshError(.peerRejected, "the service-account token is not valid") }
        let parts = review.user.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "system", parts[1] == "serviceaccount", !parts[2].isEmpty, !parts[3].isEmpty
        else { throw MeshError(.peerRejected, "\(review.user) is not a service account") }
        let identity = SPIFFEID(
            trustDomain: domains.first ?? "cluster.local",
            namespace: String(parts[2]),
            serviceAccount: String(parts[3])
        )
        return Caller(identity: identity, pod: review.pod)
    }
}
