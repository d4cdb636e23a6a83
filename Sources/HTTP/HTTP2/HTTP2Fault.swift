/// Why a field section of HTTP/2 is not an acceptable head (RFC 9113 §8), though its frames are.
public enum HTTP2Fault: Hashable, Sendable {
    case invalidMethod
    /// Neither a path with a slash in front nor the `*` of OPTIONS.
    case invalidPath
    /// Neither `http` nor `https`.
    case invalidScheme
    case missingAuthority
    case invalidAuthority
    /// A Host field that says something else than `:authority`.
    case contradictingHost
    case invalidStatus
    case invalidContentLength
    case invalidFieldName
    case invalidFieldValue
    /// A field that only makes sense for one HTTP/1 connection (RFC 9113 §8.2.2).
    case connectionSpecificField
    case headTooLarge
    case tooManyFields

    /// The status with which a server refuses such a request.
    public var status: Int { self == .headTooLarge || self == .tooManyFields ? 431 : 400 }

    /// With what a stream is reset when nobody can be answered.
    var resetCode: UInt32 { status == 431 ? HTTP2Code.internalError : HTTP2Code.protocolError }

    /// What is wrong, in words for a log line.
    public var reason: StaticString {
        switch self {
        case .invalidMethod: "the method is not a token"
        case .invalidPath: "the path is not valid"
        case .invalidScheme: "the scheme is neither http nor https"
        case .missingAuthority: "the authority is missing"
        case .invalidAuthority: "the authority is not valid"
        case .contradictingHost: "Host and :authority differ"
        case .invalidStatus: "the status is not a number of three digits"
        case .invalidContentLength: "content-length is not one number"
        case .invalidFieldName: "a field name is not a token in lower case"
        case .invalidFieldValue: "a field value has a control character or a space at an end"
        case .connectionSpecificField: "a field is only for HTTP/1 connections"
        case .headTooLarge: "the message head is too large"
        case .tooManyFields: "the message has too many fields"
        }
    }
}
