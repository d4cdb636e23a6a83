internal import Base
internal import Glibc

/// Runs another program to its end.
enum ChildProcess {
    /// - Parameters:
    ///   - arguments: The program, found by PATH or in the usual directories, and its arguments.
    ///   - input: What it reads on its standard input; at most 60 KiB, which a pipe takes at once.
    /// - Returns: Its exit status; 128 and the signal's number when a signal ended it.
    static func run(_ arguments: [String], input: [UInt8] = []) throws(MeshError) -> Int32 {
        precondition(input.count <= 60 * 1024, "more input than a pipe holds")
        var ends: [CInt] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw MeshError(.unavailable, "no descriptors left for a pipe") }
        defer { for end in ends where end >= 0 { Glibc.close(end) } }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        unsafe posix_spawn_file_actions_addclose(&actions, ends[1])
        var words: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) }
        unsafe words.append(nil)
        defer { unsafe words.forEach { unsafe free($0) } }
        var process = pid_t()
        // Safe: the words live until the call has returned, and end with nil.
        let code = unsafe posix_spawnp(&process, arguments[0], &actions, nil, words, environ)
        guard code == 0 else {
            throw MeshError(
                .notFound,
                "cannot run \(arguments[0]): \(unsafe String(cString: strerror(code))); is it installed?"
            )
        }
        _ = unsafe write(ends[1], input, input.count)
        Glibc.close(ends[1])
        ends[1] = -1
        var status: CInt = 0
        while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
        return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
    }
}
