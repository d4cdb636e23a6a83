internal import Base
internal import Synchronization

/// The value of `Authorization`; a token in a file is read anew now and then, as the kubelet replaces it.
final class RequestCredential: Sendable {
    private let credential: ClientConfiguration.Credential
    private let cached = Mutex<(value: String, since: ContinuousClock.Instant)?>(nil)
    private static let lifetime: Duration = .seconds(10)

    init(_ credential: ClientConfiguration.Credential) { self.credential = credential }

    func authorization() throws(MeshError) -> String? {
        switch credential {
        case .none, .certificate: return nil
        case .token(let token): return "Bearer \(token)"
        case .password(let user, let password): return "Basic \(Base64.encode(Array("\(user):\(password)".utf8)))"
        case .tokenFile(let path):
            if let cached = cached.withLock({ $0 }), ContinuousClock.now - cached.since < Self.lifetime {
                return cached.value
            }
            do {
                let value = "Bearer \(try Files.readText(path).trimmed)"
                cached.withLock { $0 = (value, .now) }
                return value
            } catch {
                throw MeshError(.unavailable, "the service account's token \(path) cannot be read", cause: error)
            }
        }
    }
}
