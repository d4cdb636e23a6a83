internal import HTTP
internal import TLS

/// Begins to serve a connection whose inside is HTTP, whatever its version.
enum HTTPServing {
    /// HTTP/2 is spoken when TLS agreed on it, and where nothing was agreed on when the client begins with its preface.
    static func start(_ worker: Worker, _ channel: consuming Channel, _ info: ConnectionInfo, _ router: RequestRouter) {
        let agreed = channel.tlsInfo?.applicationProtocol
        channel.forgetHandshake()
        switch agreed {
        case "h2": DownstreamHTTP2(worker, channel, info, router).start()
        default: DownstreamHTTP1(worker, channel, info, router, mayBeHTTP2: agreed == nil).start()
        }
    }
}
