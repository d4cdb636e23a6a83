internal import Base
internal import JSON
internal import Network
internal import TLSScan
internal import YAML

extension Command {
    static let tlsScan = Command(
        name: "tls-scan",
        arguments: "HOST[:PORT]",
        summary: "Tell which TLS a server speaks, and with whom",
        details: """
            Looks at any server: protocols from SSLv2 to TLS 1.3, cipher suites and the server's preference, groups,
            certificates, ALPN, resumption, and whether clients need a certificate. The hellos are made here, so what
            the local TLS library cannot do is seen as well. With --require it is a gate for pipelines: exit status 0
            says that all is fulfilled, 1 that something is not, 2 that the server cannot be reached.

            Requirements, separated by commas:
            \(Requirement.help.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
            """,
        examples: """
            # A gateway, with the clients that can connect to it
            apus tls-scan 203.0.113.7 --sni shop.example.com --clients

            # In a pipeline
            apus tls-scan shop.example.com --require min=TLSV1_2,pfs,cert-days=30

            # As a pod of the mesh sees it
            apus tls-scan httpbin.full:8000 --from full/sleep --alpn istio
            """,
        flags: [
            Flag("sni", "", "Server name to ask for; the host unless given, none for an address"),
            Flag("alpn", "", "Protocols to offer, such as istio: sidecars tell the TLS of the mesh by it"),
            Flag("clients", "", .bool, "Show what 35 browsers and libraries would get"),
            Flag("from", "", "Look from the sidecar of a pod: NAMESPACE/POD, or a Deployment's or app's name"),
            Flag("require", "", .strings, "What the server must fulfil, such as min=TLSV1_2,pfs,cert-days=30"),
            Flag("timeout", "", .duration, default: "5s", "Longest wait for each connection"),
            Flag("max-time", "", .duration, default: "2m", "Longest time for everything"),
            Flag("output", "o", default: "table", "One of table, json or yaml"),
        ],
        argumentCount: 1...1,
        run: { try await TLSScanCommand($0).run() }
    )
}

/// One run of `tls-scan`.
struct TLSScanCommand: Sendable {
    private let invocation: Invocation
    private let host: String
    private let port: UInt16
    private let requirements: [Requirement]

