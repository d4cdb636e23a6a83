public import Base
public import GRPC
internal import HTTP
public import TLS

/// What a workload proves its identity with, and by what it knows others.
public struct WorkloadCertificate: Sendable {
    public let identity: TLSIdentity
    /// PEM of the roots as the CA gave them.
    public let rootsPEM: String
    public let obtained: Timestamp

    public var notAfter: Timestamp { identity.leaf.notAfter }
}

/// Gets certificates from the mesh's CA, with a key that never leaves this process.
public struct CertificateRequester: Sendable {
    private let connect: @Sendable () async throws -> GRPCClient
    private let token: @Sendable () throws -> String?
    private let lifetime: Duration
    private let cluster: String

    /// - Parameters:
    ///   - connect: Opens a connection to the CA.
    ///   - token: The service-account token, read anew for each request; nil when the connection's client certificate
    ///     is to be enough.
    ///   - lifetime: What to ask for (SECRET_TTL).
    ///   - cluster: The cluster's name, `clusterid` in the request.
    public init(
        connect: @escaping @Sendable () async throws -> GRPCClient,
        token: @escaping @Sendable () throws -> String?,
        lifetime: Duration = .seconds(24 * 3600),
        cluster: String = "Kubernetes"
    ) {
        self.connect = connect
        self.token = token
        self.lifetime = lifetime
        self.cluster = cluster
    }

    /// Makes a new key and has it certified.
    ///
    /// - Parameter hint: What the request says the workload is called; the CA goes by its own knowledge.
    public func obtain(_ hint: SPIFFEID, algorithm: KeyAlgorithm = .p256) async throws -> WorkloadCertificate {
        let key = try PrivateKey(generating: algorithm)
        let request = try CertificateRequest(key: key, names: AlternativeNames(uris: [hint.description]))
        var metadata: HTTPFields = ["clusterid": cluster]
        if let token = try token() { metadata.append("authorization", "Bearer \(token)") }
        let message = SigningRequest(certificateRequest: request.pem, validitySeconds: lifetime.components.seconds)
        let client = try await connect()
        defer { client.close() }
        let answer = try await client.unary(SigningProtocol.path, metadata: metadata, message: message.bytes)
        return try Self.certificate(SigningResponse(answer), key)
    }

    /// Reads the CA's answer; what does not belong together is refused.
    static func certificate(
        _ response: SigningResponse,
        _ key: PrivateKey,
        now: Timestamp = .now
    ) throws(MeshError) -> WorkloadCertificate {
        guard response.chain.count >= 2, let roots = response.chain.last else {
            throw MeshError(
                .protocolViolation,
                "the CA's answer has \(response.chain.count) certificates, not 2 or more"
            )
        }
        var chain: [Certificate] = []
        for pem in response.chain.dropLast() { chain += try Certificate.chain(pem: pem) }
        let identity = try TLSIdentity(chain: chain, key: key)
        try TrustStore(pem: roots).verify(identity.leaf, intermediates: Array(chain.dropFirst()), for: .client)
        return WorkloadCertificate(identity: identity, rootsPEM: roots, obtained: now)
    }
}

/// Keeps a workload's certificate fresh: obtains one at once, and the next about half-way through its life.
public struct CertificateRotation: Sendable {
    private let schedule: RotationSchedule
    private let obtain: @Sendable () async throws -> WorkloadCertificate
    private let log = Log("identity")

    public init(
        schedule: RotationSchedule = RotationSchedule(),
        obtain: @escaping @Sendable () async throws -> WorkloadCertificate
    ) {
        self.schedule = schedule
        self.obtain = obtain
    }

    /// Runs until the task is cancelled; `publish` gets each new certificate, while the old one stays good.
    public func run(publish: @Sendable (WorkloadCertificate) async -> Void) async {
        var backoff = Backoff(first: .milliseconds(100), limit: .seconds(10))
        var random = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            do {
                let certificate = try await obtain()
                backoff.succeeded()
                await publish(certificate)
                let delay = schedule.delay(
                    obtained: certificate.obtained,
                    notAfter: certificate.notAfter,
                    now: .now,
                    using: &random
                )
                log.info(
                    "\(certificate.identity.leaf), valid until \(certificate.notAfter), renewal at \(Timestamp.now + delay)"
                )
                // A lifetime shorter than the clocks are exact must not become a tight loop.
                try await Task.sleep(for: max(delay, .seconds(1)))
            } catch {
                if Task.isCancelled { return }
                let wait = backoff.failed()
                log.warn("no certificate from the CA, next attempt in \(wait): \(error)")
                try? await Task.sleep(for: wait)  // Cancelled: the loop ends.
            }
        }
    }
}
