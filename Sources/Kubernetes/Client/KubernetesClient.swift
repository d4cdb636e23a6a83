public import Base
public import HTTP
public import JSON
internal import TLS

/// A Kubernetes API reached over the network.
public final class KubernetesClient: Sendable {
    public let configuration: ClientConfiguration
    private let http: HTTPClient
    private let credential: RequestCredential

    /// The name under which server-side apply records fields (`fieldManager`).
    public static let fieldManager = "apus"

    /// Connects when the first request is made.
    ///
    /// - Throws: ``MeshError`` `.invalidConfiguration` when certificates or keys of the configuration cannot be used.
    public init(_ configuration: ClientConfiguration) throws(MeshError) {
        self.configuration = configuration
        credential = RequestCredential(configuration.credential)
        let server = configuration.server
        var http = HTTPClient.Configuration()
        http.idleConnections = 4
        self.http = HTTPClient(
            host: server.host,
            port: server.port,
            tls: server.isSecure ? try Self.tls(configuration) : nil,
            serverName: configuration.serverName,
            configuration: http
        )
    }

    private static func tls(_ configuration: ClientConfiguration) throws(MeshError) -> TLSClientContext {
        let trust = try configuration.rootsPEM.map { roots throws(MeshError) in try TrustStore(pem: roots) }
        var verification = PeerVerification(trust: trust ?? .system, names: .host)
        if configuration.skipsVerification {
            verification.names = .any
            verification.acceptsAnyChain = true
        }
        var tls = TLSClientConfiguration(verification: verification)
        if case .certificate(let chain, let key) = configuration.credential {
            tls.identity = try TLSIdentity(certificatePEM: chain, keyPEM: key)
        }
        return try TLSClientContext(tls)
    }

    /// Sends a request to any path of the API, such as `/version` or `/api/v1/namespaces/a/pods/b/log`.
    ///
    /// - Throws: ``StatusError`` for every status of 400 and above, ``MeshError`` when there is no answer.
    public func request(
        _ method: String,
        _ path: String,
        query: [HTTPRequestHead.QueryItem] = [],
        contentType: String = "application/json",
        body: [UInt8] = []
    ) async throws -> HTTPClientResponse {
        var head = try head(method, path, query)
        if !body.isEmpty { head.fields["Content-Type"] = contentType }
        let response = try await http.send(head, body: body)
        guard response.head.status < 400 else { throw try await Self.failure(response) }
        return response
    }

    /// Opens a connection that stops speaking HTTP, as exec, attach and port-forward do.
    ///
    /// - Parameter fields: What to switch to: `Upgrade`, `Connection` and what that protocol needs.
    public func upgrade(
        _ method: String,
        _ path: String,
        query: [HTTPRequestHead.QueryItem],
        fields: HTTPFields
    ) async throws -> (HTTPResponseHead, HTTPUpgradedConnection) {
        var head = try head(method, path, query)
        // No object comes of it: Kubernetes' API server refuses whoever wants JSON.
        head.fields["Accept"] = "*/*"
        for field in fields.all { head.fields.append(field.name, field.value) }
        do {
            return try await http.upgrade(head)
        } catch let failure as HTTPFailure {
            throw Self.failure(status: failure.status, body: Array(failure.message.utf8))
        }
    }

    private func head(_ method: String, _ path: String, _ query: [HTTPRequestHead.QueryItem]) throws -> HTTPRequestHead
    {
        var head = HTTPRequestHead(method, path: configuration.server.pathPrefix + path, query: query)
        head.fields["Accept"] = "application/json"
        head.fields["User-Agent"] = "apus/\(Version.current)"
        head.fields["Authorization"] = try credential.authorization()
        return head
    }

    private static func failure(_ response: HTTPClientResponse) async throws -> StatusError {
        failure(status: response.head.status, body: try await response.collectBody(limit: 1 << 20))
    }

    private static func failure(status: Int, body: [UInt8]) -> StatusError {
        if let json = try? JSON(parsing: body), let error = StatusError(json) { return error }
        let words = HTTPResponseHead.reason(for: status)
        let text = String(decoding: body.prefix(500), as: UTF8.self).trimmed
        return StatusError(
            code: status,
            reason: words.filter { $0 != " " },
            message: text.isEmpty ? "\(status) \(words)" : text
        )
    }

