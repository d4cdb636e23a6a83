internal import JSON

/// What a probe or a lifecycle hook does.
enum HandlerSpecification: Sendable, Hashable {
    case exec([String])
    /// - Parameter host: Empty means the pod's address.
    case httpGet(scheme: String, host: String, port: JSON, path: String, headers: [Header])
    case tcpSocket(host: String, port: JSON)
    case grpc(port: Int64, service: String)
    case sleep(seconds: Int64)
    /// Whether a program of the pod listens on the port, found without connecting; not Kubernetes' but the lab's own.
    case listening(port: UInt16)

    struct Header: Sendable, Hashable {
        let name: String
        let value: String
    }

    /// Reads the member that says what to do; nil when there is none.
    init?(_ json: JSON) {
        if let exec = json["exec"] {
            self = .exec(exec["command"]?.array?.compactMap(\.string) ?? [])
        } else if let get = json["httpGet"] {
            let headers = (get["httpHeaders"]?.array ?? []).map {
                Header(name: $0["name"]?.string ?? "", value: $0["value"]?.string ?? "")
            }
            self = .httpGet(
                scheme: get["scheme"]?.string ?? "HTTP",
                host: get["host"]?.string ?? "",
                port: get["port"] ?? .null,
                path: get["path"]?.string ?? "/",
                headers: headers
            )
        } else if let socket = json["tcpSocket"] {
            self = .tcpSocket(host: socket["host"]?.string ?? "", port: socket["port"] ?? .null)
        } else if let grpc = json["grpc"] {
            self = .grpc(port: grpc["port"]?.int ?? 0, service: grpc["service"]?.string ?? "")
        } else if let seconds = json["sleep", "seconds"]?.int {
            self = .sleep(seconds: seconds)
        } else {
            return nil
        }
    }
}

/// A container's probe, with Kubernetes' defaults (`core/v1.Probe`).
struct ProbeSpecification: Sendable, Hashable {
    let handler: HandlerSpecification
    let initialDelay: Duration
    let period: Duration
    let timeout: Duration
    let successThreshold: Int
    let failureThreshold: Int

    /// Whether a failure is told as an event; that a program has yet to open its port is none.
    var isNews: Bool { if case .listening = handler { false } else { true } }

    /// A container counts as ready when its program listens on `port`.
    init(listeningOn port: UInt16) {
        handler = .listening(port: port)
        (initialDelay, period, timeout) = (.zero, .seconds(3), .seconds(1))
        (successThreshold, failureThreshold) = (1, 3)
    }

    init?(_ json: JSON) {
        guard let handler = HandlerSpecification(json) else { return nil }
        self.handler = handler
        initialDelay = .seconds(json["initialDelaySeconds"]?.int ?? 0)
        period = .seconds(max(1, json["periodSeconds"]?.int ?? 10))
        timeout = .seconds(max(1, json["timeoutSeconds"]?.int ?? 1))
        successThreshold = max(1, Int(clamping: json["successThreshold"]?.int ?? 1))
        failureThreshold = max(1, Int(clamping: json["failureThreshold"]?.int ?? 3))
    }
}
