/// Why octets are not an acceptable HTTP/1.0 or HTTP/1.1 message; the connection must be closed after it.
public enum HTTP1Error: Error, Hashable, Sendable {
    case invalidMethod
    case invalidTarget
    case invalidRequestLine
    case invalidStatusLine
    /// A well-formed version that is neither 1.0 nor 1.1.
    case unsupportedVersion
    /// A line that does not end in CR LF.
    case bareLineFeed
    /// A line that begins with white space, once a way to continue the line before it.
    case foldedField
    /// Also a space before the colon, and a line without a colon.
    case invalidFieldName
    /// A control character.
    case invalidFieldValue
    case headTooLarge
    case tooManyFields
    case missingHost
    case duplicateHost
    case invalidHost
    case invalidContentLength
    case duplicateContentLength
    case contentLengthWithTransferEncoding
    case unsupportedTransferEncoding
    /// Transfer-Encoding where it has no meaning: in HTTP/1.0, or in a response that has no body.
    case misplacedTransferEncoding
    /// A response without a body that announces one: 1xx or 204 with a Content-Length.
    case misplacedContentLength
    case invalidChunkSize
    case chunkExtensionTooLong
    /// Chunk data that is not followed by CR LF.
    case invalidChunkEnd
    /// The peer closed the connection in the middle of a message.
    case truncated

    /// The status with which a server refuses such a request.
    public var status: Int {
        switch self {
        case .headTooLarge, .tooManyFields: 431
        case .unsupportedTransferEncoding: 501
        case .unsupportedVersion: 505
        default: 400
        }
    }

    /// What is wrong, in words for a log line.
    public var reason: StaticString {
        switch self {
        case .invalidMethod: "the method is not a token"
        case .invalidTarget: "the request target is not valid"
        case .invalidRequestLine: "the request line is not 'METHOD target HTTP/1.1'"
        case .invalidStatusLine: "the status line is not 'HTTP/1.1 code reason'"
        case .unsupportedVersion: "the HTTP version is neither 1.0 nor 1.1"
        case .bareLineFeed: "a line does not end in CR LF"
        case .foldedField: "a field is folded over several lines"
        case .invalidFieldName: "a field name is not a token"
        case .invalidFieldValue: "a field value has a control character"
        case .headTooLarge: "the message head is too large"
        case .tooManyFields: "the message has too many fields"
        case .missingHost: "the Host field is missing"
        case .duplicateHost: "there is more than one Host field"
        case .invalidHost: "the Host field is not valid"
        case .invalidContentLength: "Content-Length is not a number"
        case .duplicateContentLength: "there is more than one Content-Length"
        case .contentLengthWithTransferEncoding: "Content-Length and Transfer-Encoding are both there"
        case .unsupportedTransferEncoding: "Transfer-Encoding is not exactly 'chunked'"
        case .misplacedTransferEncoding: "Transfer-Encoding is not allowed here"
        case .misplacedContentLength: "Content-Length is not allowed here"
        case .invalidChunkSize: "a chunk size is not valid"
        case .chunkExtensionTooLong: "a chunk extension is too long"
        case .invalidChunkEnd: "a chunk is longer than its size"
        case .truncated: "the connection was closed in the middle of a message"
        }
    }
}

extension HTTP1Error: CustomStringConvertible {
    public var description: String { "\(reason)" }
}
