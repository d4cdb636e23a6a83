internal import Base
internal import Glibc
internal import Kubernetes
internal import Synchronization

/// Gives out a container's log piece by piece, only as fast as somebody asks for it.
final class ContainerLogFollower: Sendable {
    private struct State {
        /// Where in the file to go on; nil before the first piece.
        var offset: Int?
        /// Octets that may still be given out.
        var rest: Int
    }

    private let reader: ContainerLogReader
    private let isLive: @Sendable () -> Bool
    private let state: Mutex<State>

    /// - Parameter isLive: Whether the container still writes to this log.
    init(_ reader: ContainerLogReader, while isLive: @escaping @Sendable () -> Bool) {
        self.reader = reader
        self.isLive = isLive
        state = Mutex(State(rest: reader.options.limitBytes ?? .max))
    }

    /// What is there and then, with `follow`, what comes until the container has ended; nil at the end.
    ///
    /// Asked by one task at a time.
    func next() async throws -> [UInt8]? {
        while true {
            let wasLive = isLive()
            switch step() {
            case .piece(let text): return text
            case .end: return nil
            case .nothing:
                if !wasLive { return nil }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    private enum Step { case piece([UInt8]), nothing, end }

    private func step() -> Step {
        state.withLock { state in
            if state.rest <= 0 { return .end }
            let text: [UInt8]
            if var offset = state.offset {
                guard reader.options.follow else { return .end }
                text = reader.format(appended(from: &offset), isFirst: false)
                state.offset = offset
            } else {
                (text, state.offset) = reader.present()
                if text.isEmpty, !reader.options.follow { return .end }
            }
            if text.isEmpty { return .nothing }
            defer { state.rest -= min(state.rest, text.count) }
            return .piece(Array(text.prefix(state.rest)))
        }
    }

    /// The whole lines that were added behind `offset`.
    private func appended(from offset: inout Int) -> [UInt8] {
        guard let file = Self.open(reader.path) else { return [] }
        defer { close(file) }
        let size = Int(lseek(file, 0, SEEK_END))
        if size >= offset { return Self.lines(of: file, from: &offset) }
        // The file was begun anew: first the end of the one before.
        let missed = Self.open(reader.path + ".1").map { old in
            defer { close(old) }
            return Self.lines(of: old, from: &offset)
        }
        offset = 0
        return missed ?? []
    }

    private static func open(_ path: String) -> CInt? {
        try? systemCall("open") { unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC) }
    }

    private static func lines(of file: CInt, from offset: inout Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 1 << 18)
        let start = off_t(offset)
        let count = try? systemCall("pread") { unsafe pread(file, &bytes, bytes.count, start) }
        guard let end = bytes.prefix(count ?? 0).lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        bytes.removeSubrange((end + 1)...)
        offset += bytes.count
        return bytes
    }
}
