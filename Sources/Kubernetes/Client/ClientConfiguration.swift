public import Base
internal import Glibc

/// Which API server to speak to, as whom, and how to know that it is the right one.
public struct ClientConfiguration: Hashable, Sendable {
    /// How the client says who it is.
    ///
    /// Its description never shows a secret.
    public enum Credential: Hashable, Sendable, CustomStringConvertible {
        case none
        case token(String)
        /// The token in a file, which is read again as it is renewed.
        case tokenFile(String)
        case certificate(chainPEM: String, keyPEM: String)
        case password(user: String, String)

        public var description: String {
            switch self {
            case .none: "no credential"
            case .token: "a bearer token"
            case .tokenFile(let path): "the bearer token in \(path)"
            case .certificate: "a client certificate"
            case .password(let user, _): "the password of \(user)"
            }
        }
    }

    public var server: ServerURL
    /// PEM certificates that the server's must descend from; nil means the system's.
    public var rootsPEM: String?
    /// No check of the server at all (`insecure-skip-tls-verify`).
    public var skipsVerification = false
    /// The name to ask for and to find in the server's certificate, when it is not the URL's host (`tls-server-name`).
    public var serverName: String?
    public var credential: Credential = .none
    /// What an object's namespace is when nobody says.
    public var namespace = "default"

    public init(server: ServerURL) { self.server = server }

    /// Where a pod finds its service account.
    public static let serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// As the pod that this program runs in; nil outside of any.
    ///
    /// - Throws: ``MeshError`` when this is a pod but its service account is not mounted as usual.
    public static func inCluster(
        environment: (String) -> String? = environmentVariable,
        directory: String = serviceAccountDirectory
    ) throws(MeshError) -> Self? {
        guard let host = environment("KUBERNETES_SERVICE_HOST"), let portText = environment("KUBERNETES_SERVICE_PORT"),
            !host.isEmpty, Files.exists("\(directory)/token")
        else { return nil }
        guard let port = UInt16(portText) else {
            throw MeshError(.invalidConfiguration, "KUBERNETES_SERVICE_PORT is \"\(portText)\", which is no port")
        }
        var configuration = Self(server: ServerURL(host: host, port: port))
        configuration.credential = .tokenFile("\(directory)/token")
        do {
            configuration.rootsPEM = try Files.readText("\(directory)/ca.crt")
        } catch {
            throw MeshError(
                .invalidConfiguration,
                "the service account's \(directory)/ca.crt cannot be read",
                cause: error
            )
        }
        if let namespace = try? Files.readText("\(directory)/namespace") { configuration.namespace = namespace.trimmed }
        return configuration
    }

    /// As kubectl decides: the kubeconfig if there is one, else the pod's service account.
    ///
    /// - Parameters:
    ///   - kubeconfig: A path that takes the place of `KUBECONFIG` and `~/.kube/config`.
    ///   - context: A context that takes the place of `current-context`.
    public static func load(
        kubeconfig: String? = nil,
        context: String? = nil,
        environment: (String) -> String? = environmentVariable
    ) throws(MeshError) -> Self {
        let config = try Kubeconfig.load(path: kubeconfig, environment: environment)
        if config.isEmpty, context == nil, let pod = try inCluster(environment: environment) { return pod }
        return try config.configuration(context: context)
    }

    /// The process's environment; nil when `name` is not in it.
    public static func environmentVariable(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}

extension String {
    /// Without spaces and line breaks at either end.
    var trimmed: String {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text = text.dropFirst() }
        while let last = text.last, last.isWhitespace { text = text.dropLast() }
        return String(text)
    }
}
