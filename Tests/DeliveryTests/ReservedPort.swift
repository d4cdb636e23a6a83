import Base
import Glibc

/// A port of a loopback address that nobody else is given; who shares ports may listen on it.
///
/// A bound socket that does not listen gets no connections.
final class ReservedPort: Sendable {
    let address: SocketAddress
    private let descriptor: CInt

    /// - Parameter ip: Of 127.0.0.0/8.
    init(_ ip: String) throws {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var yes: CInt = 1
        let length = socklen_t(MemoryLayout<CInt>.size)
        // Safe: the option's value is read while the call lasts.
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &yes, length)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = unsafe inet_addr(ip)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        // Safe: both calls get a whole sockaddr_in, and its size.
        let isBound = unsafe withUnsafeMutablePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(descriptor, address, size) == 0 && getsockname(descriptor, address, &size) == 0
            }
        }
        guard isBound, let parsed = IPAddress(ip) else { throw MeshError(.unavailable, "no port of \(ip) is free") }
        self.descriptor = descriptor
        address = SocketAddress(parsed, port: UInt16(bigEndian: name.sin_port))
    }

    deinit { close(descriptor) }
}
