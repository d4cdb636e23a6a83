import Base
import CLinux
import Glibc
import TLS
import TestTLS
import Testing

/// Both ends of a TLS connection over a socket pair, driven in turn on the calling thread.
final class TLSPair {
    private let near: OwnedDescriptor
    private var far: OwnedDescriptor?
    let client: TLSConnection
    var server: TLSConnection?

    init(
        _ server: TLSServerContext,
        _ client: TLSClientContext,
        serverName: String? = nil,
        expectedHost: String? = nil,
        destination: String? = nil,
        offer: ApplicationProtocols? = nil
    ) throws {
        var ends: [CInt] = [-1, -1]
        try systemCall("socketpair") {
            unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends)
        }
        for end in ends { CLinux_set_nonblocking(end) }
        near = OwnedDescriptor(adopting: ends[0])
        far = OwnedDescriptor(adopting: ends[1])
        self.client = TLSConnection(
            client: client,
            descriptor: ends[0],
            serverName: serverName,
            expectedHost: expectedHost,
            destination: destination,
            applicationProtocols: offer
        )
        self.server = TLSConnection(server: server, descriptor: ends[1])
    }

    var clientFailure: TLSFailure?
    var serverFailure: TLSFailure?

    /// Runs both handshakes until they are done or cannot go on; true when both are done.
    @discardableResult
    func handshake() -> Bool {
        guard let server else { return false }
        for _ in 0..<20 {
            let (first, second) = (client.handshake(), server.handshake())
            if case .failed(let failure) = first { clientFailure = failure }
            if case .failed(let failure) = second { serverFailure = failure }
            if case .done = first, case .done = second { return true }
            if clientFailure != nil, serverFailure != nil { return false }
        }
        // Under TLS 1.3 a client learns what became of its certificate only when it reads.
        if clientFailure == nil, case .failed(let failure) = read(client).1 { clientFailure = failure }
        return false
    }

    /// Reads what is there, up to `limit` octets a call.
    func read(_ connection: TLSConnection, limit: Int = 65_536) -> ([UInt8], TLSConnection.Transfer) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: limit)
        while true {
            var span = buffer.mutableSpan
            let result = connection.read(into: &span)
            guard case .moved(let count) = result else { return (bytes, result) }
            bytes += buffer[..<count]
            if !connection.mayHaveMore { return (bytes, result) }
        }
    }

    /// Puts octets on the wire that the client's end knows nothing of.
    func sendToServer(_ octets: [UInt8]) {
        #expect(unsafe Glibc.write(near.raw, octets, octets.count) == octets.count)
    }

    /// Closes the server's socket without a word.
    func dropServer() {
        server = nil
        far = nil
    }

    /// Closes the client's socket without a word.
    func dropClient() {
        shutdown(near.raw, CInt(SHUT_RDWR))
    }
}

extension TLSConnection.Transfer {
    var isEnd: Bool { if case .ended = self { true } else { false } }
    var failure: TLSFailure? { if case .failed(let failure) = self { failure } else { nil } }
}
