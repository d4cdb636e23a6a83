import Base
import Discovery
import GRPC
import Network
import Synchronization
import TLS

/// A server that speaks like a control plane, whoever it may be, on a port of its own.
final class FalseControlPlane: Sendable {
    /// Streams that got as far as to be served.
    private let streams = Mutex(0)
    private let resources: Mutex<[ResourceName: Resource]>
    private let listener: AsyncListener

    var port: UInt16 { listener.address.port }
    var served: Int { streams.withLock { $0 } }

    /// - Parameter identity: What it shows; nil for no TLS at all.
    init(identity: TLSIdentity?, resources: [ResourceName: Resource]) throws {
        var tls: TLSServerContext?
        if let identity {
            var configuration = TLSServerConfiguration(identity: identity)
            configuration.parameters.applicationProtocols = ["h2"]
            tls = try TLSServerContext(configuration)
        }
        listener = try AsyncListener(binding: SocketAddress(.loopback, port: 0), tls: tls)
        self.resources = Mutex(resources)
    }

    /// Serves until the task is cancelled.
    func run() async { try? await GRPCServer(listener: listener, handlers: [DiscoveryProtocol.path: serve]).run() }

    @Sendable private func serve(_ call: GRPCCall) async throws {
        streams.withLock { $0 += 1 }
        var session = ServerSession()
        while let message = try await call.next() {
            _ = session.received(try DeltaRequest(message))
            let known = resources.withLock { $0 }
            if let response = session.nextResponse({ known[$0].map { EncodedResource($0) } }) {
                try await call.send(response.bytes)
            }
        }
    }
}
