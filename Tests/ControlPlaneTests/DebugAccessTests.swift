import Base
import HTTP
import Identity
import Testing

@testable import ControlPlane

private struct NamedReviewer: TokenReviewer {
    func review(token: String, audience: String) async throws -> (user: String, pod: String?)? {
        token == "bad" ? nil : ("system:serviceaccount:\(token):prometheus", nil)
    }
}

@Suite struct DebugAccessTests {
    @Test(arguments: [
        ("/debug/model", "127.0.0.1", "", 200), ("/debug/model", "::1", "", 200),
        ("/debug/model", "::ffff:127.0.0.1", "", 200), ("/debug/model", "10.244.0.9", "", 401),
        ("/debug", "10.244.0.9", "", 401), ("/debug/model", "10.244.0.9", "Bearer bad", 401),
        ("/debug/model", "10.244.0.9", "Bearer foo", 403), ("/debug/model", "10.244.0.9", "Bearer istio-system", 200),
        ("/metrics", "10.244.0.9", "", 200), ("/version", "10.244.0.9", "", 200),
    ])
    func `the mesh's inside is for this machine and for the control plane's namespace`(
        path: String,
        peer: String,
        authorization: String,
        status: Int
    ) async throws {
        let access = DebugAccess(
            authenticator: CallerAuthenticator(trustDomains: { ["cluster.local"] }, reviewer: NamedReviewer()),
            namespace: "istio-system"
        )
        var request = HTTPRequestHead("GET", path)
        if !authorization.isEmpty { request.fields["Authorization"] = authorization }
        let address = try #require(IPAddress(peer))
        do {
            try await access.check(request, from: address)
            #expect(status == 200)
        } catch let failure as HTTPFailure {
            #expect(failure.status == status)
        }
    }
}
