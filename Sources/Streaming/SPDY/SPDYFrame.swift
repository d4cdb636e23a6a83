/// The frames of SPDY/3.1 that remote commands and port forwarding need (SPDY/3.1 §2.2).
enum SPDYFrame: Hashable {
    case synStream(stream: UInt32, isLast: Bool, block: [UInt8])
    case headers(stream: UInt32, isLast: Bool, block: [UInt8])
    /// A piece of a data frame; `isLast` with the last piece of a stream's last frame.
    case data(stream: UInt32, isLast: Bool, bytes: [UInt8])
    case reset(stream: UInt32)
    case ping(UInt32)
    case goAway
    /// Of no interest to a server: SYN_REPLY, SETTINGS, WINDOW_UPDATE and unknown ones.
    case other(type: UInt16)

    // Writing

    static func synReply(stream: UInt32, block: [UInt8]) -> [UInt8] { control(2, 0, number(stream) + block) }
    static func reset(stream: UInt32, status: UInt32) -> [UInt8] { control(3, 0, number(stream) + number(status)) }
    static func ping(_ id: UInt32) -> [UInt8] { control(6, 0, number(id)) }
    static func goAway(lastStream: UInt32) -> [UInt8] { control(7, 0, number(lastStream) + number(0)) }

    static func data(stream: UInt32, isLast: Bool, _ bytes: [UInt8]) -> [UInt8] {
        precondition(bytes.count < 1 << 24, "a frame has 24 bits for its length")
        return number(stream) + number(UInt32(bytes.count) | (isLast ? 1 << 24 : 0)) + bytes
    }

    private static func control(_ type: UInt8, _ flags: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [0x80, 3, 0, type] + number(UInt32(payload.count) | UInt32(flags) << 24) + payload
    }

    private static func number(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)]
    }
}

/// Cuts the bytes that a client sends into frames; does no I/O.
struct SPDYDecoder {
    /// The most octets of a control frame's content.
    static let controlLimit = 65_536
    private var bytes: [UInt8] = []
    private var position = 0
    /// The data frame whose content is being read.
    private var data: (stream: UInt32, isLast: Bool, left: Int)?

    mutating func append(_ more: [UInt8]) {
        bytes.removeFirst(position)
        position = 0
        bytes += more
    }

    /// The next frame, or what has come of a data frame's content; nil when more bytes are needed.
    mutating func next() throws(SPDYError) -> SPDYFrame? {
        if let data { return nextPiece(of: data) }
        guard bytes.count - position >= 8 else { return nil }
        let first = number(at: position)
        let length = Int(number(at: position + 4) & 0xFF_FFFF)
        let flags = bytes[position + 4]
        if first >> 31 == 0 {
            position += 8
            guard first != 0 else { throw SPDYError("data on stream 0") }
            let frame = (stream: first, isLast: flags & 1 != 0, left: length)
            data = frame
            return nextPiece(of: frame)
        }
        guard first >> 16 & 0x7FFF == 3 else { throw SPDYError("not SPDY version 3") }
        guard length <= Self.controlLimit else { throw SPDYError("a control frame of \(length) octets") }
        guard bytes.count - position >= 8 + length else { return nil }
        let payload = Array(bytes[position + 8..<position + 8 + length])
        position += 8 + length
        return try Self.control(UInt16(first & 0xFFFF), flags: flags, payload)
    }

    private mutating func nextPiece(of frame: (stream: UInt32, isLast: Bool, left: Int)) -> SPDYFrame? {
        let count = min(frame.left, bytes.count - position)
        if count == 0, frame.left > 0 { return nil }
        let piece = Array(bytes[position..<position + count])
        position += count
        data = count < frame.left ? (frame.stream, frame.isLast, frame.left - count) : nil
        return .data(stream: frame.stream, isLast: data == nil && frame.isLast, bytes: piece)
    }

    private static func control(_ type: UInt16, flags: UInt8, _ payload: [UInt8]) throws(SPDYError) -> SPDYFrame {
        func stream() throws(SPDYError) -> UInt32 {
            guard payload.count >= 4 else { throw SPDYError("a control frame that is cut short") }
            return payload.prefix(4).reduce(0) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        }
        let isLast = flags & 1 != 0
        switch type {
        case 1:
            guard payload.count >= 10 else { throw SPDYError("a control frame that is cut short") }
            return .synStream(stream: try stream(), isLast: isLast, block: Array(payload[10...]))
        case 3: return .reset(stream: try stream())
        case 6:
            guard payload.count == 4 else { throw SPDYError("a ping of the wrong size") }
            return .ping(payload.reduce(0) { $0 << 8 | UInt32($1) })
        case 7: return .goAway
        case 8: return .headers(stream: try stream(), isLast: isLast, block: Array(payload[4...]))
        default: return .other(type: type)
        }
    }

    private func number(at index: Int) -> UInt32 { bytes[index..<index + 4].reduce(0) { $0 << 8 | UInt32($1) } }
}
