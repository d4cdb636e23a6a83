internal import Base
internal import GRPC
internal import Network
internal import Protobuf

/// Asks a server for its health over gRPC (`grpc.health.v1.Health/Check`), as a `grpc` probe does.
enum HealthCheck {
    /// The states of `grpc.health.v1.HealthCheckResponse.ServingStatus`.
    enum State: UInt64 { case unknown, serving, notServing, serviceUnknown }

    /// What is wrong, in the kubelet's words; nil when the service serves.
    ///
    /// - Parameter service: Empty asks for the server as a whole.
    static func failure(of service: String, at address: SocketAddress, timeout: Duration) async -> String? {
        do {
            let answer = try await withTimeLimit(timeout, "the health check") {
                var configuration = GRPCClient.Configuration()
                configuration.messageLimit = 65_536
                configuration.keepAlive = nil
                let client = try await connect(address, configuration)
                defer { client.close() }
                return try await client.unary(
                    "/grpc.health.v1.Health/Check",
                    message: request(service),
                    timeout: timeout
                )
            }
            let state = try state(answer)
            return state == .serving ? nil : "service unhealthy (responded with \"\(state.name)\")"
        } catch let error as MeshError where error.code == .timedOut {
            return "timeout: health rpc did not complete within \(timeout.components.seconds)s"
        } catch let error as Unreachable {
            return "error: failed to connect service at \"\(address)\": \(error.reason)"
        } catch let status as GRPCStatus {
            return words(for: status, timeout)
        } catch {
            return "error: health rpc probe failed: \(error)"
        }
    }

    private struct Unreachable: Error { let reason: String }

    private static func connect(
        _ address: SocketAddress,
        _ configuration: GRPCClient.Configuration
    ) async throws -> GRPCClient {
        do {
            return try await GRPCClient.connect(
                host: address.ip.description,
                port: address.port,
                configuration: configuration
            )
        } catch {
            throw Unreachable(reason: error.message)
        }
    }

    private static func words(for status: GRPCStatus, _ timeout: Duration) -> String {
        switch status.code {
        case .unimplemented:
            "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): \(status.message)"
        case .deadlineExceeded: "timeout: health rpc did not complete within \(timeout.components.seconds)s"
        default: "error: health rpc probe failed: \(status)"
        }
    }

    /// `HealthCheckRequest { string service = 1 }`.
    static func request(_ service: String) -> [UInt8] {
        var writer = ProtobufWriter()
        if !service.isEmpty { writer.string(1, service) }
        return writer.bytes
    }

    /// `HealthCheckResponse { ServingStatus status = 1 }`.
    static func state(_ message: [UInt8]) throws(ProtobufError) -> State {
        var reader = ProtobufReader(message)
        var state = State.unknown
        while let field = try reader.nextField() {
            if field.number == 1 { state = State(rawValue: try field.unsigned()) ?? .unknown }
        }
        return state
    }
}

extension HealthCheck.State {
    /// The name in the protocol.
    var name: String {
        switch self {
        case .unknown: "UNKNOWN"
        case .serving: "SERVING"
        case .notServing: "NOT_SERVING"
        case .serviceUnknown: "SERVICE_UNKNOWN"
        }
    }
}
