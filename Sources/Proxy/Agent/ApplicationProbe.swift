internal import Base
internal import JSON

/// A probe of the application that the injector moved to the proxy (ISTIO_KUBE_APP_PROBERS).
struct ApplicationProbe: Hashable, Sendable {
    enum Action: Hashable, Sendable {
        case http(path: String, port: UInt16, usesTLS: Bool, headers: [[String]])
        case tcp(port: UInt16)
    }

    var action: Action
    var timeout: Duration

    /// - Returns: nil for a probe of a kind that is not known, or without a port.
    init?(_ json: JSON) {
        timeout = .seconds(max(1, json["timeoutSeconds"]?.int ?? 1))
        if let get = json["httpGet"], let port = Self.port(get) {
            let headers = (get["httpHeaders"]?.array ?? []).compactMap { header -> [String]? in
                guard let name = header["name"]?.string, let value = header["value"]?.string else { return nil }
                return [name, value]
            }
            let path = get["path"]?.string ?? "/"
            action = .http(
                path: path.hasPrefix("/") ? path : "/" + path,
                port: port,
                usesTLS: get["scheme"]?.string?.uppercased() == "HTTPS",
                headers: headers
            )
        } else if let port = (json["tcpSocket"] ?? json["grpc"]).flatMap(Self.port) {
            action = .tcp(port: port)
        } else {
            return nil
        }
    }

    private static func port(_ json: JSON) -> UInt16? {
        (json["port"]?.int).flatMap { UInt16(exactly: $0) } ?? json["port"]?.string.flatMap { UInt16($0) }
    }
}
