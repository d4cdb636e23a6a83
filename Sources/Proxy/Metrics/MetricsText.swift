/// The counters in Prometheus' text format, under Istio's names.
struct MetricsText {
    /// What every series says of this proxy.
    struct Owner: Sendable {
        var workload: String
        var namespace: String
        var principal: String
        var cluster: String
    }

    let owner: Owner
    let metrics: Metrics
    let connections: Int
    /// Chains of a gateway that cannot serve for want of a certificate; nil for a sidecar.
    var unusableChains: Int?
    /// Seconds until the certificate expires; nil without one.
    let certificateSeconds: Int64?

    var text: String {
        var lines: [String] = []
        let sorted = metrics.series.sorted { Self.order($0.key) < Self.order($1.key) }
        requests(sorted.filter { $0.key.isHTTP }, &lines)
        messages(sorted.filter { $0.key.grpc != nil }, &lines)
        connections(sorted.filter { !$0.key.isHTTP }, &lines)
        gauge("apus_proxy_connections", connections, "Connections open now.", &lines)
        if let unusableChains {
            gauge(
                "apus_proxy_gateway_chains_unusable",
                unusableChains,
                "TLS servers of this gateway that are down because a certificate is missing or bad.",
                &lines
            )
        }
        if let certificateSeconds {
            gauge(
                "apus_proxy_certificate_expiry_seconds",
                Int(certificateSeconds),
                "Until the certificate expires.",
                &lines
            )
        }
        counter(
            "apus_proxy_tls_handshakes_failed_total",
            metrics.handshakesFailed,
            "TLS handshakes that failed.",
            &lines
        )
        counter(
            "apus_proxy_mutual_tls_accepted_total",
            metrics.mutualTLSAccepted,
            "Mutual TLS connections accepted.",
            &lines
        )
        counter(
            "apus_proxy_plaintext_refused_total",
            metrics.plaintextRefused,
            "Plaintext connections refused.",
            &lines
        )
        return lines.joined(separator: "\n") + "\n"
    }

    private static func order(_ key: Metrics.Key) -> String {
        "\(key.isInbound) \(key.cluster) \(key.sourcePrincipal) \(key.status) \(key.flag.text)"
    }

    private func requests(_ series: [(key: Metrics.Key, value: Metrics.Values)], _ lines: inout [String]) {
        guard !series.isEmpty else { return }
        lines.append("# TYPE istio_requests_total counter")
        for (key, value) in series { lines.append("istio_requests_total{\(labels(key))} \(value.count)") }
        lines.append("# TYPE istio_request_duration_milliseconds histogram")
        for (key, value) in series {
            let labels = labels(key)
            var below = 0
            for (bound, count) in zip(Metrics.bounds, value.buckets) {
                below += count
                lines.append("istio_request_duration_milliseconds_bucket{\(labels),le=\"\(bound)\"} \(below)")
            }
            lines.append("istio_request_duration_milliseconds_bucket{\(labels),le=\"+Inf\"} \(value.count)")
            lines.append("istio_request_duration_milliseconds_sum{\(labels)} \(value.milliseconds)")
            lines.append("istio_request_duration_milliseconds_count{\(labels)} \(value.count)")
        }
        for (name, path) in [("request", \Metrics.Values.bytesReceived), ("response", \Metrics.Values.bytesSent)] {
            lines.append("# TYPE istio_\(name)_bytes summary")
            for (key, value) in series {
                lines.append("istio_\(name)_bytes_sum{\(labels(key))} \(value[keyPath: path])")
                lines.append("istio_\(name)_bytes_count{\(labels(key))} \(value.count)")
            }
        }
    }

    private func messages(_ series: [(key: Metrics.Key, value: Metrics.Values)], _ lines: inout [String]) {
        guard !series.isEmpty else { return }
        for (name, path) in [
            ("request", \Metrics.Values.requestMessages), ("response", \Metrics.Values.responseMessages),
        ] {
            lines.append("# TYPE istio_\(name)_messages_total counter")
            for (key, value) in series {
                lines.append("istio_\(name)_messages_total{\(labels(key))} \(value[keyPath: path])")
            }
        }
    }

