internal import Glibc

/// What a person sees and types: standard output, standard error and standard input.
struct Console: Sendable {
    enum Stream: Sendable { case output, error }

    /// Writes text as it is.
    let write: @Sendable (Stream, String) -> Void
    /// Reads one line; nil at the end of the input.
    let readLine: @Sendable () -> String?
    let isOutputTerminal: Bool
    let isErrorTerminal: Bool
    let isInputTerminal: Bool

    func print(_ line: String = "") { write(.output, line + "\n") }
    func complain(_ line: String) { write(.error, line + "\n") }

    /// `text` in a colour of the terminal (SGR `code`), or as it is where there is none.
    func colored(_ text: String, _ code: String, on stream: Stream = .output) -> String {
        let isTerminal = stream == .output ? isOutputTerminal : isErrorTerminal
        return isTerminal ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }

    static let standard = Self(
        write: { stream, text in
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let count = unsafe rest.withUnsafeBytes {
                    unsafe Glibc.write(stream == .output ? 1 : 2, $0.baseAddress, $0.count)
                }
                if count < 0, errno != EINTR { return }  // Nobody reads any more; nobody to tell either.
                rest = rest.dropFirst(max(0, count))
            }
        },
        readLine: { Swift.readLine() },
        isOutputTerminal: isTerminal(1),
        isErrorTerminal: isTerminal(2),
        isInputTerminal: isatty(0) == 1
    )

    private static func isTerminal(_ descriptor: CInt) -> Bool {
        guard isatty(descriptor) == 1 else { return false }
        return unsafe getenv("TERM").map { unsafe String(cString: $0) } != "dumb"
    }
}
