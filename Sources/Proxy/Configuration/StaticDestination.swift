internal import Discovery
internal import JSON

/// The limits, the load balancing and the TLS of a ``StaticConfiguration``'s destinations.
///
/// ```json
/// { "name": …, "maxRequests": 1, "maxStreams": 1, "idleTimeoutSeconds": 1, "tcpIdleTimeoutSeconds": 1,
///   "maxConnectionDurationSeconds": 1, "maxConnections": 1, "maxPendingRequests": 1, "maxRequestsPerConnection": 1,
///   "proxyProtocol": 2, "affinity": { "header": "x-user", "tableSize": 65537 } }
/// ```
///
/// `tls` is `ISTIO_MUTUAL`, or `{ "caCertificates": "roots.pem", "sni": …, "subjectAltNames": [] }` for `SIMPLE`. With
/// `"resolvesRequestedHost": 8080` requests go to that port of their own host, in place of `endpoints`.
///
/// `affinity` has one of `header`, `parameter`, `sourceAddress`, and `cookie` with `path` and `lifetimeSeconds`.
enum StaticDestination {
    static func read(_ json: JSON, into destination: inout Destination) {
        func number(_ name: String) -> Int { Int(json[name]?.int ?? 0) }
        func seconds(_ name: String) -> Duration { .seconds(json[name]?.int ?? 0) }
        destination.maxConnections = number("maxConnections")
        destination.maxPendingRequests = number("maxPendingRequests")
        destination.maxRequestsPerConnection = number("maxRequestsPerConnection")
        destination.maxRequests = number("maxRequests")
        destination.maxRetries = number("maxRetries")
        destination.maxStreams = number("maxStreams")
        destination.idleTimeout = seconds("idleTimeoutSeconds")
        destination.tcpIdleTimeout = seconds("tcpIdleTimeoutSeconds")
        destination.maxConnectionDuration = seconds("maxConnectionDurationSeconds")
        destination.proxyProtocol = Destination.ProxyProtocol(rawValue: number("proxyProtocol")) ?? .none
        destination.affinity = json["affinity"].flatMap(affinity)
    }

    /// How its endpoints are spoken to; nil for in plaintext.
    static func tls(_ json: JSON, of destination: Destination) -> ClientTLS? {
        let names = { (json: JSON?) in json?["subjectAltNames"]?.array?.compactMap(\.string) ?? [] }
        if json["tls"]?.string == "ISTIO_MUTUAL" {
            var tls = ClientTLS(credential: .workload)
            tls.serverName = "outbound_.\(destination.port)_._.\(destination.host)"
            tls.subjectAlternativeNames = names(json)
            return tls
        }
        guard let simple = json["tls"], simple.object != nil else { return nil }
        var tls = ClientTLS(credential: .none)
        tls.rootsFile = simple["caCertificates"]?.string ?? ""
        tls.serverName = simple["sni"]?.string ?? ""
        tls.subjectAlternativeNames = names(simple)
        tls.verifiesHost = tls.serverName.isEmpty && tls.subjectAlternativeNames.isEmpty
        return tls
    }

    static func endpoint(_ address: String, _ port: UInt16, _ isEncrypted: Bool) -> Destination.Endpoint {
        Destination.Endpoint(
            address: address,
            port: port,
            tls: isEncrypted ? .configured : .plaintext,
            reason: isEncrypted ? "static configuration" : "static configuration without TLS"
        )
    }

    private static func affinity(_ json: JSON) -> Destination.Affinity? {
        let key: Destination.Affinity.Key
        if let name = json["header"]?.string {
            key = .header(name)
        } else if let name = json["parameter"]?.string {
            key = .parameter(name)
        } else if let name = json["cookie"]?.string {
            let lifetime = json["lifetimeSeconds"]?.int.map { Duration.seconds($0) }
            key = .cookie(name, path: json["path"]?.string ?? "", lifetime: lifetime)
        } else if json["sourceAddress"]?.bool == true {
            key = .sourceAddress
        } else {
            return nil
        }
        var affinity = Destination.Affinity(key)
        affinity.tableSize = Int(json["tableSize"]?.int ?? 0)
        affinity.ringSize = Int(json["ringSize"]?.int ?? 1024)
        return affinity
    }
}
