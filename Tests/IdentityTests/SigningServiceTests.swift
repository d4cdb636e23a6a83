import Base
import Identity
import Protobuf
import TLS
import Testing

private struct FakeReviewer: TokenReviewer {
    func review(token: String, audience: String) async throws -> (user: String, pod: String?)? {
        switch token {
        case "down": throw MeshError(.unavailable, "no API server")
        case "good": audience == "istio-ca" ? ("system:serviceaccount:full:sleep", "sleep-1") : nil
        case "person": ("kate", nil)
        default: nil
        }
    }
}

@Suite struct SigningServiceTests {
    private let authenticator = CallerAuthenticator(
        trustDomains: { ["cluster.local", "old.example"] },
        reviewer: FakeReviewer()
    )

    private func service() throws -> SigningService {
        SigningService(
            authority: MeshAuthority(try AuthorityFiles.selfSigned(trustDomain: "cluster.local").files),
            authenticator: authenticator
        )
    }

    private func message() throws -> [UInt8] {
        let request = try CertificateRequest(key: PrivateKey(generating: .p256), names: AlternativeNames())
        return SigningRequest(certificateRequest: request.pem, validitySeconds: 600).bytes
    }

    @Test(arguments: ["Bearer good", "Istio good"]) func `a good token gets its account's certificate`(
        _ authorization: String
    ) async throws {
        let credentials = CallerCredentials(certificateURIs: [], authorization: authorization)
        let answer = try await service().createCertificate(try message(), credentials: credentials, peer: "test")
        let chain = try SigningResponse(answer).chain
        #expect(chain.count == 2)
        #expect(try Certificate(pem: chain[0]).alternativeNames.uris == ["spiffe://cluster.local/ns/full/sa/sleep"])
    }

    @Test func `a client certificate of the mesh is enough, and comes first`() async throws {
        let uri = "spiffe://old.example/ns/legacy/sa/vm"
        let caller = try await authenticator.authenticate(CallerCredentials(certificateURIs: [uri], token: "good"))
        #expect(caller.identity.description == uri)
        #expect(try await authenticator.authenticate(CallerCredentials(token: "good")).pod == "sleep-1")
    }

    @Test(arguments: [
        CallerCredentials(), CallerCredentials(token: ""), CallerCredentials(token: "bad"),
        CallerCredentials(token: "person"), CallerCredentials(certificateURIs: ["spiffe://evil/ns/full/sa/sleep"]),
        CallerCredentials(certificateURIs: ["spiffe://cluster.local/sleep"]),
        CallerCredentials(certificateURIs: [], authorization: "Basic good"),
    ])
    func `whoever proves nothing learns nothing`(_ credentials: CallerCredentials) async throws {
        let service = try service()
        let message = try message()
        let refusal = await #expect(throws: SigningService.Refusal.self) {
            try await service.createCertificate(message, credentials: credentials, peer: "test")
        }
        #expect(refusal?.code == .unauthenticated)
        #expect(refusal?.message == "request authenticate failure")
    }

    @Test func `a token that cannot be reviewed may be tried again`() async throws {
        let service = try service()
        let message = try message()
        let refusal = await #expect(throws: SigningService.Refusal.self) {
            try await service.createCertificate(message, credentials: CallerCredentials(token: "down"), peer: "test")
        }
        #expect(refusal?.code == .unavailable)
    }

    @Test func `impersonation is refused in Istio's words`() async throws {
        var writer = ProtobufWriter()
        writer.message(4) { $0.message(1) { $0.string(1, "ImpersonatedIdentity") } }
        let service = try service()
        let bytes = try message() + writer.bytes
        let refusal = await #expect(throws: SigningService.Refusal.self) {
            try await service.createCertificate(bytes, credentials: CallerCredentials(token: "good"), peer: "test")
        }
        #expect(refusal?.code == .unauthenticated)
        #expect(refusal?.message == "request impersonation authentication failure")
    }

    @Test(arguments: [[0xff], SigningRequest(certificateRequest: "x", validitySeconds: 0).bytes])
    func `a bad request is the caller's fault`(_ bytes: [UInt8]) async throws {
        let service = try service()
        let refusal = await #expect(throws: SigningService.Refusal.self) {
            try await service.createCertificate(bytes, credentials: CallerCredentials(token: "good"), peer: "test")
        }
        #expect(refusal?.code == .invalidArgument)
        #expect(refusal?.message.hasPrefix("CSR signing error (") == true)
    }
}

@Suite struct SPIFFEIDTests {
    @Test func `an identity comes back as it was`() {
        #expect(SPIFFEID(httpbin.description) == httpbin)
        #expect(SPIFFEID(trustDomain: "me@example", namespace: "a", serviceAccount: "b").trustDomain == "me.example")
    }

    @Test(arguments: [
        "", "spiffe://", "spiffe://a", "spiffe://a/ns/b", "spiffe://a/ns/b/sa/", "spiffe:///ns/b/sa/c",
        "spiffe://a/ns//sa/c", "spiffe://a/ns/b/sa/c/d", "https://a/ns/b/sa/c", "spiffe://a/sa/b/ns/c",
    ])
    func `refuses what is none`(_ uri: String) { #expect(SPIFFEID(uri) == nil) }
}

@Suite struct RotationScheduleTests {
    private let day: Int64 = 86_400
    private func delay(obtained: Int64, now: Int64, ratio: Double = 0.5, jitter: Double = 0) -> Duration {
        var schedule = RotationSchedule()
        (schedule.ratio, schedule.jitter) = (ratio, jitter)
        var random = SystemRandomNumberGenerator()
        return schedule.delay(
            obtained: Timestamp(seconds: obtained),
            notAfter: Timestamp(seconds: day),
            now: Timestamp(seconds: now),
            using: &random
        )
    }

    @Test func `renews half-way`() {
        #expect(delay(obtained: 0, now: 0) == .seconds(43_200))
        #expect(delay(obtained: 0, now: 43_200) == .zero)
        #expect(delay(obtained: 0, now: 90_000) == .zero)
        #expect(delay(obtained: 43_200, now: 43_200) == .seconds(21_600))
        #expect(delay(obtained: 0, now: 0, ratio: 7) == .zero)
        #expect(delay(obtained: 0, now: 0, ratio: 0) == .seconds(86_400))
    }

    @Test func `give or take a hundredth`() {
        for _ in 0..<200 {
            let wait = delay(obtained: 0, now: 0, jitter: 0.01)
            #expect(wait >= .seconds(42_336) && wait <= .seconds(44_064))
        }
    }
}
