internal import Base
internal import Discovery

/// What configuration writes into a request's first line, or into the `location` of a redirect.
enum RequestTarget {
    /// - Throws: ``MeshError`` when the text would end the line, or the target, and begin something else.
    static func check(_ text: String) throws(MeshError) {
        guard text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else { return }
        throw MeshError(.invalidConfiguration, "\(text.debugDescription) contains blanks or control characters")
    }

    static func checked(_ redirect: HTTPRedirect) throws(MeshError) -> HTTPRedirect {
        for text in [redirect.scheme, redirect.authority, redirect.path, redirect.prefix] { try check(text) }
        return redirect
    }
}
