public import Base
internal import CLinux
internal import Glibc

/// A non-blocking TCP or UDP socket, closed when its owner lets go of it.
public struct Socket: ~Copyable, Sendable {
    private let owned: OwnedDescriptor

    /// Takes ownership of an open, non-blocking socket.
    public init(adopting descriptor: consuming OwnedDescriptor) { owned = descriptor }

    /// The descriptor, borrowed: for registering with a loop and for TLS.
    public var descriptor: CInt { owned.raw }

    /// Gives up ownership of the descriptor.
    public consuming func release() -> OwnedDescriptor { owned }

    // Making

    /// A TCP socket that accepts connections.
    ///
    /// - Parameters:
    ///   - address: Port 0 lets the system choose; see ``localAddress``. ``IPAddress/any6`` accepts IPv4 as well.
    ///   - sharesPort: Whether other sockets (of other threads) may listen on the same port and share its connections.
    public static func listening(
        on address: SocketAddress,
        sharesPort: Bool = false,
        backlog: CInt = 4096
    ) throws(SystemError) -> Socket {
        let socket = try make(address, SOCK_STREAM)
        let descriptor = socket.descriptor
        try socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
        if sharesPort { try socket.set(SOL_SOCKET, SO_REUSEPORT, 1) }
        if address.ip == .any6 { try socket.set(CInt(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
        try systemCall("bind") { CLinux_bind(descriptor, address.raw) }
        // Connections inherit it, which spares each of them a call.
        try socket.set(CInt(IPPROTO_TCP), TCP_NODELAY, 1)
        try systemCall("listen") { listen(descriptor, backlog) }
        return socket
    }

    /// A TCP socket on its way to `address`; it becomes writable when it has arrived or failed, see ``takeError()``.
    ///
    /// - Parameter source: The local address to come from, if that matters; port 0 for any.
    public static func connecting(
        to address: SocketAddress,
        from source: SocketAddress? = nil
    ) throws(SystemError) -> Socket {
        let socket = try make(address, SOCK_STREAM)
        let descriptor = socket.descriptor
        try socket.set(CInt(IPPROTO_TCP), TCP_NODELAY, 1)
        if let source {
            if source.port == 0 { try socket.set(CInt(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, 1) }
            try systemCall("bind") { CLinux_bind(descriptor, source.raw) }
        }
        do {
            try systemCall("connect") { CLinux_connect(descriptor, address.raw) }
        } catch let error where error.code == EINPROGRESS {
            // The usual case: the outcome comes as an event.
        }
        return socket
    }

    /// A UDP socket that receives what is sent to `address`.
    public static func datagram(on address: SocketAddress) throws(SystemError) -> Socket {
        let socket = try make(address, SOCK_DGRAM)
        let descriptor = socket.descriptor
        try systemCall("bind") { CLinux_bind(descriptor, address.raw) }
        return socket
    }

    /// Whether `address` is one of this machine's, or of the network namespace's: whoever speaks to it speaks to itself.
    ///
    /// Sends nothing: it asks which address packets to it would come from. False when there is no way to it at all.
    public static func isOwn(_ address: IPAddress) -> Bool {
        guard let socket = try? make(SocketAddress(address, port: 0), SOCK_DGRAM) else { return false }
        let raw = SocketAddress(address, port: 9).raw
        return CLinux_connect(socket.descriptor, raw) == 0 && (try? socket.localAddress.ip) == address
    }

    private static func make(_ address: SocketAddress, _ type: __socket_type) throws(SystemError) -> Socket {
        let descriptor = try systemCall("socket") { CLinux_socket(address.ip.isIPv6 ? 1 : 0, CInt(type.rawValue)) }
        return Socket(adopting: OwnedDescriptor(adopting: descriptor))
    }

    /// The next connection, with TCP_NODELAY; nil when none is waiting.
    ///
    /// - Throws: ``SystemError``, such as EMFILE; connections that died while waiting are passed over.
    public borrowing func accept(peer: inout SocketAddress) throws(SystemError) -> Socket? {
        try Self.accept(from: descriptor, peer: &peer)
    }

    // Asking

    /// This end's address and port.
    public var localAddress: SocketAddress {
        get throws(SystemError) { try Self.localAddress(of: descriptor) }
    }

    /// The other end's address and port.
    public var peerAddress: SocketAddress {
        get throws(SystemError) {
            var raw = CLinux_address()
            try systemCall("getpeername") { unsafe CLinux_getpeername(descriptor, &raw) }
            return SocketAddress(raw: raw)
        }
    }

    /// Where the peer meant to connect before the packet filter redirected it here, if it did.
    ///
    /// nil when it was not redirected, or ``localAddress`` where connections are tracked all the same.
    ///
    /// - Parameter peer: The other end's address: a listener for both families has IPv4's redirects in IPv4's table.
    public func originalDestination(from peer: IPAddress) -> SocketAddress? {
        var raw = CLinux_address()
        let isIPv6: CInt = peer.unmapped.isIPv6 ? 1 : 0
        return unsafe CLinux_original_destination(descriptor, isIPv6, &raw) == 0 ? SocketAddress(raw: raw) : nil
    }

    /// The error that waits on the socket, such as that of a failed connection attempt; taken away by asking.
    public borrowing func takeError() -> SystemError? {
        let code = CLinux_take_error(descriptor)
        return code == 0 ? nil : SystemError(call: "connect", code: code)
    }

    // Setting

    /// Makes closing send a reset and drop what is unsent: how a refused connection ends.
    public borrowing func resetOnClose() { _ = CLinux_reset_on_close(descriptor) }

    /// Tells the peer that nothing more will be sent; reading goes on.
    public borrowing func finishSending() { _ = shutdown(descriptor, CInt(SHUT_WR)) }

    /// Keeps probing an idle peer, so that one that vanished is noticed after about a minute.
    public borrowing func keepAlive() throws(SystemError) { try keepAlive(after: 30, every: 10, probes: 3) }

    /// Probes an idle peer.
    ///
    /// - Parameters:
    ///   - idle: Seconds of silence before the first probe; 0 leaves it to the system, as with the others.
    ///   - interval: Seconds between probes.
    ///   - probes: How many without an answer end the connection.
    public borrowing func keepAlive(after idle: CInt, every interval: CInt, probes: CInt) throws(SystemError) {
        try set(SOL_SOCKET, SO_KEEPALIVE, 1)
        if idle > 0 { try set(CInt(IPPROTO_TCP), TCP_KEEPIDLE, min(idle, 32767)) }
        if interval > 0 { try set(CInt(IPPROTO_TCP), TCP_KEEPINTVL, min(interval, 32767)) }
        if probes > 0 { try set(CInt(IPPROTO_TCP), TCP_KEEPCNT, min(probes, 127)) }
    }

    private borrowing func set(_ level: CInt, _ option: CInt, _ value: CInt) throws(SystemError) {
        let descriptor = descriptor
        try systemCall("setsockopt") { CLinux_set_option(descriptor, level, option, value) }
    }
}

extension SocketAddress {
    var raw: CLinux_address { CLinux_address(high: ip.high, low: ip.low, port: port, is6: ip.isIPv6 ? 1 : 0) }

    init(raw: CLinux_address) {
        let ip = raw.is6 != 0 ? IPAddress(high: raw.high, low: raw.low) : IPAddress(ipv4: UInt32(raw.low))
        self.init(ip, port: raw.port)
    }
}
