internal import HTTP

/// How a gRPC call ended, if not well; what handlers throw and callers catch.
public struct GRPCStatus: Error, Hashable, Sendable, CustomStringConvertible {
    /// The codes of gRPC's `doc/statuscodes.md`.
    public enum Code: Int, Sendable {
        case ok, cancelled, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists, permissionDenied
        case resourceExhausted, failedPrecondition, aborted, outOfRange, unimplemented, `internal`, unavailable
        case dataLoss, unauthenticated

        /// The name as gRPC's tools write it, such as `PermissionDenied`.
        public var name: String {
            if self == .ok { return "OK" }
            let name = "\(self)"
            return name.prefix(1).uppercased() + name.dropFirst()
        }
    }

    public let code: Code
    /// For a person; may be empty.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "rpc error: code = \(code.name) desc = \(message)" }
}

extension GRPCStatus {
    /// The status in a call's trailers; nil when there is none.
    init?(_ trailers: HTTPFields) {
        guard let text = trailers["grpc-status"] else { return nil }
        let code = Int(text).flatMap(Code.init) ?? .unknown
        self.init(code, trailers["grpc-message"].map(Self.decoded) ?? "")
    }

    /// The status as trailers.
    var trailers: HTTPFields {
        var fields: HTTPFields = ["grpc-status": "\(code.rawValue)"]
        if !message.isEmpty { fields["grpc-message"] = Self.encoded(message) }
        return fields
    }

    /// The status for a response that is not gRPC's (`doc/http-grpc-status-mapping.md`).
    public init(httpStatus: Int) {
        let code: Code =
            switch httpStatus {
            case 400: .internal
            case 401: .unauthenticated
            case 403: .permissionDenied
            case 404: .unimplemented
            case 429, 502, 503, 504: .unavailable
            default: .unknown
            }
        self.init(code, "the server answered with HTTP status \(httpStatus)")
    }

    /// The status for a stream that the peer reset (`doc/PROTOCOL-HTTP2.md`, "Errors").
    init(resetCode: UInt32) {
        let code: Code =
            switch resetCode {
            case HTTP2Code.refusedStream: .unavailable
            case HTTP2Code.cancel: .cancelled
            case HTTP2Code.enhanceYourCalm: .resourceExhausted
            default: .internal
            }
        self.init(code, "the peer reset the stream (HTTP/2 error code \(resetCode))")
    }

    /// Percent-encodes all but printable ASCII (`doc/PROTOCOL-HTTP2.md`, "Status-Message").
    public static func encoded(_ message: String) -> String {
        var text: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in message.utf8 {
            if (0x20...0x7e).contains(byte) && byte != UInt8(ascii: "%") {
                text.append(byte)
            } else {
                text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// What is not properly encoded stays as it is: the message is only for a person.
    static func decoded(_ message: String) -> String { PercentEncoding.decode(message) ?? message }
}
