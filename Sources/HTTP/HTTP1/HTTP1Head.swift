/// The head of one request or response, or a trailer section: the octets as they came, and where what is.
///
/// It has the shape of HTTP/1, and heads of HTTP/2 fit in: `:authority` is the Host field, `:path` the target.
///
/// There is no string and no heap block per field: all text lies in one buffer, and what is added later is appended to
/// it. Use one value again and again; after the first messages it has the room it needs. Written to a buffer it gives
/// the fields that were not removed, in their order and octet by octet as they came.
public struct HTTP1Head: Sendable {
    /// The version that the sender spoke.
    public enum Version: UInt8, Sendable { case http10, http11, http2 }

    /// The scheme that an HTTP/2 request names.
    public enum Scheme: UInt8, Sendable { case http, https }

    /// One field: where its name and value are in the buffer.
    struct Field: Sendable {
        var nameStart: UInt32
        var nameCount: UInt32
        var valueStart: UInt32
        var valueCount: UInt32
        /// The position after the line that the field came in or was added as; 0 when it has been changed since.
        var lineEnd: UInt32
        var id: FieldID
        var isRemoved = false

        /// Whether its line can go out as it is in the buffer.
        var isWholeLine: Bool { lineEnd > 0 && !isRemoved }
        var name: Range<Int> { Int(nameStart)..<Int(nameStart) + Int(nameCount) }
        var value: Range<Int> { Int(valueStart)..<Int(valueStart) + Int(valueCount) }
    }

    /// What the Connection fields say (RFC 9110 §7.6.1).
    struct ConnectionOptions: OptionSet, Sendable {
        let rawValue: UInt8
        static let close = Self(rawValue: 1)
        static let keepAlive = Self(rawValue: 2)
        static let upgrade = Self(rawValue: 4)
    }

    /// Buffers larger than this are not kept for the next message.
    static let keptOctets = 16 * 1024

    var bytes: [UInt8] = []
    var fields: [Field] = []
    /// A bit for each id that some field has or had; clear means that there is none.
    var seen: UInt64 = 0
    var methodRange = 0..<0
    var targetRange = 0..<0
    var reasonRange = 0..<0
    var options: ConnectionOptions = []
    /// The protocol that an extended CONNECT asks for (RFC 8441).
    var protocolRange = 0..<0

    /// The method of a request; ``HTTPMethod/other`` also in a response.
    public internal(set) var methodID = HTTPMethod.other
    public var version = Version.http11
    /// What an HTTP/2 client says that it asked for; nil in HTTP/1, and in responses.
    public internal(set) var sentScheme: Scheme?
    /// 100 through 999 in a response, 0 in a request and in trailers.
    public internal(set) var status = 0
    /// How the body that follows is delimited.
    public internal(set) var framing = BodyFraming.none

    public init() {}

    public var isRequest: Bool { !methodRange.isEmpty }

    /// Forgets the message but keeps the memory.
    public mutating func removeAll() {
        if bytes.capacity > Self.keptOctets { bytes = [] } else { bytes.removeAll(keepingCapacity: true) }
        fields.removeAll(keepingCapacity: true)
        seen = 0
        (methodRange, targetRange, reasonRange, protocolRange) = (0..<0, 0..<0, 0..<0, 0..<0)
        sentScheme = nil
        options = []
        methodID = .other
        version = .http11
        status = 0
        framing = .none
    }

    /// Gives the memory back, as a connection should while it is idle.
    public mutating func releaseMemory() {
        bytes = []
        fields = []
        removeAll()
    }

    public var method: Span<UInt8> { @_lifetime(borrow self) get { bytes.span.extracting(methodRange) } }
    /// The request target as it came: `/path?query`, `http://host/path`, `host:port`, or `*` (RFC 9112 §3.2).
    public var target: Span<UInt8> { @_lifetime(borrow self) get { bytes.span.extracting(targetRange) } }
    public var reason: Span<UInt8> { @_lifetime(borrow self) get { bytes.span.extracting(reasonRange) } }
}
