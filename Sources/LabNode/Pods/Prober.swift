internal import Base
internal import HTTP
internal import JSON
internal import Network
internal import TLS

/// Asks a container once whether it is well, or runs one of its hooks.
struct Prober: Sendable {
    let container: ContainerSpecification
    let podIP: IPAddress
    /// The container's first process, through which its network is looked at.
    let processID: Int32
    /// Runs a command in the container and tells what is wrong; nil when it succeeds.
    let execute: @Sendable ([String], Duration) async throws -> String?

    /// What is wrong; nil when all is well.
    func failure(of handler: HandlerSpecification, timeout: Duration) async -> String? {
        do {
            switch handler {
            case .exec(let command): return try await execute(command, timeout)
            case .httpGet(let scheme, let host, let port, let path, let headers):
                let address = try address(host, port)
                return try await get(scheme.lowercased(), address, path, headers, timeout)
            case .tcpSocket(let host, let port): try await connect(try address(host, port), timeout)
            case .grpc(let port, let service):
                let address = try address("", .int(port))
                return await HealthCheck.failure(of: service, at: address, timeout: timeout)
            case .listening(let port):
                return isListening(on: port) ? nil : "nothing listens on port \(port) yet"
            case .sleep(let seconds): try await Task.sleep(for: .seconds(seconds))
            }
            return nil
        } catch {
            return "\(error)"
        }
    }

    private func address(_ host: String, _ port: JSON) throws -> SocketAddress {
        guard let number = container.portNumber(port) else {
            throw MeshError(.invalidConfiguration, "container \"\(container.name)\" has no port \(port)")
        }
        if host.isEmpty { return SocketAddress(podIP, port: number) }
        guard let ip = host == "localhost" ? .loopback : IPAddress(host) else {
            throw MeshError(.invalidConfiguration, "probe host \"\(host)\" is no address")
        }
        return SocketAddress(ip, port: number)
    }

    /// Looks for the port among the sockets of the pod's network namespace (proc(5), `/proc/net/tcp`).
    private func isListening(on port: UInt16) -> Bool {
        let digits = String(port, radix: 16, uppercase: true)
        let suffix = ":" + String(repeating: "0", count: 4 - digits.count) + digits
        return ["tcp", "tcp6"].contains { name in
            let table = (try? Files.readText("/proc/\(processID)/net/\(name)")) ?? ""
            return table.split(separator: "\n").contains { line in
                let fields = line.split(separator: " ", maxSplits: 4)
                return fields.count > 3 && fields[1].hasSuffix(suffix) && fields[3] == "0A"
            }
        }
    }

    private func connect(_ address: SocketAddress, _ timeout: Duration) async throws {
        try await AsyncConnection.connect(to: address, timeout: timeout).close()
    }

    private func get(
        _ scheme: String,
        _ address: SocketAddress,
        _ path: String,
        _ headers: [HandlerSpecification.Header],
        _ timeout: Duration
    ) async throws -> String? {
        var request = HTTPRequestHead("GET", path.hasPrefix("/") ? path : "/" + path)
        request.fields = ["User-Agent": "kube-probe/1.32", "Accept": "*/*", "Connection": "close"]
        for header in headers { request.fields[header.name] = header.value }
        let (head, url) = (request, "\(scheme)://\(address)\(request.target)")
        // A probe over TLS asks whether the container answers, not who it is: nothing is verified.
        let tls = scheme == "https" ? try Self.unverified() : nil
        do {
            let status = try await withTimeLimit(timeout, "the answer") {
                let client = HTTPClient(host: address.ip.description, port: address.port, tls: tls)
                defer { client.close() }
                let response = try await client.send(head)
                response.close()
                return response.head.status
            }
            return (200..<400).contains(status) ? nil : "HTTP probe failed with statuscode: \(status)"
        } catch {
            return "Get \"\(url)\": \(error)"
        }
    }

    private static func unverified() throws(MeshError) -> TLSClientContext {
        var verification = PeerVerification(trust: .system, names: .any)
        verification.acceptsAnyChain = true
        return try TLSClientContext(TLSClientConfiguration(verification: verification))
    }
}
