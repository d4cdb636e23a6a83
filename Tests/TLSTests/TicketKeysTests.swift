import Base
import TestTLS
import Testing

@testable import TLS

@Suite struct TicketKeysTests {
    @Test func `a key seals for an hour, opens for one more, and is forgotten`() throws {
        let keys = TicketKeys()
        let start = Timestamp.now
        let first = keys.current(now: start).name
        #expect(keys.current(now: start + .seconds(3500)).name == first)
        let later = start + .seconds(3700)
        #expect(keys.current(now: later).name != first)
        let old = try #require(keys.key(named: first, now: later))
        #expect(old.isOld)
        #expect(keys.key(named: first, now: start + .seconds(7500)) == nil)
        #expect(keys.key(named: [UInt8](repeating: 0, count: 16), now: later) == nil)
    }

    @Test func `after a long rest nothing old opens`() {
        let keys = TicketKeys()
        let name = keys.current().name
        #expect(keys.key(named: name, now: .now + .seconds(8000)) == nil)
    }

    @Test func `threads share a context, and nearly all connections resume`() async throws {
        let authority = try TestAuthority()
        let configuration = TLSServerConfiguration(identity: try authority.identity(dnsNames: ["a.example"]))
        let serving = try TLSServerContext(configuration)
        let trust = authority.trust
        let resumed = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let verification = PeerVerification(trust: trust, names: .any)
                    let calling = try TLSClientContext(TLSClientConfiguration(verification: verification))
                    var count = 0
                    for _ in 0..<100 {
                        let pair = try TLSPair(serving, calling, serverName: "a.example", destination: "a")
                        try #require(pair.handshake())
                        _ = pair.read(pair.client)
                        if pair.server?.info?.isResumed == true { count += 1 }
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(resumed == 4 * 99)
    }
}
