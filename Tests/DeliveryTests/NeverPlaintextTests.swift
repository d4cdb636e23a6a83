import Base
import Discovery
import Network
import Synchronization
import Testing

@testable import Proxy

/// A server that would understand plaintext, in the place of one that must be spoken to with mutual TLS.
@Suite(.timeLimit(.minutes(3))) struct NeverPlaintextTests {
    @Test(arguments: [true, false])
    func `nothing is sent in plaintext to who must be encrypted, with a certificate or without`(
        hasCertificate: Bool
    ) async throws {
        let port = try ReservedPort("127.0.0.7")
        try await Mesh.run(endpoint: port.address) { mesh in
            let listener = try AsyncListener(binding: port.address, sharesPort: true)
            let client = try TestSidecar("sleep", in: mesh, inbound: ReservedPort("127.0.0.5"))
            if hasCertificate { try await client.enroll("sleep", in: mesh) }
            let recorder = Recorder()
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask { await recorder.run(listener) }
                group.addTask { await client.discovery.run() }
                try await eventually("the client has what it begins with") { client.state.resources.count == 3 }
                let connected = try await client.get("httpbin:8000").status
                #expect(connected == 503)
                mesh.relay.close()
                try await eventually("the client lost the control plane") { !client.discovery.isConnected }
                let alone = try await client.get("httpbin:8000").status
                #expect(alone == 503)
                // A TLS record of a handshake, if anything.
                let firsts = recorder.firstOctets.withLock { $0 }
                #expect(firsts.allSatisfy { $0 == 0x16 } && firsts.isEmpty != hasCertificate)
            }
        }
    }

    /// Answers everything as an HTTP server would, and remembers what connections began with.
    private final class Recorder: Sendable {
        let firstOctets = Mutex<[UInt8]>([])

        func run(_ listener: AsyncListener) async {
            await withDiscardingTaskGroup { group in
                while !Task.isCancelled, let connection = try? await listener.accept() {
                    group.addTask {
                        guard let octets = try? await connection.read(), let first = octets.first else { return }
                        self.firstOctets.withLock { $0.append(first) }
                        try? await connection.write(Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8))
                    }
                }
            }
        }
    }
}
