internal import Base
internal import Protobuf

/// Answers workloads that ask for a certificate (`istio.v1.auth.IstioCertificateService`).
public struct SigningService: Sendable {
    /// Why a caller gets no certificate.
    public struct Refusal: Error, Hashable, Sendable {
        /// The gRPC code.
        public enum Code: Int, Sendable {
            case invalidArgument = 3
            case internalError = 13
            case unavailable = 14
            case unauthenticated = 16
        }

        public let code: Code
        public let message: String
    }

    private let authority: MeshAuthority
    private let authenticator: CallerAuthenticator
    private let log = Log("ca")

    public init(authority: MeshAuthority, authenticator: CallerAuthenticator) {
        self.authority = authority
        self.authenticator = authenticator
    }

    /// Answers one call.
    ///
    /// - Parameters:
    ///   - message: An encoded ``SigningRequest``.
    ///   - peer: The caller's address, for the log.
    /// - Returns: An encoded ``SigningResponse``.
    public func createCertificate(
        _ message: [UInt8],
        credentials: CallerCredentials,
        peer: String
    ) async throws(Refusal) -> [UInt8] {
        let caller = try await authenticate(credentials, peer)
        let request: SigningRequest
        do {
            request = try SigningRequest(message)
        } catch {
            throw Refusal(code: .invalidArgument, message: "CSR signing error (\(error))")
        }
        if request.wantsImpersonation {
            log.warn("\(caller.identity) at \(peer) asked for a certificate of somebody else: refused")
            throw Refusal(code: .unauthenticated, message: "request impersonation authentication failure")
        }
        do {
            let chain = try authority.sign(
                requestPEM: request.certificateRequest,
                for: caller.identity,
                lifetime: .seconds(request.validitySeconds)
            )
            log.info("signed a certificate for \(caller.identity) at \(peer)")
            return SigningResponse(chain: chain).bytes
        } catch {
            log.warn("no certificate for \(caller.identity) at \(peer): \(error)")
            throw Refusal(code: Self.code(of: error), message: "CSR signing error (\(error))")
        }
    }

    private func authenticate(_ credentials: CallerCredentials, _ peer: String) async throws(Refusal) -> Caller {
        do {
            return try await authenticator.authenticate(credentials)
        } catch {
            log.warn("certificate request from \(peer) is not authenticated: \(error)")
            // Whoever is not known learns no more than this.
            throw Refusal(
                code: error.code == .unavailable ? .unavailable : .unauthenticated,
                message: "request authenticate failure"
            )
        }
    }

    private static func code(of error: SigningError) -> Refusal.Code {
        switch error {
        case .badRequest, .lifetimeTooLong: .invalidArgument
        case .failed: .internalError
        }
    }
}
