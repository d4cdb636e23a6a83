import Base
import Glibc

/// A machine of a user's own, made of namespaces: inside, an ordinary user is root, and the lab needs nobody's leave.
///
/// It ends with its first process, whatever that one leaves behind. Loopback ports of the machine outside are not
/// those inside: what is to be reached from outside listens on a socket that was opened there.
enum UserMachine {
    /// Whether this process may do what a node has to only in a machine of its own.
    static var isNeeded: Bool { getuid() != 0 }

    /// The descriptor on which the API server is handed the socket that was opened outside.
    static let listenerDescriptor: CInt = 4

    /// The command that starts `arguments`, words of this program, in a new machine; they are followed by
    /// `--in-own-machine` and the number that the process has outside.
    ///
    /// The user is root there. The other users are those that `/etc/subuid` gives him, where there is a program that
    /// may map them; without them no container can run as anybody but root.
    static func command(_ arguments: [String]) throws(SystemError) -> [String] {
        ["unshare", "--user", "--map-root-user"] + (hasOtherUsers ? ["--map-auto"] : [])
            + ["--mount", "--net", "--pid", "--fork", "--kill-child", "--", "/bin/sh", "-ec", furnishing, "apus-lab"]
            + [try thisProgram()] + arguments
    }

    /// Furnishes the new machine.
    ///
    /// A shell does it, because this program's own threads cannot live with the `/proc` of another machine.
    private static let furnishing = """
        read -r process rest </proc/self/stat
        mount -t proc proc /proc
        mount -t tmpfs tmpfs /run
        mkdir /run/netns /run/lock
        ip link set lo up
        exec "$@" --in-own-machine "$process"
        """

    /// Whether containers can run as other users than root.
    static var hasOtherUsers: Bool {
        let user = unsafe getpwuid(getuid()).map { unsafe String(cString: $0.pointee.pw_name) } ?? ""
        let isMapped = ["/etc/subuid", "/etc/subgid"].allSatisfy { path in
            let lines = (try? Files.readText(path))?.split(separator: "\n") ?? []
            return lines.contains { $0.hasPrefix("\(user):") || $0.hasPrefix("\(getuid()):") }
        }
        let directories = ["/usr/local/bin", "/usr/bin", "/bin"]
        return isMapped
            && ["newuidmap", "newgidmap"].allSatisfy { program in
                directories.contains { Files.exists("\($0)/\(program)") }
            }
    }

    private static func thisProgram() throws(SystemError) -> String {
        var path = [CChar](repeating: 0, count: 4096)
        let count = try systemCall("readlink") { unsafe readlink("/proc/self/exe", &path, path.count) }
        return String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
