internal import Base
internal import CLinux
internal import Glibc
internal import Synchronization

/// Answers the pods' questions for names, over UDP and TCP, on the node's address.
///
/// The cluster's own names come from a ``DNSZone``; others are passed to this machine's resolvers. It blocks threads of
/// its own: one for UDP, one that accepts, and at most ``limit`` for TCP connections and questions that are passed on.
final class DNSServer: Sendable {
    private static let limit = 64

    private let address: IPv4
    private let zone: @Sendable () -> DNSZone
    private let resolvers: [IPv4]
    private let isStopped = Atomic(false)
    private let busy = Atomic(0)
    private let log = Log("dns")

    /// - Parameter resolvers: Who knows the names outside the cluster; tried in this order.
    init(address: IPv4, resolvers: [IPv4], zone: @escaping @Sendable () -> DNSZone) {
        self.address = address
        self.resolvers = resolvers
        self.zone = zone
    }

    /// The resolvers that this machine itself uses (resolv.conf(5)).
    static func machineResolvers(_ configuration: String) -> [IPv4] {
        configuration.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            return words.count > 1 && words[0] == "nameserver" ? IPv4(words[1]) : nil
        }
    }

    /// Answers until the task is cancelled.
    func run() async throws {
        let datagrams = try bind(SOCK_DGRAM)
        let listener = try bind(SOCK_STREAM)
        try systemCall("listen") { listen(listener, 64) }
        runOnThread { self.serveDatagrams(datagrams) }
        runOnThread { self.serveConnections(listener) }
        while (try? await Task.sleep(for: .seconds(3600))) != nil {}
        isStopped.store(true, ordering: .relaxed)
        shutdown(listener, CInt(SHUT_RDWR))  // Wakes the threads, which close their sockets.
        shutdown(datagrams, CInt(SHUT_RDWR))
    }

    private func bind(_ type: __socket_type) throws(SystemError) -> CInt {
        let descriptor = try systemCall("socket") { socket(AF_INET, CInt(type.rawValue | SOCK_CLOEXEC.rawValue), 0) }
        do {
            _ = CLinux_set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
            let target = CLinux_address(high: 0, low: UInt64(address.value), port: 53, is6: 0)
            try systemCall("bind") { CLinux_bind(descriptor, target) }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    private func serveDatagrams(_ descriptor: CInt) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        var from = CLinux_address()
        while !isStopped.load(ordering: .relaxed) {
            let count = unsafe CLinux_recvfrom(descriptor, &buffer, buffer.count, &from)
            if count < 0 && errno != EINTR || isStopped.load(ordering: .relaxed) { break }
            if count <= 0 { continue }
            let question = Array(buffer[..<count])
            let asker = from
            if let answer = answer(question, isDatagram: true) {
                Self.send(answer, descriptor, asker)
            } else {
                onThread {
                    if let answer = self.forward(question) { Self.send(answer, descriptor, asker) }
                }
            }
        }
        close(descriptor)
    }

    private static func send(_ answer: [UInt8], _ descriptor: CInt, _ asker: CLinux_address) {
        if answer.isEmpty { return }
        _ = unsafe CLinux_sendto(descriptor, answer, answer.count, asker)  // Lost datagrams are asked for again.
    }

    /// The answer from the cluster's own names; nil when somebody else has to be asked.
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
    private func forward(_ question: [UInt8]) -> [UInt8]? {
        for resolver in resolvers {
            guard
                let descriptor = try? systemCall(
                    "socket",
                    { socket(AF_INET, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0) }
                )
            else { continue }
            defer { close(descriptor) }
            var limit = timeval(tv_sec: 2, tv_usec: 0)
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            let target = CLinux_address(high: 0, low: UInt64(resolver.value), port: 53, is6: 0)
            guard CLinux_connect(descriptor, target) == 0, writeBlocking(descriptor, question) else { continue }
            let answer = readBlocking(descriptor, limit: 4096)
            if answer.count >= 12, answer[..<2] == question[..<2] { return answer }
        }
        guard let query = try? DNSQuery(parsing: question) else { return nil }
        return DNSAnswer(code: .serverFailure).bytes(for: query, limit: 512)
    }

    private func serveConnections(_ listener: CInt) {
        while !isStopped.load(ordering: .relaxed) {
            let connection = accept(listener, nil, nil)
            if connection < 0 {
                if errno == EINTR || errno == ECONNABORTED { continue }
                break
            }
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            if !onThread({ self.serve(connection) }) { close(connection) }
        }
        close(listener)
    }

    /// Questions over TCP carry their length in front (RFC 1035 §4.2.2).
    private func serve(_ connection: CInt) {
        defer { close(connection) }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        unsafe setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var bytes: [UInt8] = []
        while true {
            while bytes.count < 2 || bytes.count < 2 + (Int(bytes[0]) << 8 | Int(bytes[1])) {
                let more = readBlocking(connection)
                if more.isEmpty { return }
                bytes += more
            }
            let length = Int(bytes[0]) << 8 | Int(bytes[1])
            let question = Array(bytes[2..<(2 + length)])
            bytes.removeFirst(2 + length)
            guard let answer = answer(question, isDatagram: false) ?? forward(question), !answer.isEmpty else { return }
            guard writeBlocking(connection, DNSRecord.encode(UInt16(clamping: answer.count)) + answer) else { return }
        }
    }

    /// Runs `body` on a thread, unless too many are busy already.
    @discardableResult
    private func onThread(_ body: @escaping @Sendable () -> Void) -> Bool {
        guard busy.add(1, ordering: .relaxed).newValue <= Self.limit else {
            busy.subtract(1, ordering: .relaxed)
            return false
        }
        runOnThread {
            body()
            self.busy.subtract(1, ordering: .relaxed)
        }
        return true
    }
}
