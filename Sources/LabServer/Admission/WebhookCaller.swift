import Base
import HTTP
import JSON
import Kubernetes
import Network
import TLS

/// Sends AdmissionReviews to webhooks (`admission.k8s.io/v1`).
struct WebhookCaller: Sendable {
    /// Where a webhook listens.
    private struct Target {
        var server: WebhookClients.Server
        var path: String
        /// As messages show it.
        var url: String
    }

    private static let answerLimit = 3 << 20

    private let clients = WebhookClients()

    /// The `response` of the webhook's answer.
    ///
    /// - Throws: ``MeshError`` with the reason when there is none.
    func call(_ webhook: Webhook, _ review: JSON, index: StoreIndex) async throws -> JSON {
        let configuration = webhook.json["clientConfig"] ?? .null
        let target = try target(configuration, index)
        do {
            return try await withTimeLimit(webhook.patience, "Post \"\(target.url)\"") {
                try await post(review, to: target)
            }
        } catch {
            throw MeshError(.unavailable, "Post \"\(target.url)\"", cause: error)
        }
    }

    private func post(_ review: JSON, to target: Target) async throws -> JSON {
        let client = try clients.client(for: target.server)
        let head = HTTPRequestHead(
            "POST",
            target.path,
            fields: ["Content-Type": "application/json", "Accept": "application/json"]
        )
        // Reviewing the same twice does no harm (`sideEffects`).
        let response = try await client.send(head, body: review.bytes(), isRepeatable: true)
        let body = try await response.collectBody(limit: Self.answerLimit)
        guard response.head.status == 200 else {
            throw MeshError(.peerRejected, "unexpected response code \(response.head.status)")
        }
        let answer = try JSON(parsing: body)
        guard let result = answer["response"], result["uid"] == review["request", "uid"],
            answer.apiVersion == review.apiVersion
        else { throw MeshError(.protocolViolation, "the answer is no AdmissionReview for the request that was sent") }
        return result
    }

    private func target(_ configuration: JSON, _ index: StoreIndex) throws -> Target {
        let bundle = configuration["caBundle"]?.string.flatMap { Base64.decode($0) } ?? []
        let authority = bundle.isEmpty ? nil : String(decoding: bundle, as: UTF8.self)
        if let url = configuration["url"]?.string { return try target(url: url, authority) }
        let service = configuration["service"] ?? .null
        let (namespace, name) = (service["namespace"]?.string ?? "", service["name"]?.string ?? "")
        let port = service["port"]?.int ?? 443
        let path = service["path"]?.string ?? "/"
        let host = "\(name).\(namespace).svc"
        let address = try ServiceResolver(index: index).address(namespace: namespace, name: name, port: port)
        return Target(
            server: .init(host: address.ip.description, port: address.port, name: host, authority: authority),
            path: path.hasPrefix("/") ? path : "/\(path)",
            url: "https://\(host):\(port)\(path)"
        )
    }

    private func target(url: String, _ signer: String?) throws -> Target {
        guard let rest = url.suffix(after: "https://"), !rest.isEmpty else {
            throw MeshError(.invalidConfiguration, "the url \(url) of the webhook must begin with https://")
        }
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<end]
        let path = end == rest.endIndex ? "/" : String(rest[end...])
        guard let server = HostPort(authority) ?? HostPort("\(authority):443") else {
            throw MeshError(.invalidConfiguration, "the url \(url) of the webhook has no host and port")
        }
        return Target(
            server: .init(host: server.host, port: server.port, name: server.host, authority: signer),
            path: String(path),
            url: url
        )
    }
}

/// Finds a ready endpoint of a Service, from the objects alone: the server is outside of the cluster's network.
struct ServiceResolver: Sendable {
    let index: StoreIndex

    func address(namespace: String, name: String, port: Int64) throws -> SocketAddress {
        let description = "service \"\(namespace)/\(name)\""
        guard let service = index[StorageKey(resource: "/services", namespace: namespace, name: name)]?.value else {
            throw MeshError(.notFound, "\(description) not found")
        }
        let servicePorts = service["spec", "ports"]?.array ?? []
        guard let servicePort = servicePorts.first(where: { $0["port"]?.int == port }) else {
            throw MeshError(.notFound, "no service port \(port) found for \(description)")
        }
        let endpoints = index[StorageKey(resource: "/endpoints", namespace: namespace, name: name)]?.value
        for subset in endpoints?["subsets"]?.array ?? [] {
            let found = (subset["ports"]?.array ?? []).first { $0["name"] == servicePort["name"] }
            guard let number = found?["port"]?.int, let target = UInt16(exactly: number),
                let text = subset["addresses"]?.array?.first?["ip"]?.string, let ip = IPAddress(text)
            else { continue }
            return SocketAddress(ip, port: target)
        }
        throw MeshError(.unavailable, "no endpoints available for \(description)")
    }
}
