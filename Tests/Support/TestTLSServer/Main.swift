import Base
import Glibc
import Network
import TLS

/// Serves TLS as the flags say on a port of the system's choice, which it prints.
///
/// Answers requests over it with what the handshake agreed on. Ends when its standard input does, so that it cannot
/// outlive the test that started it.
@main enum Main {
    static func main() async {
        do {
            try await serve(Array(Swift.CommandLine.arguments.dropFirst()))
        } catch {
            print("test-tls-server: \(error)")
            exit(1)
        }
    }

    private static func serve(_ arguments: [String]) async throws {
        let context = try TLSServerContext(ServerFlags(arguments).configuration())
        let listener = try AsyncListener(binding: SocketAddress(.loopback, port: 0), tls: context)
        print("listening on \(listener.address)")
        fflush(nil)
        let end = Task.detached {
            while readLine() != nil {}
            listener.close()
        }
        while let connection = try? await listener.accept() {
            Task { await answer(connection) }
        }
        _ = await end.value
    }

    private static func answer(_ connection: AsyncConnection) async {
        do {
            try await withTimeLimit(.seconds(30), "a request") {
                var request: [UInt8] = []
                while request.suffix(4) != [13, 10, 13, 10], request.count < 16_384 {
                    let part = try await connection.read()
                    if part.isEmpty { return }
                    request += part
                }
                let body = connection.tls.map(describe) ?? ""
                let head = "HTTP/1.1 200 OK\r\ncontent-length: \(body.utf8.count)\r\nconnection: close\r\n\r\n"
                try await connection.write(Array((head + body).utf8))
                try await connection.shutdownWrite()
                // What the client still says; closing before would cut the answer off.
                while try await !connection.read().isEmpty {}
            }
        } catch {
            // A client that goes away in the middle is what scanners are.
        }
        connection.close()
    }

    private static func describe(_ info: TLSInfo) -> String {
        """
        version \(info.version)
        suite \(info.cipherSuite)
        group \(info.group ?? "-")
        name \(info.serverName ?? "-")
        protocol \(info.applicationProtocol ?? "-")
        resumed \(info.isResumed)
        client \(info.peerCertificate?.alternativeNames.all.joined(separator: ",") ?? "-")

        """
    }
}
