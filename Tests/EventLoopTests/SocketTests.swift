import Base
import Glibc
import Testing

@testable import EventLoop

@Suite struct SocketTests {
    @Test(arguments: [IPAddress.loopback, .loopback6]) func `both ends know the addresses`(ip: IPAddress) throws {
        let listener = try Socket.listening(on: SocketAddress(ip, port: 0))
        let client = try Socket.connecting(to: try listener.localAddress)
        var peer = SocketAddress(.any, port: 0)
        var accepted: Kept?
        while accepted == nil {
            if let socket = try listener.accept(peer: &peer) { accepted = Kept(socket) }
        }
        #expect(try peer == client.localAddress)
        #expect(try accepted?.socket.peerAddress == peer)
        #expect(try client.peerAddress == listener.localAddress)
        // Nothing was redirected; where the kernel keeps track of connections, it says so in its own way.
        #expect(try [nil, accepted?.socket.localAddress].contains(accepted?.socket.originalDestination(from: peer.ip)))
        #expect(client.takeError() == nil)
    }

    @Test func `bytes go at once on both ends, and wait only for more that is announced`() throws {
        let (near, far) = try connectedPair()
        for end in [near, far] {
            var (value, length) = (CInt(0), socklen_t(MemoryLayout<CInt>.size))
            #expect(unsafe getsockopt(end.socket.descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &value, &length) == 0)
            #expect(value == 1)
        }
        #expect(far.socket.write([1].span, moreFollows: true) == .moved(1))
        var buffer = [UInt8](repeating: 0, count: 8)
        var span = buffer.mutableSpan
        #expect(near.socket.read(into: &span) == .wouldBlock)
        #expect(far.socket.write([2].span) == .moved(1))
        while near.socket.peek(into: &span) == .wouldBlock {}
        #expect(near.socket.read(into: &span) == .moved(2))
    }

    @Test func `a source address can be chosen`() throws {
        let listener = try Socket.listening(on: SocketAddress(.loopback, port: 0))
        let source = try #require(IPAddress("127.0.0.6"))
        let client = try Socket.connecting(to: try listener.localAddress, from: SocketAddress(source, port: 0))
        #expect(try client.localAddress.ip == source)
    }

    @Test func `two listeners may share a port only when both say so`() throws {
        let first = try Socket.listening(on: SocketAddress(.loopback, port: 0), sharesPort: true)
        let address = try first.localAddress
        _ = try Socket.listening(on: address, sharesPort: true)
        #expect(throws: SystemError(call: "bind", code: EADDRINUSE)) { _ = try Socket.listening(on: address) }
    }

    @Test func `peeking leaves the bytes, gathering joins them`() throws {
        let (near, far) = try connectedPair()
        #expect(far.socket.write([1, 2].span, [3].span) == .moved(3))
        var buffer = [UInt8](repeating: 0, count: 8)
        var span = buffer.mutableSpan
        while near.socket.peek(into: &span) == .wouldBlock {}
        #expect(near.socket.peek(into: &span) == .moved(3))
        #expect(near.socket.read(into: &span) == .moved(3))
        #expect(near.socket.read(into: &span) == .wouldBlock)
        #expect(Array(buffer.prefix(3)) == [1, 2, 3])
    }

    @Test func `a reset is an error at the peer, a finished stream is its end`() throws {
        var (near, far): (Kept, Kept?) = try connectedPair()
        var buffer = [UInt8](repeating: 0, count: 8)
        var span = buffer.mutableSpan
        far?.socket.finishSending()
        var result = near.socket.read(into: &span)
        while result == .wouldBlock { result = near.socket.read(into: &span) }
        #expect(result == .ended)
        (near, far) = try connectedPair()
        far?.socket.resetOnClose()
        far = nil
        result = near.socket.read(into: &span)
        while result == .wouldBlock { result = near.socket.read(into: &span) }
        #expect(result == .failed(ECONNRESET))
        #expect(near.socket.write([1].span) == .failed(EPIPE))
    }

    @Test func `datagrams carry their sender`() throws {
        let first = try Socket.datagram(on: SocketAddress(.loopback, port: 0))
        let second = try Socket.datagram(on: SocketAddress(.loopback, port: 0))
        #expect(first.send([7].span, to: try second.localAddress) == .moved(1))
        var buffer = [UInt8](repeating: 0, count: 8)
        var span = buffer.mutableSpan
        var sender = SocketAddress(.any, port: 0)
        var result = second.receive(into: &span, from: &sender)
        while result == .wouldBlock { result = second.receive(into: &span, from: &sender) }
        #expect(result == .moved(1))
        #expect(try sender == first.localAddress)
    }
}
