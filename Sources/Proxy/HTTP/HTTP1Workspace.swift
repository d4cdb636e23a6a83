internal import HTTP

/// What a client's HTTP/1 connection needs from the first octet of a request to the last of its response.
///
/// Connections borrow it from their worker (``Worker/takeWorkspace(for:)``). Most of them, most of the time, are between two
/// requests, and would hold two or three kilobytes each for nothing.
final class HTTP1Workspace {
    let exchange: Exchange
    var parser = HTTP1HeadParser(.request)
    var body = BodyReader(.none)
    /// Memory for the response.
    var output: [UInt8] = []

    init(_ worker: Worker, _ leg: any DownstreamLeg) { exchange = Exchange(worker, leg) }
}
