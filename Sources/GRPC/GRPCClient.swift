public import HTTP
internal import Network
public import TLS

/// Calls to one server over one HTTP/2 connection; whoever wants another after it is lost makes another client.
public final class GRPCClient: Sendable {
    public struct Configuration: Sendable {
        /// For a connection, its TLS handshake included.
        public var connectPatience = Duration.seconds(10)
        /// Octets of a message that are accepted.
        public var messageLimit = 4 << 20
        public var keepAlive: HTTP2Connection.KeepAlive? = HTTP2Connection.KeepAlive()

        public init() {}
    }

    private let connection: HTTP2Connection
    private let driver: Task<Void, Never>
    private let authority: String
    private let scheme: String
    private let configuration: Configuration

    init(_ transport: any ByteStream, scheme: String, authority: String, configuration: Configuration) {
        let connection = HTTP2Connection(transport, role: .client, keepAlive: configuration.keepAlive)
        self.connection = connection
        self.authority = authority
        self.scheme = scheme
        self.configuration = configuration
        driver = Task {
            try? await connection.run()  // Every call on it is told how it ended.
        }
    }

    /// Connects to a server.
    ///
    /// - Parameters:
    ///   - host: A name or an address.
    ///   - tls: Should offer the application protocol `h2`; nil for plain text.
    ///   - serverName: The name that the server's certificate must have, if not `host`.
    /// - Throws: ``GRPCStatus`` with code `unavailable`, which tells why.
    public static func connect(
        host: String,
        port: UInt16,
        tls: TLSClientContext? = nil,
        serverName: String? = nil,
        configuration: Configuration = Configuration()
    ) async throws(GRPCStatus) -> GRPCClient {
        do {
            let transport = try await AsyncConnection.connect(
                host: host,
                port: port,
                tls: tls,
                serverName: serverName,
                timeout: configuration.connectPatience
            )
            return GRPCClient(
                transport,
                scheme: tls == nil ? "http" : "https",
                authority: "\(serverName ?? host):\(port)",
                configuration: configuration
            )
        } catch {
            throw GRPCStatus(.unavailable, "\(error)")
        }
    }

    deinit { close() }

    /// Ends the connection and all calls on it.
    public func close() { driver.cancel() }

    /// Whether new calls can begin.
    public var isUsable: Bool { connection.isUsable }

    /// Begins a call.
    ///
    /// - Parameters:
    ///   - path: `/package.Service/Method`.
    ///   - timeout: Told to the server, which ends the call after it; nil for none.
    public func stream(
        _ path: String,
        metadata: HTTPFields = [:],
        timeout: Duration? = nil
    ) throws(GRPCStatus) -> GRPCStream {
        var fields: HTTPFields = ["te": "trailers", "content-type": "application/grpc", "user-agent": "grpc-apus/1"]
        if let timeout { fields["grpc-timeout"] = GRPCTimeout.text(timeout) }
        for field in metadata.all { fields.append(field.name, field.value) }
        let head = HTTP2Head("POST", scheme: scheme, authority: authority, path: path, fields: fields)
        do {
            return GRPCStream(try connection.request(head), messageLimit: configuration.messageLimit)
        } catch {
            throw GRPCStatus(.unavailable, "\(error)")
        }
    }

    /// Sends one message and returns the one that answers it.
    ///
    /// - Parameter timeout: nil waits forever.
    /// - Throws: ``GRPCStatus``.
    public func unary(
        _ path: String,
        metadata: HTTPFields = [:],
        message: [UInt8],
        timeout: Duration? = .seconds(30)
    ) async throws(GRPCStatus) -> [UInt8] {
        let call = try stream(path, metadata: metadata, timeout: timeout)
        let timer = timeout.map { timeout in
            Task {
                try await Task.sleep(for: timeout)
                call.cancel()
                return true
            }
        }
        do throws(GRPCStatus) {
            try await call.send(message)
            try await call.halfClose()
            guard let answer = try await call.next() else {
                throw GRPCStatus(.internal, "the call was answered without a message")
            }
            if try await call.next() != nil { throw GRPCStatus(.internal, "the call was answered with two messages") }
            timer?.cancel()
            return answer
        } catch {
            timer?.cancel()
            guard let timer, (try? await timer.value) == true else { throw error }
            throw GRPCStatus(.deadlineExceeded, "\(authority) did not answer \(path) in time")
        }
    }
}
