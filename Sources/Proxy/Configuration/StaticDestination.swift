internal import Discovery
internal import JSON

/// The limits and the load balancing of a ``StaticConfiguration``'s destinations.
///
/// ```json
/// { "name": …, "maxRequests": 1, "maxStreams": 1, "idleTimeoutSeconds": 1, "tcpIdleTimeoutSeconds": 1,
///   "maxConnectionDurationSeconds": 1, "maxConnections": 1, "maxPendingRequests": 1, "maxRequestsPerConnection": 1,
///   "affinity": { "header": "x-user", "tableSize": 65537 } }
/// ```
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
        destination.affinity = json["affinity"].flatMap(affinity)
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
