internal import CNghttp2

/// Why an HTTP/2 connection cannot go on.
struct HTTP2Error: Error, Hashable, CustomStringConvertible {
    /// The code of nghttp2, below 0.
    let code: CInt

    /// A name or value that would break out of its line.
    static let invalidFields = Self(code: CInt(NGHTTP2_ERR_INVALID_ARGUMENT.rawValue))

    var description: String { "HTTP/2: \(unsafe String(cString: nghttp2_strerror(code)))" }
}
