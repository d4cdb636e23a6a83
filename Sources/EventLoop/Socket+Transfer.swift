public import Base
internal import CLinux
internal import Glibc

/// What came of an attempt to read or write without waiting.
public enum Transfer: Hashable, Sendable {
    /// So many octets, at least one.
    case moved(Int)
    /// Nothing now; the loop tells when to try again.
    case wouldBlock
    /// Reading only: the peer has finished sending.
    case ended
    /// The connection is lost, for this errno.
    case failed(CInt)

    fileprivate init(_ result: Int, wanted: Int) {
        if result > 0 {
            self = .moved(result)
        } else if result == 0 {
            self = wanted == 0 ? .moved(0) : .ended
        } else {
            let code = errno
            self = code == EAGAIN || code == EWOULDBLOCK || code == EINTR ? .wouldBlock : .failed(code)
        }
    }
}

extension Socket {
    /// Reads at most `buffer.count` octets into the beginning of `buffer`.
    public borrowing func read(into buffer: inout MutableSpan<UInt8>) -> Transfer {
        let (descriptor, wanted) = (descriptor, buffer.count)
        // Safe: the kernel writes no more than the count of the buffer it is given.
        let result = unsafe buffer.withUnsafeMutableBufferPointer {
            unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
        }
        return Transfer(result, wanted: wanted)
    }

    /// Copies what has arrived into the beginning of `buffer`, without taking it.
    public borrowing func peek(into buffer: inout MutableSpan<UInt8>) -> Transfer {
        let (descriptor, wanted) = (descriptor, buffer.count)
        // Safe: as in read(into:).
        let result = unsafe buffer.withUnsafeMutableBufferPointer {
            unsafe CLinux_peek(descriptor, $0.baseAddress, $0.count)
        }
        return Transfer(result, wanted: wanted)
    }

    /// Writes as much of `bytes` as the kernel takes now.
    ///
    /// - Parameter moreFollows: Whether it may wait, at most 200 ms, for more to go in the same packet (MSG_MORE): the
    ///   end of the stream is more, too.
    public borrowing func write(_ bytes: Span<UInt8>, moreFollows: Bool = false) -> Transfer {
        let descriptor = descriptor
        // Safe: the kernel reads no more than the count of the buffer it is given.
        let result = unsafe bytes.withUnsafeBufferPointer {
            unsafe CLinux_send(descriptor, $0.baseAddress, $0.count, moreFollows ? 1 : 0)
        }
        return Transfer(result, wanted: bytes.count)
    }

    /// Writes as much of `first` and then `second` as the kernel takes now, with one system call.
    public borrowing func write(_ first: Span<UInt8>, _ second: Span<UInt8>) -> Transfer {
        let descriptor = descriptor
        // Safe: as in write(_:).
        let result = unsafe first.withUnsafeBufferPointer { first in
            unsafe second.withUnsafeBufferPointer { second in
                unsafe CLinux_send2(descriptor, first.baseAddress, first.count, second.baseAddress, second.count)
            }
        }
        return Transfer(result, wanted: first.count + second.count)
    }

    /// Sends one datagram.
    public borrowing func send(_ bytes: Span<UInt8>, to address: SocketAddress) -> Transfer {
        let descriptor = descriptor
        // Safe: as in write(_:).
        let result = unsafe bytes.withUnsafeBufferPointer {
            unsafe CLinux_sendto(descriptor, $0.baseAddress, $0.count, address.raw)
        }
        return result == 0 ? .moved(0) : Transfer(result, wanted: bytes.count)
    }

    /// Receives one datagram; what does not fit into `buffer` is lost.
    public borrowing func receive(into buffer: inout MutableSpan<UInt8>, from address: inout SocketAddress) -> Transfer
    {
        let descriptor = descriptor
        var raw = CLinux_address()
        // Safe: as in read(into:).
        let result = unsafe buffer.withUnsafeMutableBufferPointer {
            unsafe CLinux_recvfrom(descriptor, $0.baseAddress, $0.count, &raw)
        }
        if result >= 0 { address = SocketAddress(raw: raw) }
        return result == 0 ? .moved(0) : Transfer(result, wanted: buffer.count)
    }
}
