public import Base
internal import CLinux
internal import Glibc

/// Unix sockets; a path that begins with `@` is a name in the abstract namespace.
extension Socket {
    /// A Unix socket that accepts connections.
    ///
    /// A file that a server has left behind is replaced; one that somebody listens on is not.
    public static func listening(onPath path: String, backlog: CInt = 4096) throws(SystemError) -> Socket {
        let socket = try unixSocket()
        let descriptor = socket.descriptor
        do {
            try bind(descriptor, path)
        } catch let error where error.code == EADDRINUSE && isLeftBehind(path) {
            unlinkSocket(path)
            try bind(descriptor, path)
        }
        try systemCall("listen") { listen(descriptor, backlog) }
        return socket
    }

    private static func bind(_ descriptor: CInt, _ path: String) throws(SystemError) {
        try systemCall("bind") { unsafe CLinux_bind_path(descriptor, path) }
    }

    /// A connection to a Unix socket, which is made at once or not at all.
    public static func connecting(toPath path: String) throws(SystemError) -> Socket {
        let socket = try unixSocket()
        let descriptor = socket.descriptor
        try systemCall("connect") { unsafe CLinux_connect_path(descriptor, path) }
        return socket
    }

    /// The same socket once more, for another thread.
    public borrowing func duplicate() throws(SystemError) -> Socket {
        let descriptor = descriptor
        return Socket(adopting: OwnedDescriptor(adopting: try systemCall("fcntl") { CLinux_duplicate(descriptor) }))
    }

    /// Removes the file of a Unix socket; anything else stays.
    public static func unlinkSocket(_ path: String) {
        if isSocket(path) { _ = unsafe unlink(path) }
    }

    private static func unixSocket() throws(SystemError) -> Socket {
        Socket(adopting: OwnedDescriptor(adopting: try systemCall("socket") { CLinux_unix_socket() }))
    }

    private static func isLeftBehind(_ path: String) -> Bool {
        guard isSocket(path) else { return false }
        do {
            _ = try connecting(toPath: path)
            return false
        } catch {
            return error.code == ECONNREFUSED
        }
    }

    private static func isSocket(_ path: String) -> Bool {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return false }
        return status.st_mode & S_IFMT == S_IFSOCK
    }
}
