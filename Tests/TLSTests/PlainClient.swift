import Base
import CLinux
import Glibc
import TLS

/// A server's end of TLS whose peer sends given bytes and nothing else.
final class PlainClient {
    private let near: OwnedDescriptor
    private let far: OwnedDescriptor
    private let server: TLSConnection

    init(server: TLSServerContext, sends bytes: [UInt8]) throws {
        var ends: [CInt] = [-1, -1]
        try systemCall("socketpair") { unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) }
        for end in ends { CLinux_set_nonblocking(end) }
        near = OwnedDescriptor(adopting: ends[0])
        far = OwnedDescriptor(adopting: ends[1])
        self.server = TLSConnection(server: server, descriptor: ends[1])
        let writer = ends[0]
        try systemCall("write") { unsafe write(writer, bytes, bytes.count) }
    }

    func handshake() -> TLSConnection.Handshake { server.handshake() }
}
