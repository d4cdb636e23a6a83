internal import Base
internal import Glibc
internal import Synchronization

/// Writes what a container prints, one line after the other, with time and stream (the CRI's log format).
///
/// `2024-01-02T03:04:05.678901234Z stdout F text`. A file that has grown to its limit is kept as `<path>.1` and begun
/// anew, so that a container never holds more than twice the limit.
final class ContainerLogWriter: Sendable {
    private struct State {
        var file: CInt
        var size: Int
        /// What has come of a line whose end has not, by stream.
        var partial: [[UInt8]] = [[], []]
    }

    private let path: String
    private let limit: Int
    private let state: Mutex<State>

    /// Longer lines are cut in pieces, marked `P`.
    private static let lineLimit = 16_384

    /// - Parameter limit: Octets of one file; 10 MiB unless given, as the kubelet's.
    init(path: String, limit: Int = 10 << 20) throws(SystemError) {
        self.path = path
        self.limit = limit
        let file = try Self.open(path)
        state = Mutex(State(file: file, size: Int(lseek(file, 0, SEEK_END))))
    }

    deinit { _ = state.withLock { close($0.file) } }

    private static func open(_ path: String) throws(SystemError) -> CInt {
        try systemCall("open") { unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640) }
    }

    /// - Parameter stream: 0 for standard output, 1 for standard error.
    func append(_ bytes: [UInt8], stream: Int, at time: Timestamp = .now) {
        let head = Array("\(time.formatted(fractionDigits: 9)) \(stream == 0 ? "stdout" : "stderr") ".utf8)
        state.withLock { state in
            var text: [UInt8] = []
            state.partial[stream] += bytes
            var rest = state.partial[stream][...]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                text += head + "F ".utf8 + rest[..<end] + "\n".utf8
                rest = rest[(end + 1)...]
            }
            while rest.count > Self.lineLimit {
                text += head + "P ".utf8 + rest.prefix(Self.lineLimit) + "\n".utf8
                rest = rest.dropFirst(Self.lineLimit)
            }
            state.partial[stream] = Array(rest)
            write(text, &state)
        }
    }

    /// Writes the lines that never ended.
    func finish() {
        state.withLock { state in
            for stream in 0...1 where !state.partial[stream].isEmpty {
                let head = "\(Timestamp.now.formatted(fractionDigits: 9)) \(stream == 0 ? "stdout" : "stderr") P "
                write(Array(head.utf8) + state.partial[stream] + "\n".utf8, &state)
                state.partial[stream] = []
            }
        }
    }

    private func write(_ text: [UInt8], _ state: inout State) {
        guard !text.isEmpty else { return }
        if state.size + text.count > limit { rotate(&state) }
        let file = state.file
        var rest = text[...]
        while !rest.isEmpty {
            let count = try? systemCall("write") {
                unsafe rest.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
            }
            guard let count else { return }  // The disk is full: the container goes on, its log has a gap.
            rest = rest.dropFirst(count)
            state.size += count
        }
    }

    private func rotate(_ state: inout State) {
        _ = unsafe rename(path, path + ".1")
        guard let next = try? Self.open(path) else { return }  // No space or no directory: go on with the old file.
        close(state.file)
        state.file = next
        state.size = 0
    }
}
