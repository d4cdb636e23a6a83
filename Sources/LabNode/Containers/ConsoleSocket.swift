internal import Base
internal import CLinux
internal import Glibc
internal import Network

/// Where runc sends the near side of a terminal that it has made inside a container (`runc run --console-socket`).
final class ConsoleSocket {
    private let listener: OwnedDescriptor
    private let path: String

    init(path: String) throws(SystemError) {
        self.path = path
        listener = OwnedDescriptor(adopting: try systemCall("bind") { unsafe CLinux_listen_local(path) })
    }

    deinit { _ = unsafe unlink(path) }

    /// The terminal, once runc has ended with success: then it has been sent.
    func terminal(name: String) throws(SystemError) -> (input: AsyncPipe, output: AsyncPipe) {
        let socket = listener.raw
        let near = OwnedDescriptor(adopting: try systemCall("recvmsg") { CLinux_accept_descriptor(socket) })
        let raw = near.raw
        CLinux_resize_terminal(raw, 80, 24)
        let second = OwnedDescriptor(adopting: try systemCall("dup") { fcntl(raw, F_DUPFD_CLOEXEC, 3) })
        return (AsyncPipe(adopting: second, name: name), AsyncPipe(adopting: near, name: name))
    }
}
