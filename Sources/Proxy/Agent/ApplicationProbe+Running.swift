internal import Base
internal import EventLoop
internal import HTTP
internal import Network
internal import TLS

extension ApplicationProbe {
    /// Asks the application, and answers as it does.
    ///
    /// - Parameter address: The pod's.
    func run(at address: IPAddress) async -> AgentPages.Page {
        do {
            let status = try await withTimeLimit(timeout, "the probe") { try await ask(address) }
            return AgentPages.Page(status: status, text: "application answered \(status)\n")
        } catch {
            return AgentPages.Page(status: 500, text: "application did not answer: \(error)\n")
        }
    }

    private func ask(_ address: IPAddress) async throws -> Int {
        switch action {
        case .tcp(let port):
            let connection = try await connect(SocketAddress(address, port: port))
            connection.close()
            return 200
        case .http(let path, let port, let usesTLS, let headers):
            let connection =
                usesTLS ? try await connectTLS(port) : try await connect(SocketAddress(address, port: port))
            defer { connection.close() }
            var fields = headers
            if !fields.contains(where: { $0[0].lowercased() == "host" }) {
                fields.append(["Host", "\(address):\(port)"])
            }
            if !fields.contains(where: { $0[0].lowercased() == "user-agent" }) {
                fields.append(["User-Agent", "kube-probe/1.0"])
            }
            let lines = fields.map { "\($0[0]): \($0[1])\r\n" }.joined()
            try await connection.write(Array("GET \(path) HTTP/1.1\r\n\(lines)Connection: close\r\n\r\n".utf8))
            return try await status(connection)
        }
    }

    /// Comes from 127.0.0.6, so that the packet filter does not lead the probe to the proxy and its policy.
    private func connect(_ address: SocketAddress) async throws -> AsyncConnection {
        let source = SocketAddress(
            address.ip.isIPv6 ? IPAddress(high: 0, low: 6) : IPAddress(ipv4: 0x7F00_0006),
            port: 0
        )
        let connection = try AsyncConnection(adopting: Socket.connecting(to: address, from: source))
        try await connection.write([])
        return connection
    }

    private func connectTLS(_ port: UInt16) async throws -> AsyncConnection {
        var verification = PeerVerification(trust: .system, names: .any)
        verification.acceptsAnyChain = true  // As the kubelet does: the probe asks for life, not for identity.
        let context = try TLSClientContext(TLSClientConfiguration(verification: verification))
        return try await AsyncConnection.connect(
            to: SocketAddress(.loopback, port: port),
            tls: context,
            timeout: timeout
        )
    }

    private func status(_ connection: AsyncConnection) async throws -> Int {
        var head = HTTP1Head()
        var parser = HTTP1HeadParser(.response(to: .get))
        while true {
            let bytes = try await connection.read()
            if bytes.isEmpty {
                throw MeshError(.protocolViolation, "the application closed the connection without an answer")
            }
            switch parser.parse(bytes.span, into: &head) {
            case .needsMore: continue
            case .complete: return head.status
            case .failed(let error):
                throw MeshError(.protocolViolation, "the application's answer is not HTTP: \(error)")
            }
        }
    }
}
