internal import Base
internal import Glibc
internal import TLS

extension DescriptorCore {
    /// Reads what there is, at least one octet and at most `limit`; empty at the end of the stream.
    func read(upTo limit: Int) async throws -> [UInt8] {
        precondition(limit > 0, "reading nothing")
        try await finishHandshake()
        return try await perform { state, descriptor in
            if !state.returned.isEmpty {
                let bytes = Array(state.returned.prefix(limit))
                state.returned.removeFirst(bytes.count)
                return .done(bytes)
            }
            // Safe: only as many octets are taken from the room as were written to it.
            return try unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: limit) { room in
                guard let tls = state.tls else { return try unsafe readPlain(descriptor, room) }
                var span = unsafe MutableSpan(_unsafeElements: room)
                switch tls.read(into: &span) {
                case .moved(let count): return .done(unsafe Array(room[..<count]))
                case .wantsRead: return .wait(.readable)
                case .wantsWrite: return .wait(.writable)
                case .ended: return .done([])
                case .failed(let failure): throw failure.meshError("reading from \(name)")
                }
            }
        }
    }

    private func readPlain(_ descriptor: CInt, _ room: UnsafeMutableBufferPointer<UInt8>) throws -> Attempt<[UInt8]> {
        while true {
            let count = unsafe Glibc.read(descriptor, room.baseAddress, room.count)
            if count >= 0 { return .done(unsafe Array(room[..<count])) }
            let code = errno
            switch code {
            case EINTR: continue
            case EAGAIN: return .wait(.readable)
            case EIO: return .done([])  // A terminal whose other side has gone.
            default: throw error("read", code)
            }
        }
    }

    /// Writes all of `bytes`; returns when the kernel has them.
    func write(_ bytes: [UInt8]) async throws {
        try await finishHandshake()
        var position = 0
        while position < bytes.count {
            let start = position
            position += try await perform { state, descriptor in
                guard let tls = state.tls else { return try writePlain(descriptor, bytes, from: start) }
                switch tls.write(bytes.span.extracting(start...)) {
                case .moved(let count): return .done(count)
                case .wantsRead: return .wait(.readable)
                case .wantsWrite: return .wait(.writable)
                case .ended: return .done(0)
                case .failed(let failure): throw failure.meshError("writing to \(name)")
                }
            }
        }
        try await perform { state, _ in
            // A connection that is lost while flushing says so at the next read or write.
            guard let tls = state.tls, tls.hasUnsent, !tls.flush(), tls.hasUnsent else { return .done(()) }
            return .wait(.writable)
        }
    }

    private func writePlain(_ descriptor: CInt, _ bytes: [UInt8], from start: Int) throws -> Attempt<Int> {
        while true {
            // Safe: the kernel reads no more than the count it is given.
            let count = unsafe bytes.withUnsafeBufferPointer {
                unsafe Glibc.write(descriptor, $0.baseAddress.map { unsafe $0 + start }, $0.count - start)
            }
            if count >= 0 { return .done(count) }
            let code = errno
            switch code {
            case EINTR: continue
            case EAGAIN: return .wait(.writable)
            default: throw error("write", code)
            }
        }
    }

    /// Waits for a connection attempt to come to its end.
    func finishConnecting() async throws {
        try await wait(for: .writable)
        try await perform { _, descriptor in
            var code: CInt = 0
            var size = socklen_t(MemoryLayout<CInt>.size)
            _ = unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
            if code != 0 { throw error("connect", code) }
            return .done(())
        }
    }

    /// Completes the TLS handshake, if there is one to complete.
    func finishHandshake() async throws {
        try await perform { state, _ in
            guard let tls = state.tls else { return .done(()) }
            switch tls.handshake() {
            case .done: return .done(())
            case .wantsRead: return .wait(.readable)
            case .wantsWrite: return .wait(.writable)
            case .failed(let failure): throw failure.meshError("TLS handshake with \(name)")
            }
        }
    }

    /// Tells the peer that nothing more will be written.
    func shutdownWrite() async throws {
        try await finishHandshake()
        try await perform { state, _ in
            guard let tls = state.tls else { return .done(()) }
            if !tls.hasUnsent { tls.finishSending() }
            return tls.flush() || !tls.hasUnsent ? .done(()) : .wait(.writable)
        }
        inspect { state in
            if let descriptor = state.descriptor?.raw { _ = shutdown(descriptor, CInt(SHUT_WR)) }
        }
    }
}
