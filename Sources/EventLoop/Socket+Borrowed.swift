public import Base
internal import CLinux
internal import Glibc

/// The same for a descriptor that somebody else owns.
extension Socket {
    /// The next connection of the listening socket `descriptor`; see ``accept(peer:)``.
    public static func accept(from descriptor: CInt, peer: inout SocketAddress) throws(SystemError) -> Socket? {
        while true {
            var raw = CLinux_address()
            do {
                let accepted = try systemCall("accept4") { unsafe CLinux_accept(descriptor, &raw) }
                peer = SocketAddress(raw: raw)
                return Socket(adopting: OwnedDescriptor(adopting: accepted))
            } catch {
                switch error.code {
                case EAGAIN: return nil
                case ECONNABORTED, EPROTO: continue
                default: throw error
                }
            }
        }
    }

    /// The address and port of the socket `descriptor`.
    public static func localAddress(of descriptor: CInt) throws(SystemError) -> SocketAddress {
        var raw = CLinux_address()
        try systemCall("getsockname") { unsafe CLinux_getsockname(descriptor, &raw) }
        return SocketAddress(raw: raw)
    }

    /// The next datagram, cut off at `limit` octets; nil when none is waiting.
    public static func receive(
        from descriptor: CInt,
        upTo limit: Int
    ) throws(SystemError) -> (bytes: [UInt8], sender: SocketAddress)? {
        var raw = CLinux_address()
        var bytes = [UInt8](repeating: 0, count: limit)
        do {
            let count = try systemCall("recvfrom") { unsafe CLinux_recvfrom(descriptor, &bytes, limit, &raw) }
            return (Array(bytes[..<count]), SocketAddress(raw: raw))
        } catch let error where error.code == EAGAIN {
            return nil
        }
    }

    /// Sends one datagram; false when the socket must become writable first.
    public static func send(
        _ bytes: [UInt8],
        from descriptor: CInt,
        to address: SocketAddress
    ) throws(SystemError) -> Bool {
        do {
            try systemCall("sendto") { unsafe CLinux_sendto(descriptor, bytes, bytes.count, address.raw) }
            return true
        } catch let error where error.code == EAGAIN {
            return false
        }
    }
}
