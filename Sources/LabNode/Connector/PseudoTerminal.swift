internal import Base
internal import Glibc

/// A terminal made of software (pty(7)); whoever makes it closes both ends.
struct PseudoTerminal {
    /// What a user types is written here, and what the program prints is read from here.
    let controlEnd: CInt
    /// Kept open until the program has opened the terminal itself, so that it does not count as hung up before.
    let userEnd: CInt
    /// The path of the program's end.
    let name: String

    init() throws(SystemError) {
        let control = try systemCall("open") { unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC) }
        var number: CInt = -1
        do {
            var unlocked: CInt = 0
            try systemCall("ioctl") { unsafe ioctl(control, Self.setLock, &unlocked) }
            try systemCall("ioctl") { unsafe ioctl(control, Self.getNumber, &number) }
            let path = "/dev/pts/\(number)"
            userEnd = try systemCall("open") { unsafe open(path, O_RDWR | O_NOCTTY | O_CLOEXEC) }
            name = path
            controlEnd = control
        } catch {
            close(control)
            throw error
        }
    }

    /// TIOCSPTLCK and TIOCGPTN (ioctl_tty(2)), whose macros Swift does not see.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430
}