    private func connections(_ series: [(key: Metrics.Key, value: Metrics.Values)], _ lines: inout [String]) {
        guard !series.isEmpty else { return }
        let columns: [(String, KeyPath<Metrics.Values, Int>)] = [
            ("istio_tcp_connections_opened_total", \.count), ("istio_tcp_connections_closed_total", \.count),
            ("istio_tcp_received_bytes_total", \.bytesReceived), ("istio_tcp_sent_bytes_total", \.bytesSent),
        ]
        for (name, path) in columns {
            lines.append("# TYPE \(name) counter")
            for (key, value) in series { lines.append("\(name){\(labels(key))} \(value[keyPath: path])") }
        }
    }

    private func gauge(_ name: String, _ value: Int, _ help: String, _ lines: inout [String]) {
        lines += ["# HELP \(name) \(help)", "# TYPE \(name) gauge", "\(name) \(value)"]
    }

    private func counter(_ name: String, _ value: Int, _ help: String, _ lines: inout [String]) {
        lines += ["# HELP \(name) \(help)", "# TYPE \(name) counter", "\(name) \(value)"]
    }

    private func labels(_ key: Metrics.Key) -> String {
        let source = key.isInbound ? Peer(principal: key.sourcePrincipal) : own
        let destination = key.isInbound ? own : Peer()
        var pairs = [("reporter", key.isInbound ? "destination" : "source")]
        pairs += source.labels("source") + destination.labels("destination") + service(key)
        pairs.append(("request_protocol", key.grpc != nil ? "grpc" : key.isHTTP ? "http" : "tcp"))
        if key.isHTTP { pairs.append(("response_code", String(key.status))) }
        if let grpc = key.grpc { pairs.append(("grpc_response_status", grpc.status.map(String.init) ?? "")) }
        pairs.append(("response_flags", key.flag.text))
        let policy = key.isInbound ? (key.isMutualTLS ? "mutual_tls" : "none") : "unknown"
        pairs.append(("connection_security_policy", policy))
        return pairs.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
    }

    private var own: Peer {
        Peer(principal: owner.principal, workload: owner.workload, namespace: owner.namespace, cluster: owner.cluster)
    }

    private func service(_ key: Metrics.Key) -> [(String, String)] {
        let host = key.host.isEmpty ? "unknown" : key.host
        let parts = host.split(separator: ".")
        let isKubernetes = parts.count > 2 && parts[2] == "svc"
        let isNamed = !key.host.isEmpty
        return [
            ("destination_service", host),
            ("destination_service_name", isKubernetes ? String(parts[0]) : isNamed ? host : key.cluster),
            ("destination_service_namespace", isKubernetes ? String(parts[1]) : "unknown"),
        ]
    }

    private static func escaped(_ text: String) -> String {
        if text.isEmpty { return "unknown" }
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }

    /// One end of a connection, as far as it is known.
    private struct Peer {
        var principal = ""
        var workload = ""
        var namespace = ""
        var cluster = ""

        func labels(_ end: String) -> [(String, String)] {
            // A SPIFFE id tells the namespace, when nothing else does.
            let parts = principal.split(separator: "/")
            let known = parts.firstIndex(of: "ns").flatMap { $0 + 1 < parts.count ? String(parts[$0 + 1]) : nil }
            return [
                ("\(end)_workload", workload),
                ("\(end)_workload_namespace", namespace.isEmpty ? known ?? "" : namespace),
                ("\(end)_principal", principal), ("\(end)_app", ""), ("\(end)_version", ""),
                ("\(end)_canonical_service", workload), ("\(end)_canonical_revision", workload.isEmpty ? "" : "latest"),
                ("\(end)_cluster", cluster),
            ]
        }
    }
}
