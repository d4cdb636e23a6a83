internal import Base
internal import Discovery
internal import HTTP

/// What a sidecar changes in a request's head before it goes on (Istio's sidecars over Envoy's connection manager).
struct RequestRules {
    let info: ConnectionInfo

    /// The protocol that a request offers to switch to; nil when it does not.
    ///
    /// HTTP/2 is none: whoever let it through would no longer see the requests (RFC 9113 §3.1 has given it up).
    static func offeredUpgrade(_ head: HTTP1Head) -> String? {
        if head.version == .http2 { return head.connectProtocol }
        guard head.isUpgrade, !head.lists("h2c", in: .upgrade), !head.lists("h2", in: .upgrade) else { return nil }
        return head.text(of: .upgrade)
    }

    /// Edits the head; fields that are only for the connection it came on are gone then.
    ///
    /// - Returns: Who made the request by the word of proxies that are believed; nil for the connection's other end.
    func apply(to head: inout HTTP1Head, worker: Worker) -> IPAddress? {
        let gateway = info.direction == .gateway ? worker.tables.content.gateway : nil
        var client: IPAddress?
        useOriginForm(&head)
        head.completeHost()
        PathNormalization.apply(to: &head)
        let acceptsTrailers = head.contains(.te) && head.lists("trailers", in: .te)
        head.removeHopByHopFields()
        head.remove(.http2Settings)
        if acceptsTrailers { head.append(.te, "trailers") }
        if info.direction == .gateway {
            client = GatewayRequestRules(info: info, trustedProxies: gateway?.trustedProxies ?? 0).apply(to: &head)
        }
        if !head.contains(.xForwardedProto) {
            head.append(.xForwardedProto, info.direction == .inbound && info.isMutualTLS ? "https" : "http")
        }
        if !head.contains(.xRequestID) { worker.appendRequestID(to: &head) }
        tellCaller(&head, gateway?.clientCertificateForwarding)
        if info.direction == .inbound {
            // What proxies tell each other is not for the application.
            head.remove(.xEnvoyPeerMetadata)
            head.remove(.xEnvoyPeerMetadataID)
            head.remove(.xEnvoyDecoratorOperation)
        }
        return client
    }

    /// Takes host and path out of an absolute target: what follows is no proxy (RFC 9112 §3.2.2).
    private func useOriginForm(_ head: inout HTTP1Head) {
        guard hasAbsoluteTarget(head) else { return }
        let authority = [UInt8](copying: head.authority)
        var path = [UInt8](copying: head.path)
        if path.first != UInt8(ascii: "/") { path.insert(UInt8(ascii: "/"), at: 0) }
        head.set(.host, to: authority.span)
        head.setTarget(path.span)
    }

    private func hasAbsoluteTarget(_ head: HTTP1Head) -> Bool {
        let target = head.target
        return !target.isEmpty && target[0] != UInt8(ascii: "/") && target[0] != UInt8(ascii: "*")
    }

    /// Writes who the caller is, or removes what a client without a certificate claims to be.
    ///
    /// - Parameter forwarding: Nil for a sidecar.
    private func tellCaller(
        _ head: inout HTTP1Head,
        _ forwarding: GatewayConfiguration.ClientCertificateForwarding?
    ) {
        // A gateway believes nobody before it unless it is told to; a sidecar adds its own word (APPEND_FORWARD).
        let forwarding = forwarding ?? (info.direction == .gateway ? .replaced : .appended)
        if forwarding == .alwaysKept { return }
        if info.callerElement.isEmpty || forwarding == .removed { return head.remove(.xForwardedClientCert) }
        if forwarding == .kept { return }
        var value = forwarding == .replaced ? [] : received(head)
        if value.isEmpty {
            let element = info.callerElement
            return head.set(.xForwardedClientCert, to: element.span)
        }
        value.append(UInt8(ascii: ","))
        value += info.callerElement
        head.set(.xForwardedClientCert, to: value.span)
    }

    private func received(_ head: HTTP1Head) -> [UInt8] {
        guard let index = head.firstIndex(of: .xForwardedClientCert) else { return [] }
        return [UInt8](copying: head.value(at: index))
    }
}

/// What a sidecar changes in a response's head before it goes back.
struct ResponseRules {
    let info: ConnectionInfo
    let serviceTime: Int?

    func tellServiceTime(in head: inout HTTP1Head) {
        guard let serviceTime else { return }
        let digits = DecimalDigits(serviceTime)
        head.set(.xEnvoyUpstreamServiceTime, to: digits.span)
    }

    /// Comes last: no route decides about it.
    func tellServer(in head: inout HTTP1Head) { head.set(.server, to: info.direction.serverName) }
}

extension ConnectionInfo.Direction {
    /// The `server` field of every response.
    var serverName: String { self == .outbound ? "envoy" : "istio-envoy" }
}

/// A number in decimal, without heap.
struct DecimalDigits {
    private var digits = InlineArray<20, UInt8>(repeating: UInt8(ascii: "0"))
    private var start = 20

    /// - Parameter number: Not negative.
    init(_ number: Int) {
        var rest = number.magnitude
        repeat {
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        } while rest > 0
    }

    var span: Span<UInt8> {
        @_lifetime(borrow self)
        get { digits.span.extracting(start...) }
    }
}
