internal import Discovery
internal import GRPC
internal import HTTP

/// What is noted about one gRPC call on its way through.
struct GRPCNotes {
    /// `grpc-status`, which comes in the trailers, or in the head when there is nothing else; nil while it has not.
    private(set) var status: Int?
    var request = GRPCMessageCounter()
    var response = GRPCMessageCounter()

    /// Whether a request is a gRPC call: `application/grpc`, alone or with a codec behind it (not gRPC-Web).
    static func isCall(_ head: borrowing HTTP1Head) -> Bool {
        guard let index = head.firstIndex(of: .contentType) else { return false }
        let type = head.value(at: index)
        let name = "application/grpc".utf8.span
        guard type.count >= name.count, type.extracting(0..<name.count).equalsIgnoringCase(name) else { return false }
        if type.count == name.count { return true }
        return type[name.count] == UInt8(ascii: "+") || type[name.count] == UInt8(ascii: ";")
    }

    /// Looks for the status among the fields of a head or of trailers.
    mutating func note(_ fields: borrowing HTTP1Head) {
        guard let text = fields.text(of: .grpcStatus) else { return }
        status = Int(text).flatMap(GRPCStatus.Code.init)?.rawValue ?? GRPCStatus.Code.unknown.rawValue
    }

    mutating func answered(_ reply: LocalReply) { status = reply.grpcCode }
}

/// Counts gRPC messages in a body: each has five octets in front, a flag and its length.
struct GRPCMessageCounter: Hashable, Sendable {
    private(set) var count = 0
    private var prefixOctets = 0
    private var length = 0
    /// Octets of the current message that are still to come.
    private var remaining = 0

    /// Whether no message has begun and not ended.
    var isBetweenMessages: Bool { remaining == 0 && prefixOctets == 0 }

    mutating func take(_ data: Span<UInt8>) {
        var index = 0
        while index < data.count {
            if remaining > 0 {
                let step = min(remaining, data.count - index)
                remaining -= step
                index += step
                continue
            }
            if prefixOctets > 0 { length = length << 8 | Int(data[index]) }
            prefixOctets += 1
            index += 1
            if prefixOctets == 5 {
                count += 1
                (remaining, prefixOctets, length) = (length, 0, 0)
            }
        }
    }
}

extension LocalReply {
    /// The gRPC status that is meant, or stands for ``status``.
    var grpcCode: Int { grpcStatus ?? GRPCStatus(httpStatus: status).code.rawValue }

    /// The same for a gRPC client: a response of trailers alone, whose HTTP status is always 200.
    var forGRPC: LocalReply {
        var reply = self
        (reply.status, reply.body, reply.content) = (200, "", [])
        reply.fields += [
            HeaderChanges.Field("content-type", "application/grpc"),
            HeaderChanges.Field("grpc-status", "\(grpcCode)"),
        ]
        let message = String(decoding: octets.prefix(1024), as: UTF8.self)
        if !message.isEmpty { reply.fields.append(HeaderChanges.Field("grpc-message", GRPCStatus.encoded(message))) }
        return reply
    }

    /// ``forGRPC`` for a client of another dialect.
    func forGRPC(contentType: String?) -> LocalReply {
        var reply = forGRPC
        for index in reply.fields.indices where reply.fields[index].name == "content-type" {
            reply.fields[index].value = contentType ?? reply.fields[index].value
        }
        return reply
    }
}
