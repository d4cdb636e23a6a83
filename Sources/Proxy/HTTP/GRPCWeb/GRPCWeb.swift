internal import HTTP

/// Makes a gRPC call of a gRPC-Web call, and its response of the call's (the gRPC project's PROTOCOL-WEB).
///
/// Browsers see no trailers: they come as a last message in the body, told from others by the flag's highest bit. The
/// text form is base64, for clients that cannot read octets as they come.
struct GRPCWeb {
    private let isRequestText: Bool
    private let isResponseText: Bool
    private var decoder = Base64Decoder()
    private var encoder = Base64Encoder()
    /// Whether the response is translated: it is gRPC, and has a body.
    private var isTranslating = false
    private var messages = GRPCMessageCounter()

    private static let trailerFlag: UInt8 = 0x80

    /// - Returns: nil for a request that is none.
    init?(_ head: HTTP1Head) {
        guard head.methodID == .post, let index = head.firstIndex(of: .contentType),
            let isText = Self.isText(head.value(at: index))
        else { return nil }
        isRequestText = isText
        isResponseText = head.firstIndex(of: .accept).flatMap { Self.isText(head.value(at: $0)) } ?? isText
    }

    /// Whether the type is gRPC-Web's text form rather than its binary one; nil when it is neither.
    private static func isText(_ type: Span<UInt8>) -> Bool? {
        let end = type.indices.first { [UInt8(ascii: "+"), UInt8(ascii: ";"), UInt8(ascii: ",")].contains(type[$0]) }
        switch String(octets: type.extracting(..<(end ?? type.count))).lowercased() {
        case "application/grpc-web": return false
        case "application/grpc-web-text": return true
        default: return nil
        }
    }

    // The request

    func translate(request head: inout HTTP1Head) {
        head.set(.contentType, to: "application/grpc")
        head.set(.te, to: "trailers")
        if isRequestText { head.becomeStreamed() }
    }

    /// Appends what the endpoint gets of the request's body; false when the client's text is no base64.
    mutating func translate(request data: Span<UInt8>, into output: inout [UInt8]) -> Bool {
        if isRequestText { return decoder.decode(data, into: &output) }
        output.append(data)
        return true
    }

    /// Whether the request may end here.
    var isRequestWhole: Bool { !isRequestText || decoder.isWhole }

    // The response

    mutating func translate(response head: inout HTTP1Head) {
        guard GRPCNotes.isCall(head) else { return }
        head.set(.contentType, to: contentType)
        // A response of trailers alone has its status in the head, where browsers can read it.
        guard head.framing != .none else { return }
        isTranslating = true
        head.becomeStreamed()
    }

    var contentType: String { isResponseText ? "application/grpc-web-text+proto" : "application/grpc-web+proto" }

    /// Appends what the client gets of the response's body.
    mutating func translate(response data: Span<UInt8>, into output: inout [UInt8]) {
        guard isTranslating, isResponseText else { return output.append(data) }
        messages.take(data)
        encoder.encode(data, isEnd: messages.isBetweenMessages, into: &output)
    }

    /// The body's end: the trailers as a message; empty when the response is not translated.
    mutating func end(trailers: HTTP1Head?) -> [UInt8] {
        guard isTranslating, let trailers else { return [] }
        var fields: [UInt8] = []
        for index in trailers.fieldIndices where !trailers.isRemoved(at: index) {
            fields += String(octets: trailers.name(at: index)).lowercased().utf8
            fields.append(UInt8(ascii: ":"))
            fields.append(trailers.value(at: index))
            fields += [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
        }
        let count = UInt32(truncatingIfNeeded: fields.count)
        var message = [Self.trailerFlag]
        for shift in [UInt32(24), 16, 8, 0] { message.append(UInt8(truncatingIfNeeded: count >> shift)) }
        message += fields
        guard isResponseText else { return message }
        var text: [UInt8] = []
        encoder.encode(message.span, isEnd: true, into: &text)
        return text
    }
}
