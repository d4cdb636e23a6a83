internal import Base
internal import CLinux
internal import Glibc

/// The two ends of a new pipe, neither inherited by children; the caller closes both.
func makePipe() throws(SystemError) -> (readEnd: CInt, writeEnd: CInt) {
    var ends: [CInt] = [-1, -1]
    try systemCall("pipe2") { unsafe CLinux_pipe(&ends, 0) }
    return (ends[0], ends[1])
}

/// Blocks for what comes next on a descriptor; empty at its end, or when it is broken.
func readBlocking(_ descriptor: CInt, limit: Int = 32_768) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: limit)
    let count = (try? systemCall("read") { unsafe read(descriptor, &bytes, bytes.count) }) ?? 0
    bytes.removeLast(limit - max(0, count))
    return bytes
}

/// Blocks until everything is written; false when the other side is gone.
@discardableResult
func writeBlocking(_ descriptor: CInt, _ bytes: some Collection<UInt8>) -> Bool {
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
        let count = try? systemCall("write") {
            unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        }
        guard let count else { return false }
        rest = rest.dropFirst(count)
    }
    return true
}
