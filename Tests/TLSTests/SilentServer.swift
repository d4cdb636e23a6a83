import Base
import CLinux
import Glibc
import TLS

/// A peer that only listens.
enum SilentServer {
    /// The first bytes that a client sends.
    static func firstBytes(
        from context: TLSClientContext,
        serverName: String?,
        offer: ApplicationProtocols?
    ) throws -> [UInt8] {
        var ends: [CInt] = [-1, -1]
        try systemCall("socketpair") { unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) }
        for end in ends { CLinux_set_nonblocking(end) }
        let (near, far) = (Kept(adopting: ends[0]), Kept(adopting: ends[1]))
        let client = TLSConnection(
            client: context,
            descriptor: near.descriptor.raw,
            serverName: serverName,
            applicationProtocols: offer
        )
        _ = client.handshake()
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = try systemCall("read") { unsafe read(far.descriptor.raw, &bytes, bytes.count) }
        return Array(bytes[..<count])
    }

    private final class Kept {
        let descriptor: OwnedDescriptor
        init(adopting raw: CInt) { descriptor = OwnedDescriptor(adopting: raw) }
    }
}
