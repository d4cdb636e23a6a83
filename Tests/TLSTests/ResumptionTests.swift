import Base
import TLS
import TestTLS
import Testing

@Suite struct ResumptionTests {
    private let mesh: TestAuthority
    private let server: TLSServerConfiguration
    private let client: TLSClientConfiguration

    init() throws {
        mesh = try TestAuthority()
        server = try mesh.workload("spiffe://cluster.local/ns/foo/sa/httpbin").server
        client = try mesh.workload("spiffe://cluster.local/ns/foo/sa/sleep").client
    }

    /// Connects, lets the tickets arrive, and says whether the session was a resumed one.
    private func connect(_ server: TLSServerContext, _ client: TLSClientContext, to destination: String?) throws -> Bool
    {
        let pair = try TLSPair(server, client, destination: destination)
        try #require(pair.handshake())
        _ = pair.read(pair.client)
        let info = try #require(pair.server?.info)
        #expect(pair.client.info?.isResumed == info.isResumed)
        // A resumed session knows its peers as well as the first one did.
        #expect(info.peerCertificate?.alternativeNames.uris == ["spiffe://cluster.local/ns/foo/sa/sleep"])
        #expect(pair.client.info?.peerCertificate != nil)
        return info.isResumed
    }

    @Test(arguments: [TLSVersion.tls12, .tls13]) func `the second connection to a destination resumes`(
        version: TLSVersion
    ) throws {
        var server = server
        server.parameters.versions = version...version
        let (serving, calling) = (try TLSServerContext(server), try TLSClientContext(client))
        #expect(try !connect(serving, calling, to: "10.0.0.1:80"))
        for _ in 0..<50 { #expect(try connect(serving, calling, to: "10.0.0.1:80")) }
        #expect(try !connect(serving, calling, to: "10.0.0.2:80"))
        #expect(try !connect(serving, calling, to: nil))
    }

    @Test func `connections opened together resume as well once there are tickets for them`() throws {
        let (serving, calling) = (try TLSServerContext(server), try TLSClientContext(client))
        var resumed = 0
        for _ in 0..<20 {
            let pairs = try (0..<16).map { _ in try TLSPair(serving, calling, destination: "a") }
            for pair in pairs {
                try #require(pair.handshake())
                _ = pair.read(pair.client)
                if pair.client.info?.isResumed == true { resumed += 1 }
            }
        }
        // All but those of the first round.
        #expect(resumed == 19 * 16)
    }

    @Test func `another server context does not accept the tickets`() throws {
        let calling = try TLSClientContext(client)
        #expect(try !connect(TLSServerContext(server), calling, to: "a"))
        #expect(try !connect(TLSServerContext(server), calling, to: "a"))
    }

    @Test func `another client context does not use the sessions`() throws {
        let serving = try TLSServerContext(server)
        #expect(try !connect(serving, TLSClientContext(client), to: "a"))
        #expect(try !connect(serving, TLSClientContext(client), to: "a"))
    }
}
