internal import Base
internal import JSON

extension AccessLogEntry {
    /// One line of JSON with Istio's default keys, and `tls_reason`; what is missing is null.
    func writeJSON(to line: inout [UInt8]) {
        var members: [String: JSON] = [
            "start_time": .string(start.formatted(fractionDigits: 3)),
            "response_flags": .string(flag.text),
            "bytes_received": .int(Int64(bytesReceived)),
            "bytes_sent": .int(Int64(bytesSent)),
            "duration": .int(Int64(duration.milliseconds)),
            "response_code": .int(Int64(status)),
            "upstream_service_time": upstreamServiceTime.map { .string(String($0)) } ?? .null,
        ]
        for (key, value) in Self.textKeys {
            let text = text(value)
            members[key] = text.isEmpty ? .null : .string(text)
        }
        line += JSON.object(members).bytes()
        line.append(UInt8(ascii: "\n"))
    }

    private static let textKeys: [(String, AccessLogFormat.Operator)] = [
        ("route_name", .routeName), ("method", .method), ("path", .path), ("protocol", .httpVersion),
        ("response_code_details", .details), ("connection_termination_details", .terminationDetails),
        ("upstream_transport_failure_reason", .upstreamFailure), ("x_forwarded_for", .forwardedFor),
        ("user_agent", .userAgent), ("request_id", .requestID), ("authority", .authority),
        ("upstream_host", .upstreamHost), ("upstream_cluster", .cluster),
        ("upstream_local_address", .upstreamLocalAddress), ("downstream_local_address", .downstreamLocalAddress),
        ("downstream_remote_address", .downstreamRemoteAddress), ("requested_server_name", .serverName),
        ("tls_reason", .tlsReason),
    ]
}
