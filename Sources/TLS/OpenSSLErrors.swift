internal import COpenSSL

/// What this thread's OpenSSL error queue held, oldest first, in OpenSSL's words.
struct OpenSSLErrors: Error, Sendable, CustomStringConvertible {
    struct Entry: Sendable {
        let library: CInt
        let reason: CInt
        let text: String
    }

    let entries: [Entry]

    var description: String { entries.isEmpty ? "OpenSSL gave no reason" : entries.map(\.text).joined(separator: "; ") }

    /// Takes all errors out of the queue.
    static func drain() -> Self {
        var entries: [Entry] = []
        while case let code = ERR_get_error(), code != 0 {
            let words = unsafe ERR_reason_error_string(code).map { unsafe String(cString: $0) }
            entries.append(
                Entry(library: COpenSSL_library(code), reason: COpenSSL_reason(code), text: words ?? "error \(code)")
            )
        }
        return Self(entries: entries)
    }

    /// Forgets what earlier calls left behind, so that the next error read is the next call's.
    static func clear() {
        if ERR_peek_error() != 0 { ERR_clear_error() }
    }
}
