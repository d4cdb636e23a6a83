internal import Base
internal import Glibc

/// Follows a container: writes its output to its log and tells when it ends.
///
/// Takes one thread, from start to end.
struct OutputFollower: Sendable {
    let output: CInt
    let error: CInt
    let logPath: String

    /// Takes over both descriptors; `ended` is called once, from another thread, when everything is written.
    func follow(_ process: ChildProcess, ended: @escaping @Sendable (ExitStatus) -> Void) {
        runOnThread {
            copyToLog()
            ended(process.waitBlocking())
        }
    }

    private func copyToLog() {
        let log = try? ContainerLogWriter(path: logPath)
        var open = [
            pollfd(fd: output, events: Int16(POLLIN), revents: 0), pollfd(fd: error, events: Int16(POLLIN), revents: 0),
        ]
        while open.contains(where: { $0.fd >= 0 }) {
            guard (try? systemCall("poll") { unsafe poll(&open, nfds_t(open.count), -1) }) != nil else { break }
            for stream in open.indices where open[stream].fd >= 0 && open[stream].revents != 0 {
                let bytes = readBlocking(open[stream].fd)
                if bytes.isEmpty {
                    close(open[stream].fd)
                    open[stream].fd = -1  // poll skips it from now on.
                } else {
                    log?.append(bytes, stream: stream)
                }
            }
        }
        log?.finish()
    }
}
