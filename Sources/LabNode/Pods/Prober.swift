internal import Base
internal import CLinux
internal import Glibc
internal import JSON

/// Asks a container once whether it is well, or runs one of its hooks.
struct Prober: Sendable {
    let container: ContainerSpecification
    let podIP: IPv4
    /// Runs a command in the container and gives its exit code and output.
    let execute: @Sendable ([String], Duration) async throws -> Command.Result

    /// What is wrong; nil when all is well.
    func failure(of handler: HandlerSpecification, timeout: Duration) async -> String? {
        do {
            switch handler {
            case .exec(let command):
                let result = try await execute(command, timeout)
                return result.status == .exited(0) ? nil : result.output.trimmingNewlines()
            case .httpGet(let scheme, let host, let port, let path, let headers):
                return try await get(scheme, host, port, path, headers, timeout)
            case .tcpSocket(let host, let port):
                let address = try address(host, port)
                try await blocking { _ = close(try BlockingSocket.connect(address.ip, address.port, timeout: timeout)) }
                return nil
            case .grpc(let port, _):
                let address = try address("", .int(port))
                try await blocking { _ = close(try BlockingSocket.connect(address.ip, address.port, timeout: timeout)) }
                return nil
            case .sleep(let seconds):
                try await Task.sleep(for: .seconds(seconds))
                return nil
            }
        } catch {
            return "\(error)"
        }
    }

    private func address(_ host: String, _ port: JSON) throws -> (ip: IPv4, port: UInt16) {
        guard let number = container.portNumber(port) else {
            throw MeshError(.invalidConfiguration, "container \"\(container.name)\" has no port \(port)")
        }
        if host.isEmpty { return (podIP, number) }
        guard let ip = IPv4(host == "localhost" ? "127.0.0.1" : host) else {
            throw MeshError(.invalidConfiguration, "probe host \"\(host)\" is no IPv4 address")
        }
        return (ip, number)
    }

    private func get(
        _ scheme: String,
        _ host: String,
        _ port: JSON,
        _ path: String,
        _ headers: [HandlerSpecification.Header],
        _ timeout: Duration
    ) async throws -> String? {
        let address = try address(host, port)
        let path = path.hasPrefix("/") ? path : "/" + path
        let url = "\(scheme.lowercased())://\(address.ip):\(address.port)\(path)"
        if scheme.uppercased() == "HTTPS" { return try await getSecurely(url, headers, timeout) }
        var lines = ["GET \(path) HTTP/1.1", "User-Agent: \(Self.agent)", "Accept: */*", "Connection: close"]
        lines += headers.map { "\($0.name): \($0.value)" }
        if !headers.contains(where: { $0.name.lowercased() == "host" }) {
            lines.append("Host: \(address.ip):\(address.port)")
        }
        let request = lines.joined(separator: "\r\n") + "\r\n\r\n"
        return try await blocking {
            do {
                return Self.verdict(try BlockingSocket.statusOfRequest(request, address.ip, address.port, timeout))
            } catch {
                return "Get \"\(url)\": \(error)"
            }
        }
    }

    private static let agent = "kube-probe/1.32"

    /// A probe over TLS asks whether the container answers, not who it is: nothing is verified.
    private func getSecurely(
        _ url: String,
        _ headers: [HandlerSpecification.Header],
        _ timeout: Duration
    ) async throws -> String? {
        var arguments = [
            "curl", "--silent", "--show-error", "--insecure", "--output", "/dev/null", "--write-out", "%{http_code}",
            "--noproxy", "*", "--user-agent", Self.agent, "--max-time", "\(timeout.components.seconds)",
        ]
        for header in headers { arguments += ["--header", "\(header.name): \(header.value)"] }
        let result = try await Command.run(arguments + [url])
        guard result.status == .exited(0) else { return "Get \"\(url)\": \(result.output.trimmingNewlines())" }
        return Self.verdict(Int(result.output.suffix(3)) ?? 0)
    }

    private static func verdict(_ status: Int) -> String? {
        (200..<400).contains(status) ? nil : "HTTP probe failed with statuscode: \(status)"
    }
}

/// A TCP connection for one question, on the calling thread.
enum BlockingSocket {
    /// Connects; the caller closes the result.
    static func connect(_ address: IPv4, _ port: UInt16, timeout: Duration) throws(SystemError) -> CInt {
        let descriptor = try systemCall("socket") {
            socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        }
        var limit = timeval(tv_sec: Int(max(1, timeout.components.seconds)), tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)  // Bounds connect as well, socket(7).
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        target.sin_addr.s_addr = address.value.bigEndian
        do {
            try systemCall("connect") {
                unsafe withUnsafePointer(to: &target) {
                    unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                    }
                }
            }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Sends an HTTP/1.1 request and reads the status of its answer.
    static func statusOfRequest(
        _ request: String,
        _ address: IPv4,
        _ port: UInt16,
        _ timeout: Duration
    ) throws -> Int {
        let descriptor = try connect(address, port, timeout: timeout)
        defer { close(descriptor) }
        writeBlocking(descriptor, request.utf8)
        var head: [UInt8] = []
        while !head.contains(UInt8(ascii: "\n")), head.count < 4096 {
            let bytes = readBlocking(descriptor)
            if bytes.isEmpty { break }
            head += bytes
        }
        let words = String(decoding: head.prefix(64), as: UTF8.self).split(separator: " ")
        guard words.count > 1, words[0].hasPrefix("HTTP/"), let status = Int(words[1].prefix(3)) else {
            throw MeshError(.protocolViolation, head.isEmpty ? "EOF" : "the answer is no HTTP")
        }
        return status
    }
}
