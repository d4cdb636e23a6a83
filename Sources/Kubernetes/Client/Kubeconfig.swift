public import Base
public import JSON
internal import YAML

/// What kubeconfig files say: clusters, users, and contexts that join one of each.
///
/// Of several files the first that says something wins, as with kubectl.
public struct Kubeconfig: Sendable {
    private var clusters: [String: JSON] = [:]
    private var users: [String: JSON] = [:]
    private var contexts: [String: JSON] = [:]
    public private(set) var currentContext = ""

    public init() {}

    public var isEmpty: Bool { clusters.isEmpty && contexts.isEmpty && currentContext.isEmpty }

    private static func paths(_ environment: (String) -> String?) -> [String] {
        let list = (environment("KUBECONFIG") ?? "").split(separator: ":").map(String.init)
        return list.isEmpty ? ["\(environment("HOME") ?? "")/.kube/config"] : list
    }

    /// Reads `path`, or else the files that `KUBECONFIG` lists, or else `~/.kube/config`.
    ///
    /// - Throws: ``MeshError`` when `path` is given and missing, or any file cannot be read or understood.
    public static func load(
        path: String? = nil,
        environment: (String) -> String? = ClientConfiguration.environmentVariable
    ) throws(MeshError) -> Self {
        var config = Self()
        for file in path.map({ [$0] }) ?? paths(environment) where path != nil || Files.exists(file) {
            do {
                try config.add(try YAML.value(try Files.readText(file)), path: file)
            } catch let error as MeshError {
                throw error
            } catch {
                throw MeshError(.invalidConfiguration, "kubeconfig \(file) cannot be used", cause: error)
            }
        }
        return config
    }

    /// Adds what `document` says and no earlier one did.
    ///
    /// - Parameter path: The file it was read from; other files that it names are found beside it.
    public mutating func add(_ document: JSON, path: String) throws(MeshError) {
        guard document.object != nil || document.isNull else {
            throw MeshError(.invalidConfiguration, "kubeconfig \(path) is not a map of clusters, users and contexts")
        }
        let directory = path.contains("/") ? String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) : "."
        Self.add(document["clusters"], "cluster", directory, into: &clusters)
        Self.add(document["users"], "user", directory, into: &users)
        Self.add(document["contexts"], "context", directory, into: &contexts)
        if currentContext.isEmpty { currentContext = document["current-context"]?.string ?? "" }
    }

    private static func add(_ list: JSON?, _ member: String, _ directory: String, into table: inout [String: JSON]) {
        for entry in list?.array ?? [] {
            guard let name = entry["name"]?.string, table[name] == nil else { continue }
            var value = entry[member] ?? .object([:])
            for key in ["certificate-authority", "client-certificate", "client-key", "tokenFile"] {
                if let file = value[key]?.string, !file.isEmpty, !file.hasPrefix("/") {
                    value[key] = .string("\(directory)/\(file)")
                }
            }
            table[name] = value
        }
    }

    /// What the context says, by name or the current one.
    ///
    /// - Throws: ``MeshError`` that names the context, cluster or user that is missing or unusable.
    public func configuration(context name: String? = nil) throws(MeshError) -> ClientConfiguration {
        let contextName = name ?? currentContext
        guard !contextName.isEmpty else {
            throw MeshError(
                .notFound,
                "no cluster to speak to: set KUBECONFIG, or choose with 'kubectl config use-context'"
            )
        }
        guard let context = contexts[contextName] else {
            throw MeshError(.notFound, "context \"\(contextName)\" does not exist in the kubeconfig")
        }
        let clusterName = context["cluster"]?.string ?? ""
        guard let cluster = clusters[clusterName] else {
            throw MeshError(
                .notFound,
                "cluster \"\(clusterName)\" of context \"\(contextName)\" does not exist in the kubeconfig"
            )
        }
        var configuration = ClientConfiguration(server: try ServerURL(cluster["server"]?.string ?? ""))
        configuration.skipsVerification = cluster["insecure-skip-tls-verify"]?.bool ?? false
        configuration.serverName = cluster["tls-server-name"]?.string
        configuration.rootsPEM = try text(of: "certificate-authority", in: cluster, "cluster \"\(clusterName)\"")
        if let namespace = context["namespace"]?.string, !namespace.isEmpty { configuration.namespace = namespace }
        if let userName = context["user"]?.string, !userName.isEmpty {
            guard let user = users[userName] else {
                throw MeshError(
                    .notFound,
                    "user \"\(userName)\" of context \"\(contextName)\" does not exist in the kubeconfig"
                )
            }
            configuration.credential = try credential(user, "user \"\(userName)\"")
        }
        return configuration
    }

    private func credential(_ user: JSON, _ owner: String) throws(MeshError) -> ClientConfiguration.Credential {
        if let chain = try text(of: "client-certificate", in: user, owner) {
            guard let key = try text(of: "client-key", in: user, owner) else {
                throw MeshError(.invalidConfiguration, "\(owner) of the kubeconfig has a certificate but no client-key")
            }
            return .certificate(chainPEM: chain, keyPEM: key)
        }
        if let file = user["tokenFile"]?.string, !file.isEmpty { return .tokenFile(file) }
        if let token = user["token"]?.string, !token.isEmpty { return .token(token) }
        if let name = user["username"]?.string, !name.isEmpty {
            return .password(user: name, user["password"]?.string ?? "")
        }
        if user["exec"] != nil || user["auth-provider"] != nil {
            throw MeshError(
                .invalidConfiguration,
                "\(owner) of the kubeconfig needs a credential plugin, which is not supported; "
                    + "use a client certificate, or a token from 'kubectl create token'"
            )
        }
        return .none
    }

    /// The PEM text that `key`-data holds in base64, or else the file that `key` names.
    private func text(of key: String, in value: JSON, _ owner: String) throws(MeshError) -> String? {
        if let data = value["\(key)-data"]?.string, !data.isEmpty {
            guard let bytes = Base64.decode(data) else {
                throw MeshError(.invalidConfiguration, "\(key)-data of \(owner) in the kubeconfig is not base64")
            }
            return String(decoding: bytes, as: UTF8.self)
        }
        guard let path = value[key]?.string, !path.isEmpty else { return nil }
        do {
            return try Files.readText(path)
        } catch {
            throw MeshError(.invalidConfiguration, "\(key) of \(owner) in the kubeconfig cannot be read", cause: error)
        }
    }
}
