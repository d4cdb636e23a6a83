import Base
import Network
import TLS
import TestTLS
import Testing

@Suite(.timeLimit(.minutes(1))) struct AsyncConnectionTests {
    private let anyPort = SocketAddress(.loopback, port: 0)

    /// Serves each connection by `serve`, while `body` runs; what goes wrong there shows at the client.
    private func serving(
        _ listener: AsyncListener,
        _ serve: @escaping @Sendable (AsyncConnection) async throws -> Void,
        _ body: () async throws -> Void
    ) async throws {
        let server = Task {
            try await withThrowingDiscardingTaskGroup { group in
                while true {
                    let connection = try await listener.accept()
                    group.addTask { try? await serve(connection) }
                }
            }
        }
        defer { server.cancel() }
        try await body()
    }

    private func echo(_ connection: AsyncConnection) async throws {
        while case let bytes = try await connection.read(), !bytes.isEmpty { try await connection.write(bytes) }
        try await connection.shutdownWrite()
    }

    private func readAll(_ connection: AsyncConnection) async throws -> [UInt8] {
        var all: [UInt8] = []
        while case let bytes = try await connection.read(), !bytes.isEmpty { all += bytes }
        return all
    }

    private func contexts() throws -> (TLSServerContext, TLSClientContext) {
        let mesh = try TestAuthority()
        let server = try mesh.identity(dnsNames: ["localhost"], addresses: [.loopback])
        var configuration = TLSServerConfiguration(identity: server)
        configuration.parameters.applicationProtocols = ["h2"]
        var client = TLSClientConfiguration(verification: PeerVerification(trust: mesh.trust, names: .host))
        client.parameters.applicationProtocols = ["h2"]
        return (try TLSServerContext(configuration), try TLSClientContext(client))
    }

    @Test(arguments: [false, true]) func `megabytes go there and back`(isEncrypted: Bool) async throws {
        let (server, client) = isEncrypted ? try contexts() : (nil, nil) as (TLSServerContext?, TLSClientContext?)
        let listener = try AsyncListener(binding: anyPort, tls: server)
        try await serving(listener, echo) {
            let connection = try await AsyncConnection.connect(to: listener.address, tls: client)
            let sent = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 4) }
            async let received = readAll(connection)
            try await connection.write(sent)
            try await connection.shutdownWrite()
            #expect(try await received == sent)
            #expect(connection.tls?.applicationProtocol == (isEncrypted ? "h2" : nil))
            #expect(connection.peer == listener.address)
        }
    }

    @Test func `a name is resolved and verified`() async throws {
        let (server, client) = try contexts()
        let listener = try AsyncListener(binding: anyPort, tls: server)
        try await serving(listener, echo) {
            let port = listener.address.port
            let connection = try await AsyncConnection.connect(host: "localhost", port: port, tls: client)
            #expect(connection.tls?.serverName == "localhost")
            await #expect(throws: MeshError(.peerRejected, "")) {
                try await AsyncConnection.connect(
                    host: "localhost",
                    port: port,
                    tls: client,
                    serverName: "other.example"
                )
            }
        }
    }

    @Test func `given back bytes are read first`() async throws {
        let listener = try AsyncListener(binding: anyPort)
        try await serving(listener, { try await $0.write([3, 4]) }) {
            let connection = try await AsyncConnection.connect(to: listener.address)
            connection.unread([1, 2])
            #expect(try await connection.read(upTo: 1) == [1])
            #expect(try await connection.read() == [2])
            #expect(try await connection.read() == [3, 4])
            #expect(try await connection.read().isEmpty)
        }
    }

    @Test func `a cancelled reader stops waiting, and the connection still works`() async throws {
        let listener = try AsyncListener(binding: anyPort)
        try await serving(listener, echo) {
            let connection = try await AsyncConnection.connect(to: listener.address)
            let reader = Task { try await connection.read() }
            reader.cancel()
            await #expect(throws: MeshError(.cancelled, "")) { try await reader.value }
            try await connection.write([1])
            #expect(try await connection.read() == [1])
        }
    }

    @Test func `closing wakes whoever waits`() async throws {
        let listener = try AsyncListener(binding: anyPort)
        let connection = try await AsyncConnection.connect(to: listener.address)
        let reader = Task { try await connection.read() }
        let acceptor = Task {
            let first = try await listener.accept()
            defer { first.close() }
            return try await listener.accept()
        }
        await Task.yield()
        connection.close()
        connection.close()
        listener.close()
        await #expect(throws: MeshError(.cancelled, "")) { try await reader.value }
        await #expect(throws: MeshError(.cancelled, "")) { _ = try await acceptor.value }
        await #expect(throws: MeshError(.cancelled, "")) { try await connection.write([1]) }
    }

    @Test func `a refused connection says where`() async throws {
        let listener = try AsyncListener(binding: anyPort)
        let address = listener.address
        listener.close()
        // The port is free as soon as the loop has closed the socket.
        while true {
            do {
                _ = try await AsyncConnection.connect(to: address)
            } catch let error as MeshError {
                #expect(error.code == .unavailable)
                #expect(error.description.contains("\(address)"))
                return
            }
        }
    }

    @Test func `a silent TLS server is not waited for for ever`() async throws {
        let (_, client) = try contexts()
        let listener = try AsyncListener(binding: anyPort)
        await #expect(throws: MeshError(.timedOut, "")) {
            try await AsyncConnection.connect(to: listener.address, tls: client, timeout: .milliseconds(50))
        }
    }

    @Test func `plain bytes to a TLS server are refused`() async throws {
        let (server, _) = try contexts()
        let listener = try AsyncListener(binding: anyPort, tls: server)
        let accepted = Task { try await listener.accept().read() }
        let connection = try await AsyncConnection.connect(to: listener.address)
        try await connection.write(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        let error = await #expect(throws: MeshError(.protocolViolation, "")) { try await accepted.value }
        #expect(error?.description.contains("http request") == true)
    }

    @Test func `names that are none, and names without address`() async throws {
        #expect(try await HostResolver.addresses(of: "127.0.0.6") == [IPAddress("127.0.0.6")])
        #expect(try await HostResolver.addresses(of: "localhost").contains { $0.isLoopback })
        await #expect(throws: MeshError(.notFound, "")) { try await HostResolver.addresses(of: "") }
        await #expect(throws: MeshError.self) { try await HostResolver.addresses(of: "no such name") }
    }

    @Test func `two listeners cannot have one address`() throws {
        let listener = try AsyncListener(binding: anyPort)
        let error = #expect(throws: MeshError(.unavailable, "")) { _ = try AsyncListener(binding: listener.address) }
        #expect(error?.message == "cannot listen on \(listener.address)")
    }

    @Test func `datagrams carry their sender`() async throws {
        let (first, second) = (try AsyncDatagramSocket(binding: anyPort), try AsyncDatagramSocket(binding: anyPort))
        async let received = second.receive()
        try await first.send([1, 2, 3], to: second.address)
        #expect(try await received == ([1, 2, 3], first.address))
        let waiting = Task { try await second.receive().bytes }
        second.close()
        await #expect(throws: MeshError(.cancelled, "")) { try await waiting.value }
    }

    @Test func `many connections at once`() async throws {
        let (server, client) = try contexts()
        let listener = try AsyncListener(binding: anyPort, tls: server)
        try await serving(listener, echo) {
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        let connection = try await AsyncConnection.connect(to: listener.address, tls: client)
                        let sent = [UInt8](repeating: UInt8(number), count: 10_000)
                        async let received = readAll(connection)
                        try await connection.write(sent)
                        try await connection.shutdownWrite()
                        return try await received == sent
                    }
                }
                for try await isSame in group { #expect(isSame) }
            }
        }
    }
}
