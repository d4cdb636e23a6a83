import Base
import Synchronization
import TLS
import Testing

@testable import Identity

@Suite(.timeLimit(.minutes(1))) struct WorkloadCertificateTests {
    private func chain(_ key: PrivateKey, lifetime: Duration = .seconds(3600)) throws -> [String] {
        let authority = MeshAuthority(try AuthorityFiles.selfSigned(trustDomain: "cluster.local").files)
        let request = try CertificateRequest(key: key, names: AlternativeNames())
        return try authority.sign(requestPEM: request.pem, for: httpbin, lifetime: lifetime)
    }

    @Test func `an answer of the CA becomes an identity`() throws {
        let key = try PrivateKey(generating: .p256)
        let chain = try chain(key)
        let certificate = try CertificateRequester.certificate(SigningResponse(chain: chain), key)
        #expect(certificate.identity.leaf.alternativeNames.uris == [httpbin.description])
        #expect(certificate.rootsPEM == chain[1])
    }

    @Test func `an answer that does not belong together is refused`() throws {
        let (key, other) = (try PrivateKey(generating: .p256), try PrivateKey(generating: .p256))
        let (chain, foreign) = (try chain(key), try self.chain(other))
        let answers = [[], [chain[0]], [chain[1]], [foreign[0], foreign[1]], [chain[0], foreign[1]], ["x", "y"]]
        for answer in answers {
            #expect(throws: MeshError.self) {
                try CertificateRequester.certificate(SigningResponse(chain: answer), key)
            }
        }
    }

    @Test func `is renewed as it grows old, and tried again when the CA is away`() async throws {
        let calls = Mutex(0)
        let rotation = CertificateRotation {
            let call = calls.withLock { calls in
                calls += 1
                return calls
            }
            if call == 2 { throw MeshError(.unavailable, "the CA is away") }
            let key = try PrivateKey(generating: .p256)
            let chain = try self.chain(key, lifetime: .seconds(6))
            return try CertificateRequester.certificate(SigningResponse(chain: chain), key)
        }
        let (published, publishing) = AsyncStream<WorkloadCertificate>.makeStream()
        await withTaskGroup { group in
            group.addTask { await rotation.run { publishing.yield($0) } }
            var certificates: [WorkloadCertificate] = []
            for await certificate in published {
                certificates.append(certificate)
                if certificates.count == 2 { break }
            }
            #expect(certificates[0].identity.leaf != certificates[1].identity.leaf)
            group.cancelAll()
        }
        #expect(calls.withLock { $0 } == 3)
    }
}
