internal import Base
internal import Network

/// Answers the pods' questions for names, over UDP and TCP, on the node's address.
///
/// The cluster's own names come from a ``DNSZone``; others are passed to this machine's resolvers.
struct DNSServer: Sendable {
    /// Questions on their way to a resolver, and TCP connections, at one time.
    private static let limit = 64

    let address: IPAddress
    /// Who knows the names outside the cluster; tried in this order.
    let resolvers: [IPAddress]
    let zone: @Sendable () -> DNSZone

    /// The resolvers that this machine itself uses (resolv.conf(5)).
    static func machineResolvers(_ configuration: String) -> [IPAddress] {
        configuration.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            return words.count > 1 && words[0] == "nameserver" ? IPAddress(words[1]) : nil
        }
    }

    /// Answers until the task is cancelled.
    ///
    /// - Throws: ``MeshError`` when the port is taken.
    func run() async throws {
        let datagrams = try AsyncDatagramSocket(binding: SocketAddress(address, port: 53))
        let listener = try AsyncListener(binding: SocketAddress(address, port: 53))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await serveDatagrams(datagrams) }
            group.addTask { try await serveConnections(listener) }
            for try await _ in group {}
        }
    }

    private func serveDatagrams(_ socket: AsyncDatagramSocket) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var busy = 0
            while true {
                let (question, asker) = try await socket.receive(upTo: 4096)
                if let answer = answer(question, isDatagram: true) {
                    if !answer.isEmpty { try? await socket.send(answer, to: asker) }  // A lost one is asked for again.
                    continue
                }
                if busy == Self.limit {
                    try await group.next()
                    busy -= 1
                }
                busy += 1
                group.addTask {
                    if let answer = await forward(question) { try? await socket.send(answer, to: asker) }
                }
            }
        }
    }

    private func serveConnections(_ listener: AsyncListener) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var busy = 0
            while true {
                let connection = try await listener.accept()
                if busy == Self.limit {
                    try await group.next()
                    busy -= 1
                }
                busy += 1
                group.addTask {
                    // Nobody waits for more than that; an error is the asker's to notice.
                    try? await withTimeLimit(.seconds(30), "a DNS connection") { try await serve(connection) }
                    connection.close()
                }
            }
        }
    }

    /// Questions over TCP carry their length in front (RFC 1035 §4.2.2).
    private func serve(_ connection: AsyncConnection) async throws {
        var bytes: [UInt8] = []
        while true {
            while bytes.count < 2 || bytes.count < 2 + (Int(bytes[0]) << 8 | Int(bytes[1])) {
                let more = try await connection.read()
                if more.isEmpty { return }
                bytes += more
            }
            let end = 2 + (Int(bytes[0]) << 8 | Int(bytes[1]))
            let question = Array(bytes[2..<end])
            bytes.removeFirst(end)
            var reply = answer(question, isDatagram: false)
            if reply == nil { reply = await forward(question) }
            guard let reply, !reply.isEmpty else { return }
            try await connection.write(DNSRecord.encode(UInt16(clamping: reply.count)) + reply)
        }
    }

    /// The answer from the cluster's own names; nil when somebody else has to be asked, empty when there is none.
    private func answer(_ question: [UInt8], isDatagram: Bool) -> [UInt8]? {
        do {
            let query = try DNSQuery(parsing: question)
            let limit = isDatagram ? query.payloadLimit : 65_535
            guard query.recordClass == 1 || query.recordClass == 255 else {
                return DNSAnswer(code: .refused).bytes(for: query, limit: limit)
            }
            if let answer = zone().answer(name: query.name, type: query.type) {
                return answer.bytes(for: query, limit: limit)
            }
            return resolvers.isEmpty ? DNSAnswer(code: .noSuchName).bytes(for: query, limit: limit) : nil
        } catch {
            switch error {
            case .unanswerable: return []
            case .malformed(let identifier): return DNSAnswer.refusal(identifier, .malformed)
            case .notImplemented(let identifier): return DNSAnswer.refusal(identifier, .notImplemented)
            }
        }
    }

    /// Asks this machine's resolvers over UDP, one after the other.
    private func forward(_ question: [UInt8]) async -> [UInt8]? {
        for resolver in resolvers {
            let answer = try? await withTimeLimit(.seconds(2), "the resolver") { () throws -> [UInt8] in
                let target = SocketAddress(resolver, port: 53)
                let any = SocketAddress(resolver.isIPv6 ? .any6 : .any, port: 0)
                let socket = try AsyncDatagramSocket(binding: any)
                try await socket.send(question, to: target)
                while true {
                    let (answer, sender) = try await socket.receive(upTo: 4096)
                    // Anybody may send to the port: only the resolver's answer to this question counts.
                    if sender == target, answer.count >= 12, answer[..<2] == question[..<2] { return answer }
                }
            }
            if let answer { return answer }
        }
        guard let query = try? DNSQuery(parsing: question) else { return nil }
        return DNSAnswer(code: .serverFailure).bytes(for: query, limit: 512)
    }
}