    private func object(_ response: HTTPClientResponse) async throws -> JSON {
        let body = try await response.collectBody()
        do {
            return try JSON(parsing: body)
        } catch {
            throw MeshError(.protocolViolation, "the answer of \(configuration.server) is not JSON", cause: error)
        }
    }
}

extension KubernetesClient: KubernetesAPI {
    public func get(_ type: ResourceType, namespace: String?, name: String) async throws -> JSON {
        try await object(request("GET", type.path(namespace: namespace, name: name)))
    }

    public func list(
        _ type: ResourceType,
        namespace: String?,
        labelSelector: String?,
        fieldSelector: String?
    ) async throws -> ObjectList {
        let selectors = Self.selectors(labelSelector, fieldSelector)
        var result = ObjectList(items: [], resourceVersion: "")
        var next = ""
        repeat {
            var query = selectors
            query.append(HTTPRequestHead.QueryItem("limit", "500"))
            if !next.isEmpty { query.append(HTTPRequestHead.QueryItem("continue", next)) }
            let page = try await object(request("GET", type.path(namespace: namespace), query: query))
            for var item in page["items"]?.array ?? [] {
                item["kind"] = .string(type.kind)  // Left out of the items of a list.
                item["apiVersion"] = .string(type.apiVersion)
                result.items.append(item)
            }
            result.resourceVersion = page.metadata.resourceVersion
            next = page["metadata", "continue"]?.string ?? ""
        } while !next.isEmpty
        return result
    }

    public func watch(
        _ type: ResourceType,
        namespace: String?,
        resourceVersion: String,
        labelSelector: String?,
        fieldSelector: String?
    ) async throws -> AsyncThrowingStream<WatchEvent, any Error> {
        // The server ends it after a while; so a connection that died unnoticed is not watched for ever.
        let seconds = Int.random(in: 300..<600)
        var query = Self.selectors(labelSelector, fieldSelector)
        query += [
            .init("watch", "true"), .init("resourceVersion", resourceVersion), .init("allowWatchBookmarks", "true"),
            .init("timeoutSeconds", "\(seconds)"),
        ]
        let response = try await request("GET", type.path(namespace: namespace), query: query)
        return WatchReader.events(of: response, patience: .seconds(seconds + 30))
    }

    public func create(_ type: ResourceType, namespace: String?, _ object: JSON) async throws -> JSON {
        try await self.object(request("POST", type.path(namespace: namespace), body: object.bytes()))
    }

    public func create(
        _ type: ResourceType,
        namespace: String?,
        name: String,
        subresource: String,
        _ object: JSON
    ) async throws -> JSON {
        let path = type.path(namespace: namespace, name: name, subresource: subresource)
        return try await self.object(request("POST", path, body: object.bytes()))
    }

    public func update(
        _ type: ResourceType,
        namespace: String?,
        subresource: String?,
        _ object: JSON
    ) async throws -> JSON {
        let path = type.path(namespace: namespace, name: object.metadata.name, subresource: subresource)
        return try await self.object(request("PUT", path, body: object.bytes()))
    }

    public func patch(
        _ type: ResourceType,
        namespace: String?,
        name: String,
        subresource: String?,
        _ patchType: PatchType,
        _ patch: JSON
    ) async throws -> JSON {
        let path = type.path(namespace: namespace, name: name, subresource: subresource)
        let query: [HTTPRequestHead.QueryItem] =
            patchType == .apply ? [.init("fieldManager", Self.fieldManager), .init("force", "true")] : []
        return try await object(
            request("PATCH", path, query: query, contentType: patchType.rawValue, body: patch.bytes())
        )
    }

    public func delete(_ type: ResourceType, namespace: String?, name: String, gracePeriodSeconds: Int?) async throws {
        let query = gracePeriodSeconds.map { [HTTPRequestHead.QueryItem("gracePeriodSeconds", "\($0)")] } ?? []
        let response = try await request("DELETE", type.path(namespace: namespace, name: name), query: query)
        _ = try await response.collectBody()
    }

    private static func selectors(_ label: String?, _ field: String?) -> [HTTPRequestHead.QueryItem] {
        var query: [HTTPRequestHead.QueryItem] = []
        if let label, !label.isEmpty { query.append(.init("labelSelector", label)) }
        if let field, !field.isEmpty { query.append(.init("fieldSelector", field)) }
        return query
    }
}
