/// The field names this house looks up often, as small integers.
///
/// A parsed head notes the id of each field, so that asking for a known field compares octets and not names.
public enum FieldID: UInt8, CaseIterable, Sendable {
    case accept
    case acceptEncoding
    case authorization
    case cacheControl
    case connection
    case contentEncoding
    case contentLength
    case contentType
    case cookie
    case date
    case expect
    case forwarded
    case grpcStatus
    case grpcTimeout
    case host
    case http2Settings
    case keepAlive
    case location
    case origin
    case proxyConnection
    case retryAfter
    case server
    case te
    case trailer
    case traceparent
    case transferEncoding
    case upgrade
    case userAgent
    case via
    case xEnvoyAttemptCount
    case xEnvoyDecoratorOperation
    case xEnvoyExternalAddress
    case xEnvoyInternal
    case xEnvoyOriginalPath
    case xEnvoyPeerMetadata
    case xEnvoyPeerMetadataID
    case xEnvoyUpstreamServiceTime
    case xForwardedClientCert
    case xForwardedFor
    case xForwardedHost
    case xForwardedProto
    case xRequestID
    /// Any other name.
    case other

    /// The name as it is written, in lower case; empty for ``other``.
    public var name: String {
        switch self {
        case .accept: "accept"
        case .acceptEncoding: "accept-encoding"
        case .authorization: "authorization"
        case .cacheControl: "cache-control"
        case .connection: "connection"
        case .contentEncoding: "content-encoding"
        case .contentLength: "content-length"
        case .contentType: "content-type"
        case .cookie: "cookie"
        case .date: "date"
        case .expect: "expect"
        case .forwarded: "forwarded"
        case .grpcStatus: "grpc-status"
        case .grpcTimeout: "grpc-timeout"
        case .host: "host"
        case .http2Settings: "http2-settings"
        case .keepAlive: "keep-alive"
        case .location: "location"
        case .origin: "origin"
        case .proxyConnection: "proxy-connection"
        case .retryAfter: "retry-after"
        case .server: "server"
        case .te: "te"
        case .trailer: "trailer"
        case .traceparent: "traceparent"
        case .transferEncoding: "transfer-encoding"
        case .upgrade: "upgrade"
        case .userAgent: "user-agent"
        case .via: "via"
        case .xEnvoyAttemptCount: "x-envoy-attempt-count"
        case .xEnvoyDecoratorOperation: "x-envoy-decorator-operation"
        case .xEnvoyExternalAddress: "x-envoy-external-address"
        case .xEnvoyInternal: "x-envoy-internal"
        case .xEnvoyOriginalPath: "x-envoy-original-path"
        case .xEnvoyPeerMetadata: "x-envoy-peer-metadata"
        case .xEnvoyPeerMetadataID: "x-envoy-peer-metadata-id"
        case .xEnvoyUpstreamServiceTime: "x-envoy-upstream-service-time"
        case .xForwardedClientCert: "x-forwarded-client-cert"
        case .xForwardedFor: "x-forwarded-for"
        case .xForwardedHost: "x-forwarded-host"
        case .xForwardedProto: "x-forwarded-proto"
        case .xRequestID: "x-request-id"
        case .other: ""
        }
    }

    /// The id of a name in any case.
    public init(name: Span<UInt8>) { self = FieldNameTable.shared.id(of: name) }
}

/// Finds the ``FieldID`` of a name: one hash of its length and two of its octets, then one comparison.
private struct FieldNameTable: Sendable {
    static let shared = FieldNameTable()

    /// The names, one after the other.
    private let text: [UInt8]
    /// Where in `text` the name of each id begins, and after the last where it ends.
    private let starts: [Int]
    /// Ids by hash, a power of two of them, ``FieldID/other`` where there is none; collisions go to the next slot.
    private let slots: [FieldID]

    init() {
        var text: [UInt8] = []
        var starts = [0]
        var slots = [FieldID](repeating: .other, count: 256)
        for id in FieldID.allCases where id != .other {
            let name = Array(id.name.utf8)
            text += name
            starts.append(text.count)
            var slot = Self.hash(name.span)
            while slots[slot] != .other { slot = (slot + 1) & 255 }
            slots[slot] = id
        }
        (self.text, self.starts, self.slots) = (text, starts, slots)
    }

    private static func hash(_ name: Span<UInt8>) -> Int {
        let count = name.count
        // Bit 5 is the case of an ASCII letter.
        let first = Int(name[0] | 0x20)
        let middle = Int(name[count / 2] | 0x20)
        let last = Int(name[count - 1] | 0x20)
        return (count &* 7 &+ first &* 31 &+ middle &* 5 &+ last &* 17) & 255
    }

    func id(of name: Span<UInt8>) -> FieldID {
        if name.isEmpty { return .other }
        var slot = Self.hash(name)
        while true {
            let id = slots[slot]
            if id == .other { return .other }
            let index = Int(id.rawValue)
            let candidate = text.span.extracting(starts[index]..<starts[index + 1])
            if ASCII.equalsIgnoringCase(name, lowercase: candidate) { return id }
            slot = (slot + 1) & 255
        }
    }
}
