import Base
import Discovery
import HTTP
import Network
import Synchronization
import Testing

@testable import Proxy

/// A mesh with the sidecars of sleep and httpbin, and httpbin's application.
struct Stage: Sendable {
    let mesh: Mesh
    let client: TestSidecar
    let server: TestSidecar

    /// - Parameters:
    ///   - enrolls: Whether the client gets a certificate.
    ///   - limits: Of the client; patient unless given.
    static func run(
        enrolls: Bool = true,
        limits: WorkerLimits = .patient,
        _ body: @escaping @Sendable (Stage) async throws -> Void
    ) async throws {
        let port = try ReservedPort("127.0.0.7")
        try await Mesh.run(endpoint: port.address) { mesh in
            let listener = try AsyncListener(binding: SocketAddress(.loopback, port: 0))
            let client = try TestSidecar("sleep", in: mesh, inbound: ReservedPort("127.0.0.5"), limits: limits)
            let server = try TestSidecar("httpbin", in: mesh, inbound: port, application: listener.address)
            if enrolls { try await client.enroll("sleep", in: mesh) }
            try await server.enroll("httpbin", in: mesh)
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask { try? await HTTPServer(listener: listener, handler: answer).run() }
                group.addTask { await client.discovery.run() }
                group.addTask { await server.discovery.run() }
                try await server.becomeReady()
                if enrolls { try await client.becomeReady() }
                try await eventually("the client has what it begins with") { client.state.resources.count == 3 }
                try await body(Stage(mesh: mesh, client: client, server: server))
            }
        }
    }

    /// Says whether the caller was known.
    @Sendable private static func answer(_ exchange: HTTPExchange) async throws {
        let caller = exchange.request.fields["x-forwarded-client-cert"] ?? "plaintext"
        try await exchange.respond(HTTPResponseHead(200), body: Array(caller.utf8))
    }

    /// Waits until the client has noticed that the control plane is away.
    func loseControlPlane() async throws {
        mesh.relay.close()
        try await eventually("the client lost the control plane") { !client.discovery.isConnected }
    }
}

extension WorkerLimits {
    /// So that a busy machine is not taken for a control plane that does not answer.
    static var patient: WorkerLimits {
        var limits = WorkerLimits()
        limits.onDemandTimeout = .seconds(120)
        return limits
    }
}
