public import Base
internal import Synchronization
public import TLS

/// The mesh's certificate authority: makes every certificate by which workloads know each other.
public final class MeshAuthority: Sendable {
    /// The lifetimes that workloads may ask for.
    public struct Limits: Sendable {
        /// For who asks for none: a day (DEFAULT_WORKLOAD_CERT_TTL).
        public var defaultLifetime: Duration = .seconds(24 * 3600)
        /// Ninety days (MAX_WORKLOAD_CERT_TTL).
        public var longestLifetime: Duration = .seconds(2160 * 3600)

        public init() {}
    }

    private let limits: Limits
    private let files: Mutex<AuthorityFiles>

    public init(_ files: AuthorityFiles, limits: Limits = Limits()) {
        self.files = Mutex(files)
        self.limits = limits
    }

    /// What peers must trust.
    public var roots: [Certificate] { files.withLock(\.roots) }
    public var rootsPEM: String { roots.map(\.pem).joined() }

    /// Signs with `files` from now on, if they end at the same roots.
    ///
    /// - Throws: ``MeshError`` when the roots differ: running workloads trust only the old ones.
    public func replace(with files: AuthorityFiles) throws(MeshError) {
        try self.files.withLock { current throws(MeshError) in
            guard files.roots == current.roots else {
                throw MeshError(
                    .invalidConfiguration,
                    "the new CA has other roots than the one in use, and is ignored until the control plane restarts"
                )
            }
            current = files
        }
    }

    /// Takes a self-signed root that was made anew with the same key.
    public func renew(_ files: AuthorityFiles) { self.files.withLock { $0 = files } }

    /// Signs a workload's request.
    ///
    /// - Parameters:
    ///   - requestPEM: The request; only its public key counts.
    ///   - identity: Who the caller is, from authentication.
    ///   - lifetime: What the caller asks for; zero or less for the default.
    /// - Returns: PEM: the leaf, each certificate between it and the root, then the root or roots as one element.
    public func sign(
        requestPEM: String,
        for identity: SPIFFEID,
        lifetime: Duration,
        now: Timestamp = .now
    ) throws(SigningError) -> [String] {
        let request: CertificateRequest
        do {
            request = try CertificateRequest(pem: requestPEM)
        } catch {
            throw .badRequest(error.description)
        }
        let lifetime = lifetime > .zero ? lifetime : limits.defaultLifetime
        guard lifetime <= limits.longestLifetime else {
            throw .lifetimeTooLong(requested: lifetime, longest: limits.longestLifetime)
        }
        let files = files.withLock { $0 }
        do {
            let leaf = try files.authority.sign(
                request.publicKey,
                names: AlternativeNames(uris: [identity.description]),
                lifetime: lifetime,
                now: now
            )
            return [leaf.pem] + files.intermediates.map(\.pem) + [files.roots.map(\.pem).joined()]
        } catch {
            throw .failed(error.description)
        }
    }

    /// A certificate for a server of the control plane itself.
    public func serverIdentity(
        dnsNames: [String],
        lifetime: Duration = .seconds(365 * 24 * 3600),
        now: Timestamp = .now
    ) throws(MeshError) -> TLSIdentity {
        let files = files.withLock { $0 }
        let key = try PrivateKey(generating: .p256)
        let leaf = try files.authority.sign(
            key.publicKey,
            names: AlternativeNames(dnsNames: dnsNames),
            lifetime: lifetime,
            now: now
        )
        return try TLSIdentity(chain: [leaf] + files.intermediates, key: key)
    }
}

/// Why a certificate was not signed; the words are Istio's.
public enum SigningError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The request cannot be read, or is not signed with its own key.
    case badRequest(String)
    case lifetimeTooLong(requested: Duration, longest: Duration)
    /// The CA cannot sign at the moment.
    case failed(String)

    public var description: String {
        switch self {
        case .badRequest(let reason): reason
        case .lifetimeTooLong(let requested, let longest):
            "requested TTL \(requested.goText) is greater than the max allowed TTL \(longest.goText)"
        case .failed(let reason): reason
        }
    }
}

extension Duration {
    /// Whole seconds as Go writes a duration: `2160h0m0s`, `5m0s`, `3s`.
    var goText: String {
        let seconds = components.seconds
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
        if hours > 0 { return "\(hours)h\(minutes)m\(seconds % 60)s" }
        return minutes > 0 ? "\(minutes)m\(seconds % 60)s" : "\(seconds)s"
    }
}
