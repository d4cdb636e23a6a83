import Discovery
import TLS
import TestTLS
import Testing

@testable import Proxy

@Suite struct CredentialsTests {
    private let mesh: TestAuthority

    init() throws { mesh = try TestAuthority() }

    private func credentials(_ account: String, after predecessor: Credentials? = nil) throws -> Credentials {
        try Credentials(
            identity: try mesh.identity(uri: "spiffe://cluster.local/ns/foo/sa/\(account)"),
            trust: mesh.trust,
            trustDomains: ["cluster.local"],
            inbound: nil,
            predecessor: predecessor
        )
    }

    @Test func `sessions are resumed beyond a renewed certificate of the same workload`() throws {
        let first = try credentials("httpbin")
        let renewed = try credentials("httpbin", after: first)
        #expect(renewed.sessions.http === first.sessions.http && renewed.sessions.bytes === first.sessions.bytes)
        #expect(renewed.sessions.http !== renewed.sessions.bytes)
    }

    @Test func `another workload has sessions of its own`() throws {
        let first = try credentials("httpbin")
        let other = try credentials("sleep", after: first)
        #expect(other.sessions.http !== first.sessions.http && other.sessions.bytes !== first.sessions.bytes)
    }
}
