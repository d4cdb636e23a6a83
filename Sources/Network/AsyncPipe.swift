public import Base
internal import CLinux

/// A pipe, terminal or other stream of bytes that is no socket, usable from any task; one reader and one writer at a time.
///
/// Closed when its last owner lets go.
public final class AsyncPipe: Sendable {
    private let core: DescriptorCore

    /// Takes over a descriptor, and makes it non-blocking for everybody who shares it.
    ///
    /// - Parameter name: For errors, such as `standard output of runc`.
    public init(adopting descriptor: consuming OwnedDescriptor, name: String) {
        CLinux_set_nonblocking(descriptor.raw)
        core = DescriptorCore(descriptor, name: name)
    }

    deinit { core.close() }

    /// Reads what there is, at least one octet; empty when every writer has closed.
    public func read(upTo limit: Int = 65_536) async throws -> [UInt8] { try await core.read(upTo: limit) }

    /// Reads until every writer has closed.
    ///
    /// - Throws: ``MeshError`` `protocolViolation` when there are more than `limit` octets.
    public func readAll(limit: Int) async throws -> [UInt8] {
        var all: [UInt8] = []
        while case let bytes = try await read(), !bytes.isEmpty {
            all += bytes
            if all.count > limit { throw MeshError(.protocolViolation, "\(core.name) exceeds \(limit) octets") }
        }
        return all
    }

    /// Writes all of `bytes`; suspends until the kernel has taken them.
    public func write(_ bytes: [UInt8]) async throws { try await core.write(bytes) }

    /// Closes it and wakes whoever waits; may be called from any thread, and again.
    public func close() { core.close() }

    /// Lets `body` use the descriptor, which it must not close or keep; nil when it is closed.
    public func withDescriptor<Value: Sendable>(_ body: (CInt) -> Value) -> Value? {
        core.inspect { state in
            guard let descriptor = state.descriptor?.raw else { return nil }
            return body(descriptor)
        }
    }
}

/// Tells when a descriptor that is neither read nor written becomes readable: a pidfd, an inotify instance.
public final class AsyncReadiness: Sendable {
    private let core: DescriptorCore

    /// Takes over a non-blocking descriptor.
    public init(adopting descriptor: consuming OwnedDescriptor, name: String) {
        core = DescriptorCore(descriptor, name: name)
    }

    deinit { core.close() }

    /// Runs `body` now, and after each time the descriptor became readable, until it returns a value.
    public func whenReadable<Value: Sendable>(_ body: (CInt) throws -> Value?) async throws -> Value {
        try await core.perform { _, descriptor in try body(descriptor).map { .done($0) } ?? .wait(.readable) }
    }
}
