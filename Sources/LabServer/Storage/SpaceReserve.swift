import Base
import Glibc

/// Room on the disk that is given back when the disk is full, so that objects can still be deleted: that is written, too.
struct SpaceReserve {
    private static let unit: off_t = 1 << 20
    /// As much as the write-ahead log may hold, for all of it has to find its place before there is room for more:
    /// ``Database/logLimit`` and one write of the largest object.
    private static let wanted: off_t = 4 * unit

    private let path: String
    /// Octets that the file takes up.
    private var held: off_t = 0

    /// - Parameter path: The file that takes up the room.
    init(path: String) { self.path = path }

    /// Takes as much of the room as there is.
    mutating func hold() {
        guard held < Self.wanted else { return }
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC
        guard let raw = try? systemCall("open", { unsafe open(path, flags, 0o600) }) else { return }
        let file = OwnedDescriptor(adopting: raw)
        for size in stride(from: Self.wanted, to: held, by: -Self.unit) where posix_fallocate(file.raw, 0, size) == 0 {
            held = size
            return
        }
        _ = ftruncate(file.raw, held)  // What was allocated before the disk was full.
    }

    /// Gives the room back.
    mutating func release() {
        held = 0
        _ = unsafe unlink(path)
    }
}
