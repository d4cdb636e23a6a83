import Base
import COpenSSL
import TestKeySchedule
import TestTLS
import Testing

@testable import TLS

/// Connections that have forgotten their handshake, with peers that have, too, or have not.
@Suite struct RecordTests {
    private let mesh: TestAuthority

    init() throws {
        try #require(TestKeySchedule_is_installed() == 1)
        mesh = try TestAuthority()
    }

    enum Forgetful: CaseIterable { case client, server, both }

    /// Both ends after a handshake and a greeting each way, after which clients can forget.
    private func connect(
        _ forgetful: Forgetful,
        suite: String = "TLS_AES_256_GCM_SHA384"
    ) throws -> (TLSPair, server: TLSConnection) {
        let (server, client) = (
            try mesh.workload("spiffe://cluster.local/ns/a/sa/server"),
            try mesh.workload("spiffe://cluster.local/ns/a/sa/client")
        )
        let pair = try TLSPair(TLSServerContext(server.server), TLSClientContext(client.client))
        #expect(unsafe SSL_set_ciphersuites(pair.client.ssl, suite) == 1)
        #expect(pair.handshake())
        let far = try #require(pair.server)
        #expect(far.info?.cipherSuite == suite)
        if forgetful != .client { far.forgetHandshake() }
        if forgetful != .server { pair.client.forgetHandshake() }
        for (sender, receiver) in [(pair.client, far), (far, pair.client)] {
            _ = sender.write([1, 2, 3].span)
            #expect(pair.read(receiver).0 == [1, 2, 3])
        }
        #expect((far.records != nil) == (forgetful != .client))
        #expect((pair.client.records != nil) == (forgetful != .server))
        return (pair, far)
    }

    private func carry(_ count: Int, _ sender: TLSConnection, _ receiver: TLSConnection, _ pair: TLSPair, limit: Int) {
        let sent = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        var (received, position, turns) = ([UInt8](), 0, 0)
        while received.count < count, turns < 100_000 {
            turns += 1
            if position < count, case .moved(let moved) = sender.write(sent.span.extracting(position...)) {
                position += moved
            }
            sender.flush()
            received += pair.read(receiver, limit: limit).0
        }
        #expect(received == sent)
    }

    private static let suites = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]

    @Test(arguments: Forgetful.allCases, suites)
    func `bytes arrive whole with every suite`(forgetful: Forgetful, suite: String) throws {
        let (pair, far) = try connect(forgetful, suite: suite)
        for count in [1, 16_384, 16_385, 500_000] {
            carry(count, pair.client, far, pair, limit: 65_536)
            carry(count, far, pair.client, pair, limit: 65_536)
        }
    }

    @Test(arguments: [1, 7, 1000, 16_384, 20_000])
    func `records that are larger than the room are read in parts`(limit: Int) throws {
        let (pair, far) = try connect(.both)
        carry(40_000, pair.client, far, pair, limit: limit)
    }

    @Test(arguments: Forgetful.allCases) func `an end is told, and a missing one as well`(forgetful: Forgetful) throws {
        let (pair, far) = try connect(forgetful)
        pair.client.finishSending()
        #expect(pair.read(far).1.isEnd)
        let (other, _) = try connect(forgetful)
        other.dropServer()
        #expect(other.read(other.client).1.failure?.kind == .truncated)
    }

    @Test func `a key changes in the middle, and the peer follows`() throws {
        for forgetful in [Forgetful.server, .both] {
            let (pair, far) = try connect(forgetful)
            for _ in 0..<3 {
                #expect(far.changeKey())
                carry(1000, far, pair.client, pair, limit: 65_536)
                carry(1000, pair.client, far, pair, limit: 65_536)
            }
        }
    }

    @Test func `OpenSSL changes its key, and gets a new one in return`() throws {
        let (pair, far) = try connect(.server)
        for _ in 0..<3 {
            #expect(unsafe SSL_key_update(pair.client.ssl, SSL_KEY_UPDATE_REQUESTED) == 1)
            carry(1000, pair.client, far, pair, limit: 65_536)
            carry(1000, far, pair.client, pair, limit: 65_536)
        }
    }

    @Test func `a new key is wanted while the socket takes no more`() throws {
        let (pair, far) = try connect(.server)
        let block = [UInt8](repeating: 5, count: 100_000)
        var (sent, received) = (0, 0)
        while !far.hasUnsent, case .moved(let count) = far.write(block.span) { sent += count }
        #expect(far.hasUnsent)
        #expect(unsafe SSL_key_update(pair.client.ssl, SSL_KEY_UPDATE_REQUESTED) == 1)
        _ = pair.client.write([1].span)
        #expect(pair.read(far).0 == [1])
        if case .moved = far.write(block.span) { Issue.record("taken before the earlier bytes had gone") }
        while received < sent {
            let bytes = pair.read(pair.client).0
            try #require(!bytes.isEmpty && bytes.allSatisfy { $0 == 5 })
            received += bytes.count
            far.flush()
        }
        carry(1000, far, pair.client, pair, limit: 65_536)
        carry(1000, pair.client, far, pair, limit: 65_536)
    }

    @Test func `a connection whose key OpenSSL has changed stays with it`() throws {
        let (pair, far) = try connect(.client)
        #expect(unsafe SSL_key_update(far.ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1)
        carry(1000, far, pair.client, pair, limit: 65_536)
        far.forgetHandshake()
        #expect(far.records == nil)
        carry(1000, far, pair.client, pair, limit: 65_536)
        carry(1000, pair.client, far, pair, limit: 65_536)
    }

    @Test func `what nobody with the key has made ends the connection with an alert`() throws {
        let (pair, far) = try connect(.both)
        pair.sendToServer([23, 3, 3, 0, 20] + [UInt8](repeating: 7, count: 20))
        let failure = try #require(pair.read(far).1.failure)
        #expect(failure.kind == .protocolError)
        #expect(failure.alertSent == .badRecordMAC)
        #expect(pair.read(pair.client).1.failure?.alertReceived == .badRecordMAC)
    }

    private static let impossible: [([UInt8], TLSAlert)] = [
        ([22, 3, 3, 0, 1, 0], .unexpectedMessage), ([20, 3, 3, 0, 1, 1], .unexpectedMessage),
        ([23, 3, 3, 0, 16], .badRecordMAC), ([23, 3, 3, 0x41, 1], .recordOverflow),
        ([0, 0, 0, 0, 0], .unexpectedMessage),
    ]

    @Test(arguments: impossible) func `headers that cannot be are refused at once`(
        octets: [UInt8],
        alert: TLSAlert
    ) throws {
        let (pair, far) = try connect(.both)
        pair.sendToServer(octets)
        #expect(pair.read(far).1.failure?.alertSent == alert)
    }

    @Test func `octets that come one by one make a record in the end`() throws {
        let (pair, far) = try connect(.both)
        let room = UnsafeMutablePointer<UInt8>.allocate(capacity: 100)
        defer { unsafe room.deallocate() }
        let content: [UInt8] = [9, 8, 7]
        let count = unsafe content.withUnsafeBufferPointer { unsafe pair.client.records?.seal($0, into: room) } ?? 0
        for index in 0..<count {
            pair.sendToServer([unsafe room[index]])
            #expect(pair.read(far).0 == (index == count - 1 ? content : []))
        }
    }
}

