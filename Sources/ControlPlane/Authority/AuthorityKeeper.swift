internal import Base
internal import Identity
internal import JSON
internal import Kubernetes
internal import Synchronization
internal import TLS

/// Finds or makes the mesh's CA, and keeps it good: takes plugged-in changes over, renews a self-signed root in time.
final class AuthorityKeeper: Sendable {
    let authority: MeshAuthority
    private let api: any KubernetesAPI
    private let namespace: String
    private let trustDomain: String
    private let isSelfSigned: Bool
    private static let log = Log("ca")

    /// The Secret of a plugged-in CA.
    static let pluggedInName = "cacerts"
    /// The Secret of a self-signed CA.
    static let keptName = "istio-ca-secret"
    private static let checkInterval: Duration = .seconds(3600)  // CITADEL_SELF_SIGNED_ROOT_CERT_CHECK_INTERVAL

    /// Waits for the API server as long as it takes.
    ///
    /// - Parameters:
    ///   - namespace: Where the Secrets are, usually `istio-system`.
    ///   - limits: The lifetimes that workloads may ask for.
    /// - Throws: ``MeshError`` when there is a CA that cannot be used: nothing may be signed by another one then.
    static func open(
        api: any KubernetesAPI,
        namespace: String,
        trustDomain: String,
        limits: MeshAuthority.Limits = MeshAuthority.Limits()
    ) async throws -> AuthorityKeeper {
        func keeper(_ files: AuthorityFiles, isSelfSigned: Bool) -> AuthorityKeeper {
            AuthorityKeeper(MeshAuthority(files, limits: limits), api, namespace, trustDomain, isSelfSigned)
        }
        if let secret = try await secret(pluggedInName, api, namespace),
            let files = try AuthorityFiles.pluggedIn(content(of: secret))
        {
            log.info("the CA is plugged in: \(files.authority.certificate)")
            return keeper(files, isSelfSigned: false)
        }
        while true {
            if let secret = try await secret(keptName, api, namespace) {
                let files = try AuthorityFiles.kept(content(of: secret))
                log.info("the CA is self-signed and kept: \(files.authority.certificate)")
                return keeper(files, isSelfSigned: true)
            }
            let (files, content) = try AuthorityFiles.selfSigned(trustDomain: trustDomain)
            do {
                _ = try await api.create(.secrets, namespace: namespace, object(content, namespace))
                log.info("made a self-signed CA: \(files.authority.certificate)")
                return keeper(files, isSelfSigned: true)
            } catch let error as StatusError where error.alreadyExists {
                continue  // Another replica was faster: its CA is the mesh's.
            }
        }
    }

    private init(
        _ authority: MeshAuthority,
        _ api: any KubernetesAPI,
        _ namespace: String,
        _ trustDomain: String,
        _ isSelfSigned: Bool
    ) {
        self.authority = authority
        self.api = api
        self.namespace = namespace
        self.trustDomain = trustDomain
        self.isSelfSigned = isSelfSigned
    }

    /// Keeps the CA good until the task is cancelled; `changed` is called when it signs otherwise.
    func run(changed: @Sendable () async -> Void) async {
        if isSelfSigned { await renewInTime(changed) } else { await followPluggedIn(changed) }
    }

    private func renewInTime(_ changed: @Sendable () async -> Void) async {
        while !Task.isCancelled {
            do {
                if try await renewIfDue() { await changed() }
            } catch {
                Self.log.error("the CA's root cannot be renewed, next attempt in an hour: \(error)")
            }
            try? await Task.sleep(for: Self.checkInterval)  // Cancelled: the loop ends.
        }
    }

    /// Renews the self-signed root if it is in the last fifth of its life.
    ///
    /// - Returns: Whether it did.
    func renewIfDue(now: Timestamp = .now) async throws -> Bool {
        guard var secret = try await Self.secret(Self.keptName, api, namespace) else {
            throw MeshError(.notFound, "Secret \(namespace)/\(Self.keptName) is gone; restore it from a backup")
        }
        let content = Self.content(of: secret)
        guard let (files, renewed) = try AuthorityFiles.renewed(content, trustDomain: trustDomain, now: now) else {
            return false
        }
        secret["data"] = Self.data(renewed)
        _ = try await api.update(.secrets, namespace: namespace, subresource: nil, secret)
        authority.renew(files)
        Self.log.info("renewed the CA's root: \(files.authority.certificate)")
        return true
    }

    private func followPluggedIn(_ changed: @Sendable () async -> Void) async {
        let informer = Informer(
            api,
            .secrets,
            namespace: namespace,
            fieldSelector: "metadata.name=\(Self.pluggedInName)"
        )
        let changes = informer.changes()
        await withTaskGroup { group in
            group.addTask { await informer.run() }
            for await batch in changes { for change in batch where take(change) { await changed() } }
            group.cancelAll()
        }
    }

    /// - Returns: Whether certificates are signed with other files now.
    private func take(_ change: ObjectChange) -> Bool {
        guard change.key.name == Self.pluggedInName else { return false }
        guard let secret = change.after else {
            Self.log.warn("Secret \(Self.pluggedInName) was deleted; the CA in use stays until a restart")
            return false
        }
        do {
            guard let files = try AuthorityFiles.pluggedIn(Self.content(of: secret)) else { return false }
            try authority.replace(with: files)
            return true
        } catch {
            Self.log.error("the changed Secret \(Self.pluggedInName) is not used: \(error)")
            return false
        }
    }

    // Secrets

    /// The Secret, once the API server answers; nil when there is none.
    private static func secret(_ name: String, _ api: any KubernetesAPI, _ namespace: String) async throws -> JSON? {
        var backoff = Backoff()
        while true {
            do {
                return try await api.get(.secrets, namespace: namespace, name: name)
            } catch let error as StatusError where error.isNotFound {
                return nil
            } catch {
                let wait = backoff.failed()
                log.warn("Secret \(namespace)/\(name) cannot be read, next attempt in \(wait): \(error)")
                try await Task.sleep(for: wait)
            }
        }
    }

    private static func content(of secret: JSON) -> [String: [UInt8]] {
        (secret["data"]?.strings ?? [:]).compactMapValues { Base64.decode($0) }
    }

    private static func data(_ content: [String: [UInt8]]) -> JSON { .strings(content.mapValues { Base64.encode($0) }) }

    private static func object(_ content: [String: [UInt8]], _ namespace: String) -> JSON {
        [
            "apiVersion": "v1", "kind": "Secret", "type": "istio.io/ca-root", "data": data(content),
            "metadata": ["name": .string(keptName), "namespace": .string(namespace)],
        ]
    }
}