    /// The status when there is nothing to look at.
    private static let unreachable: Int32 = 2

    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        guard ["table", "json", "yaml"].contains(invocation.string("output")) else {
            throw ExitError("--output must be 'table', 'json' or 'yaml'", status: ExitError.usage)
        }
        for flag in ["timeout", "max-time"] where invocation.duration(flag) <= .zero {
            throw ExitError("--\(flag) must be more than nothing", status: ExitError.usage)
        }
        guard let (host, port) = Self.place(invocation.arguments[0]) else {
            throw ExitError("\(invocation.arguments[0]) is no HOST[:PORT]", status: ExitError.usage)
        }
        (self.host, self.port) = (host, port)
        do {
            requirements = try invocation.strings("require").flatMap { try Requirement.list($0) }
        } catch {
            throw ExitError("\(error)", status: ExitError.usage)
        }
    }

    /// Reads `host`, `host:port`, `[IPv6]:port`, an IPv6 address alone, or a URL; the port is 443 unless given.
    static func place(_ text: String) -> (host: String, port: UInt16)? {
        var rest = text[...]
        if rest.hasPrefix("https://") { rest = rest.dropFirst(8).prefix { $0 != "/" && $0 != "?" } }
        if IPAddress(String(rest)) != nil { return (String(rest), 443) }
        var port: UInt16 = 443
        if let colon = rest.lastIndex(of: ":"), !rest.hasSuffix("]") {
            guard let number = UInt16(rest[rest.index(after: colon)...]), number > 0 else { return nil }
            port = number
            rest = rest[..<colon]
        }
        if rest.hasPrefix("["), rest.hasSuffix("]") { rest = rest.dropFirst().dropLast() }
        let isName = !rest.isEmpty && rest.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && rest.utf8.count <= 253
        let isAddress = IPAddress(String(rest)) != nil
        return isName && (isAddress || !rest.contains(":")) ? (String(rest), port) : nil
    }

    func run() async throws {
        var report: ScanReport
        do {
            let limit = invocation.duration("max-time")
            report = try await withTimeLimit(limit, "the scan of \(host):\(port)") { try await scan() }
        } catch let error as ExitError {
            throw error
        } catch {
            tell("")
            throw ExitError("\(error)", status: Self.unreachable)
        }
        tell("")
        report.target = "\(host):\(port)"
        show(report)
        let failures = requirements.compactMap { requirement in
            requirement.objection(to: report).map { "requirement \(requirement) is not fulfilled: \($0)" }
        }
        for failure in failures { invocation.console.complain("Error: \(failure)") }
        if !failures.isEmpty { throw ExitError(nil, status: 1) }
    }

    private func show(_ report: ScanReport) {
        let console = invocation.console
        switch invocation.string("output") {
        case "json": console.print(report.json().text(isPretty: true))
        case "yaml": console.write(.output, YAML.text(report.json()))
        default:
            let text = report.text { text, tone in
                switch tone {
                case .plain: text
                case .title: console.colored(text, "1")
                case .good: console.colored(text, "32")
                case .bad: console.colored(text, "31")
                }
            }
            console.write(.output, text)
        }
    }

    /// What is going on, on a terminal only.
    private func tell(_ words: String) {
        guard invocation.console.isErrorTerminal else { return }
        invocation.console.write(.error, "\r\u{1b}[K" + (words.isEmpty ? "" : "looking at \(words) ..."))
    }

    private func scan() async throws -> ScanReport {
        guard invocation.has("from") else {
            let addresses = try await HostResolver.addresses(of: host)
            return try await scan(firstOf: addresses.map { SocketAddress($0, port: port) })
        }
        let pod = try await Pod(invocation)
        try await pod.check(host, port)
        let tunnel = try PodTunnel { try await pod.connect(host, port) }
        defer { tunnel.close() }
        return try await withThrowingTaskGroup(of: ScanReport?.self) { group in
            group.addTask {
                try await tunnel.run()
                return nil
            }
            group.addTask { try await scan(firstOf: [tunnel.address], place: "\(host):\(port)") }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                guard var report = result else { continue }
                report.from = pod.description
                return report
            }
            throw MeshError(.unavailable, "the tunnel through \(pod.description) has ended")
        }
    }

    /// Looks at the first address that answers.
    ///
    /// - Parameter place: Where the server is, for people; nil for at that address.
    private func scan(firstOf addresses: [SocketAddress], place: String? = nil) async throws -> ScanReport {
        let isAddress = IPAddress(host) != nil
        let wish = invocation.string("sni")
        let serverName = invocation.has("sni") ? (wish.isEmpty ? nil : wish) : isAddress ? nil : host
        let name = serverName ?? host
        var failure: any Error = MeshError(.notFound, "\(host) has no address")
        for address in addresses {
            do {
                try await AsyncConnection.connect(to: address, timeout: invocation.duration("timeout")).close()
            } catch {
                failure = error
                continue
            }
            var target = ScanTarget(
                address: address,
                host: name,
                serverName: serverName,
                patience: invocation.duration("timeout")
            )
            if let place { target.place = place }
            target.applicationProtocols = invocation.string("alpn").split(separator: ",").map(String.init)
            let hasClients = invocation.bool("clients") || requirements.contains(where: \.needsClients)
            return try await Scanner(target, simulatesClients: hasClients, progress: { tell($0) }).scan()
        }
        throw failure
    }
}

/// The sidecar to look from.
private struct Pod: Sendable, CustomStringConvertible {
    private let cluster: Cluster
    private let namespace: String
    private let name: String

    var description: String { "\(namespace)/\(name)" }

    /// - Throws: ``MeshError`` when there is no such pod.
    init(_ invocation: Invocation) async throws {
        let cluster = try await invocation.cluster()
        let text = invocation.string("from")
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let kinds = ["pod", "pods", "po", "deploy", "deployment", "deployments"]
        // NAMESPACE/POD, or what other commands take: deploy/sleep.full.
        let isPlain = parts.count == 2 && !kinds.contains(parts[0])
        let reference =
            isPlain
            ? PodReference("\(parts[1]).\(parts[0])", namespace: parts[0])
            : PodReference(text, namespace: invocation.namespace(of: cluster))
        let pod = try await reference.resolve(cluster.api)
        self.cluster = cluster
        namespace = pod["metadata", "namespace"]?.string ?? ""
        name = pod["metadata", "name"]?.string ?? ""
    }

    private func command(_ host: String, _ port: UInt16, _ flags: [String] = []) -> [String] {
        ["apus-proxy", "connect"] + flags + ["\(host.contains(":") ? "[\(host)]" : host):\(port)"]
    }

    /// Says in words why the server cannot be reached from the pod.
    func check(_ host: String, _ port: UInt16) async throws {
        let result = try await cluster.exec(command(host, port, ["--check"]), namespace, name, "istio-proxy")
        if result.status == 0 { return }
        let words = String(decoding: result.errors.prefix(2000), as: UTF8.self).split(separator: "\n").first ?? ""
        let hint = words.hasPrefix("usage:") ? "; its sidecar is of an earlier version, restart the pod" : ""
        throw MeshError(.unavailable, "from \(self): \(words)\(hint)")
    }

    func connect(_ host: String, _ port: UInt16) async throws -> PodExecStream {
        guard let open = cluster.open else {
            throw MeshError(.unavailable, "no connection can be opened through \(self)")
        }
        return try await open(command(host, port), namespace, name, "istio-proxy")
    }
}