extension TLSConnection {
    /// Goes over to the next key, and tells the peer.
    fileprivate func changeKey() -> Bool {
        let room = UnsafeMutablePointer<UInt8>.allocate(capacity: 100)
        defer { unsafe room.deallocate() }
        guard let count = unsafe records?.sealKeyUpdate(into: room) else { return false }
        return unsafe wire.send(UnsafeRawBufferPointer(start: room, count: count))
    }
}

@Suite struct HandshakeMessageTests {
    private func outcome(_ records: [UInt8]..., isClient: Bool = true) -> HandshakeMessages.Outcome {
        var messages = HandshakeMessages(isClient: isClient)
        var outcome = HandshakeMessages.Outcome.nothing
        for record in records {
            if outcome != .nothing { return .violation(.internalError) }
            outcome = messages.take(record.span)
        }
        return outcome
    }

    @Test func `a key update says whether it wants one`() {
        #expect(outcome([24, 0, 0, 1, 0]) == .keyUpdate(wantsAnswer: false))
        #expect(outcome([24, 0, 0, 1, 1], isClient: false) == .keyUpdate(wantsAnswer: true))
        #expect(outcome([24, 0], [0, 1], [1]) == .keyUpdate(wantsAnswer: true))
    }

    @Test func `a key update ends its record and has one octet that is known`() {
        #expect(outcome([24, 0, 0, 1, 0, 4]) == .violation(.unexpectedMessage))
        #expect(outcome([24, 0, 0, 1, 2]) == .violation(.illegalParameter))
        #expect(outcome([24, 0, 0, 2, 0, 0]) == .violation(.decodeError))
        #expect(outcome([24, 0, 0, 0]) == .violation(.decodeError))
    }

    @Test func `tickets are skipped, however they are cut, and only by clients`() {
        let ticket: [UInt8] = [4, 0, 0, 5, 1, 2, 3, 4, 5]
        for cut in 1..<ticket.count {
            #expect(outcome(Array(ticket[..<cut]), Array(ticket[cut...])) == .nothing)
        }
        #expect(outcome(ticket + ticket + [24, 0, 0, 1, 0]) == .keyUpdate(wantsAnswer: false))
        #expect(outcome(ticket, isClient: false) == .violation(.unexpectedMessage))
        #expect(outcome([4, 0xFF, 0xFF, 0xFF]) == .violation(.decodeError))
    }

    @Test(arguments: [0, 1, 2, 8, 11, 13, 20] as [UInt8]) func `no other message comes after a handshake`(type: UInt8) {
        #expect(outcome([type, 0, 0, 1, 0]) == .violation(.unexpectedMessage))
    }

    @Test func `an empty record is none of a message`() {
        #expect(outcome([]) == .violation(.unexpectedMessage))
    }
}
