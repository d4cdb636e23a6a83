internal import Base
internal import HTTP
internal import Network

/// Commands that are run inside the proxy's container and speak to the proxy there.
enum PodCommands {
    /// `apus-proxy wait`: returns when the proxy is ready, so that containers started after it find it so.
    static func wait(_ arguments: [String]) async throws -> Int32 {
        var patience = Duration.seconds(60)
        if let index = arguments.firstIndex(of: "--timeoutSeconds"), index + 1 < arguments.count,
            let seconds = Int(arguments[index + 1])
        {
            patience = .seconds(seconds)
        }
        let end = ContinuousClock.now + patience
        var answer = "nothing listens on port 15021"
        while ContinuousClock.now < end {
            do {
                let (status, body) = try await fetch("GET", "/healthz/ready", port: 15021)
                if status == 200 { return 0 }
                answer = body
            } catch {
                answer = "\(error)"
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw MeshError(.timedOut, "the proxy is not ready after \(patience): \(answer)")
    }

    /// `apus-proxy request <method> <path>`: asks the proxy's admin port and prints the answer.
    static func request(_ arguments: [String]) async throws -> Int32 {
        guard arguments.count == 2 else {
            throw MeshError(.invalidConfiguration, "usage: apus-proxy request <method> <path>, such as GET certs")
        }
        let path = arguments[1].hasPrefix("/") ? arguments[1] : "/" + arguments[1]
        let (status, body) = try await fetch(arguments[0].uppercased(), path, port: 15000)
        print(body, terminator: "")
        return status < 400 ? 0 : 1
    }

    private static func fetch(_ method: String, _ path: String, port: UInt16) async throws -> (Int, String) {
        let client = HTTPClient(host: "127.0.0.1", port: port)
        defer { client.close() }
        let response = try await client.send(HTTPRequestHead(method, path))
        return (response.head.status, String(decoding: try await response.collectBody(), as: UTF8.self))
    }
}
