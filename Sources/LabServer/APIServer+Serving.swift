public import Base
import HTTP
import JSON
public import Kubernetes
public import Network
import TLS

extension APIServer {
    /// Listens with TLS; the server's certificate is for loopback, for the address itself and for the names of the
    /// Service `kubernetes`.
    ///
    /// - Parameter address: Port 0 lets the system choose.
    public func listen(on address: SocketAddress) throws -> AsyncListener {
        try AsyncListener(binding: address, tls: try tls(for: address.ip))
    }

    /// Takes over a socket that listens already; see ``listen(on:)``.
    public func listen(adopting socket: consuming OwnedDescriptor) throws -> AsyncListener {
        try AsyncListener(adopting: socket, tls: try tls(for: .loopback))
    }

    private func tls(for address: IPAddress) throws -> TLSServerContext {
        let own = [IPAddress.loopback, IPAddress.loopback6, address, IPAddress("10.96.0.1")].compactMap(\.self)
        let names = ["", ".default", ".default.svc", ".default.svc.cluster.local"].map { "kubernetes\($0)" }
        let identity = try keys.serverIdentity(names: names + ["localhost"], addresses: Array(Set(own)))
        var configuration = TLSServerConfiguration(identity: identity)
        let trust = try TrustStore(roots: [keys.authority.certificate])
        configuration.clientCertificate = .optional(PeerVerification(trust: trust, names: .any))
        configuration.parameters.applicationProtocols = ["http/1.1"]
        return try TLSServerContext(configuration)
    }

    /// Serves the API on `listener` until the task is cancelled.
    public func serve(_ listener: AsyncListener) async throws {
        let server = HTTPServer(listener: listener) { [front] exchange in try await Self.answer(exchange, front) }
        try await server.run()
    }

    /// The kubeconfig of the cluster's administrator.
    ///
    /// - Parameters:
    ///   - server: Such as `https://127.0.0.1:6443`.
    ///   - namespace: Where objects are when nobody says.
    public func adminKubeconfig(server: String, namespace: String = "default") throws -> String {
        let identity = try keys.clientIdentity(user: "kubernetes-admin", group: "system:masters")
        return Kubeconfig.text(
            server: server,
            namespace: namespace,
            authorityPEM: keys.authority.certificate.pem,
            certificatePEM: identity.certificatePEM,
            keyPEM: identity.keyPEM
        )
    }

    /// Says who runs the pods, for logs, exec, attach and port-forward.
    public func connect(_ node: any NodeConnector) { front.connect(node) }

    /// Tells watches how far they have come and drops old events, until the task is cancelled; then ends the watches.
    public func maintain() async throws {
        do {
            while true {
                try await Task.sleep(for: .seconds(20))
                await registry.store.reportProgress()
                await dropOldEvents()
            }
        } catch {
            await registry.store.endWatches()
            throw error
        }
    }

    /// Events are kept for an hour, as on any cluster.
    private func dropOldEvents() async {
        let limit = Timestamp.now + .seconds(-3600)
        for (key, event) in registry.store.index.objects(of: "/events") {
            let times = ["lastTimestamp", "eventTime"].compactMap { event.value[$0]?.string }.compactMap {
                Timestamp($0)
            }
            let last = times.max() ?? event.value.metadata.creationTimestamp ?? .now
            guard last < limit else { continue }
            do {
                try await registry.store.write { transaction in _ = transaction.remove(key) }
            } catch {
                Log("apiserver").warn("cannot drop the event \(key.name): \(error)")
            }
        }
    }

    private static func answer(_ exchange: HTTPExchange, _ front: APIFront) async throws {
        let response = await response(exchange, front)
        let head = HTTPResponseHead(response.status, fields: response.fields)
        switch response.body {
        case .takeover(let takeOver): try await takeOver(exchange)
        case .whole(let bytes): try await exchange.respond(head, body: bytes)
        case .stream(let send):
            try await exchange.begin(head)
            try await exchange.whileConnected { try await send { bytes in try await exchange.write(bytes) } }
            try await exchange.end()
        }
    }

    private static func response(_ exchange: HTTPExchange, _ front: APIFront) async -> APIResponse {
        do {
            let body = try await exchange.readBody(limit: APIRequest.bodyLimit)
            var request = APIRequest(exchange.request, body: body)
            request.user = try front.user(request.fields, certificate: exchange.tls?.peerCertificate)
            return await front.respond(to: request)
        } catch let error as HTTPFailure where error.status == 413 {
            return .failure(StatusError.tooLarge(limit: APIRequest.bodyLimit))
        } catch {
            return .failure(error)
        }
    }
}
