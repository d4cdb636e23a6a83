/// A text format for access log lines, compiled from Envoy's command operators.
///
/// Unknown operators print `-`, so that a format written for Envoy keeps its columns.
struct AccessLogFormat: Sendable {
    /// Istio's default (`pilot/pkg/model/telemetry_logging.go`) and one more column: why it was or was not mutual TLS.
    static let standard = AccessLogFormat(
        """
        [%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% \
        %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" \
        %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" \
        "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% \
        %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% \
        %ROUTE_NAME% "%TLS_REASON%"

        """
    )

    /// One value of a line.
    enum Operator: Hashable, Sendable {
        case startTime, method, path, httpVersion, status, flag, details, terminationDetails, upstreamFailure
        case bytesReceived, bytesSent, duration, upstreamServiceTime, forwardedFor, userAgent, requestID, authority
        case upstreamHost, cluster, upstreamLocalAddress, downstreamLocalAddress, downstreamRemoteAddress
        case serverName, routeName, tlsReason, tlsVersion, tlsCipher, downstreamFailure
        case requestHeader(String)
        case responseHeader(String)
        case unknown
    }

    enum Part: Hashable, Sendable {
        case text([UInt8])
        case value(Operator)
    }

    let parts: [Part]

    /// Compiles a format; a lone `%` stands for itself.
    init(_ text: String) {
        var parts: [Part] = []
        var literal: [UInt8] = []
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), let end = bytes[(index + 1)...].firstIndex(of: UInt8(ascii: "%")),
                let found = Self.parse(bytes[(index + 1)..<end])
            {
                if !literal.isEmpty { parts.append(.text(literal)) }
                literal = []
                parts.append(.value(found))
                index = end + 1
            } else {
                literal.append(bytes[index])
                index += 1
            }
        }
        if !literal.isEmpty { parts.append(.text(literal)) }
        self.parts = parts
    }

    /// Appends one line.
    func write(_ entry: borrowing AccessLogEntry, to line: inout [UInt8]) {
        for part in parts {
            switch part {
            case .text(let bytes): line += bytes
            case .value(let value): entry.append(value, to: &line)
            }
        }
    }

    /// Reads what stands between two percent signs: `NAME`, `NAME(argument)` or `NAME(argument):length`.
    private static func parse(_ bytes: ArraySlice<UInt8>) -> Operator? {
        guard let first = bytes.first, first >= UInt8(ascii: "A"), first <= UInt8(ascii: "Z") else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close else {
            return named[text] ?? .unknown
        }
        let argument = text[text.index(after: open)..<close].lowercased()
        switch text[..<open] {
        case "REQ": return requestHeaders[argument] ?? .requestHeader(firstAlternative(argument))
        case "RESP":
            return argument == "x-envoy-upstream-service-time"
                ? .upstreamServiceTime : .responseHeader(firstAlternative(argument))
        default: return named[String(text[..<open])] ?? .unknown
        }
    }

    private static func firstAlternative(_ argument: String) -> String {
        String(argument.split(separator: "?").first ?? "")
    }

    private static let requestHeaders: [String: Operator] = [
        ":method": .method, ":path": .path, "x-envoy-original-path?:path": .path, ":authority": .authority,
        "x-forwarded-for": .forwardedFor, "user-agent": .userAgent, "x-request-id": .requestID,
    ]

    private static let named: [String: Operator] = [
        "START_TIME": .startTime, "PROTOCOL": .httpVersion, "RESPONSE_CODE": .status, "RESPONSE_FLAGS": .flag,
        "RESPONSE_CODE_DETAILS": .details, "CONNECTION_TERMINATION_DETAILS": .terminationDetails,
        "UPSTREAM_TRANSPORT_FAILURE_REASON": .upstreamFailure, "BYTES_RECEIVED": .bytesReceived,
        "BYTES_SENT": .bytesSent, "DURATION": .duration, "UPSTREAM_HOST": .upstreamHost,
        "UPSTREAM_CLUSTER": .cluster, "UPSTREAM_CLUSTER_RAW": .cluster,
        "UPSTREAM_LOCAL_ADDRESS": .upstreamLocalAddress, "DOWNSTREAM_LOCAL_ADDRESS": .downstreamLocalAddress,
        "DOWNSTREAM_REMOTE_ADDRESS": .downstreamRemoteAddress, "REQUESTED_SERVER_NAME": .serverName,
        "DOWNSTREAM_TLS_VERSION": .tlsVersion, "DOWNSTREAM_TLS_CIPHER": .tlsCipher,
        "DOWNSTREAM_TRANSPORT_FAILURE_REASON": .downstreamFailure, "ROUTE_NAME": .routeName, "TLS_REASON": .tlsReason,
    ]
}
