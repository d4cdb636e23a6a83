internal import Base

/// Puts the messages of a WebSocket together from what its server sends (RFC 6455 §5).
struct WebSocketMessages {
    enum Event: Hashable {
        case message([UInt8])
        case ping([UInt8])
        case close
    }

    /// Octets of one message at most.
    let limit: Int
    private var input: [UInt8] = []
    private var message: [UInt8] = []

    init(limit: Int) { self.limit = limit }

    /// - Throws: `protocolViolation` for a frame that a server must not send, or a message over the limit.
    mutating func received(_ bytes: [UInt8]) throws(MeshError) -> [Event] {
        input += bytes
        var events: [Event] = []
        var consumed = 0
        while let frame = try nextFrame(from: consumed) {
            consumed += frame.size
            if let event = try take(frame) { events.append(event) }
        }
        input.removeFirst(consumed)
        return events
    }

    private struct Frame {
        var isFinal: Bool
        var opcode: UInt8
        var payload: ArraySlice<UInt8>
        /// Octets of the whole frame.
        var size: Int
    }

    /// The frame that begins at `start`; nil when it is not there as a whole.
    private func nextFrame(from start: Int) throws(MeshError) -> Frame? {
        let rest = input[start...]
        guard rest.count >= 2 else { return nil }
        let first = rest[start]
        let second = rest[start + 1]
        guard first & 0x70 == 0, second & 0x80 == 0 else {
            throw MeshError(.protocolViolation, "the API server sent a WebSocket frame that is reserved or masked")
        }
        let extended = second == 126 ? 2 : second == 127 ? 8 : 0
        guard rest.count >= 2 + extended else { return nil }
        var length = Int(second)
        if extended > 0 {
            length = 0
            for byte in rest[(start + 2)..<(start + 2 + extended)] {
                guard length <= limit else { break }
                length = length << 8 | Int(byte)
            }
        }
        guard length <= limit else {
            throw MeshError(.protocolViolation, "the API server sent a WebSocket message over \(limit) octets")
        }
        let size = 2 + extended + length
        guard rest.count >= size else { return nil }
        return Frame(
            isFinal: first & 0x80 != 0,
            opcode: first & 0x0f,
            payload: rest[(start + 2 + extended)..<(start + size)],
            size: size
        )
    }

    private mutating func take(_ frame: Frame) throws(MeshError) -> Event? {
        switch frame.opcode {
        case 0, 1, 2:
            guard message.count + frame.payload.count <= limit else {
                throw MeshError(.protocolViolation, "the API server sent a WebSocket message over \(limit) octets")
            }
            message += frame.payload
            guard frame.isFinal else { return nil }
            defer { message = [] }
            return .message(message)
        case 8: return .close
        case 9: return .ping(Array(frame.payload))
        case 10: return nil
        default: throw MeshError(.protocolViolation, "the API server sent a WebSocket frame of unknown kind")
        }
    }

    /// A message of up to 65,535 octets.
    static func binary(_ payload: [UInt8]) -> [UInt8] {
        let length: [UInt8] =
            payload.count < 126
            ? [0x80 | UInt8(payload.count)] : [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        return [0x82] + length + [0, 0, 0, 0] + payload
    }

    /// The answer to a ping; frames of clients are masked, and a mask of zeros is one.
    static func pong(_ payload: [UInt8]) -> [UInt8] {
        [0x8a, 0x80 | UInt8(min(payload.count, 125)), 0, 0, 0, 0] + payload.prefix(125)
    }
}
