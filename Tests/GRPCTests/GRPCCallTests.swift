import Base
import HTTP
import Synchronization
import TestStreams
import Testing

@testable import GRPC

/// A client and a server within this process.
struct JoinedGRPC {
    let client: GRPCClient
    private let serving: Task<Void, Never>

    init(
        _ handlers: [String: GRPCServer.Handler],
        change: (inout GRPCServer.Configuration) -> Void = { _ in }
    ) {
        var configuration = GRPCServer.Configuration()
        change(&configuration)
        let (near, far) = memoryStreams()
        let peer = SocketAddress(.loopback, port: 1)
        let connection = GRPCServerConnection(peer: peer, handlers: handlers, configuration: configuration)
        serving = Task { await connection.run(far, tls: nil) }
        client = GRPCClient(near, scheme: "http", authority: "test", configuration: GRPCClient.Configuration())
    }

    func stop() { serving.cancel() }
}

@Suite(.timeLimit(.minutes(1))) struct GRPCCallTests {
    private static let echo = GRPCServer.unary { _, message in message }

    @Test(arguments: [0, 1, 1000, 100_000, 3_000_000]) func `one message each way`(count: Int) async throws {
        let joined = JoinedGRPC(["/t.T/Echo": Self.echo])
        let message = [UInt8](repeating: 7, count: count)
        #expect(try await joined.client.unary("/t.T/Echo", message: message) == message)
    }

    @Test func `many calls at once on one connection`() async throws {
        let joined = JoinedGRPC(["/t.T/Echo": Self.echo])
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<300 {
                group.addTask {
                    let message = [UInt8](repeating: 1, count: number * 10)
                    return try await joined.client.unary("/t.T/Echo", message: message).count
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(sum == 10 * 299 * 300 / 2)
    }

    @Test func `messages go both ways while the call lasts`() async throws {
        let joined = JoinedGRPC([
            "/t.T/Double": { call in
                while let message = try await call.next() {
                    try await call.send(message)
                    try await call.send(message)
                }
            }
        ])
        let call = try joined.client.stream("/t.T/Double")
        for number in UInt8(0)..<20 {
            try await call.send([number])
            #expect(try await call.next() == [number])
            #expect(try await call.next() == [number])
        }
        try await call.halfClose()
        #expect(try await call.next() == nil)
    }

    @Test func `a status is carried to the caller, in any language`() async throws {
        let status = GRPCStatus(.permissionDenied, "100 % nicht erlaubt: é\nsecond line")
        let joined = JoinedGRPC([
            "/t.T/Early": { _ in throw status },
            "/t.T/Late": { call in
                try await call.send([1])
                throw status
            },
            "/t.T/Bug": { _ in throw MeshError(.notFound, "secret") },
        ])
        for path in ["/t.T/Early", "/t.T/Late"] {
            #expect(await Self.failure(joined.client, path) == status)
        }
        let bug = await Self.failure(joined.client, "/t.T/Bug")
        #expect(bug?.code == .internal)
        #expect(bug?.message.contains("secret") == false)
        #expect(await Self.failure(joined.client, "/t.T/None")?.code == .unimplemented)
    }

    private static func failure(_ client: GRPCClient, _ path: String) async -> GRPCStatus? {
        do throws(GRPCStatus) {
            _ = try await client.unary(path, message: [])
            return nil
        } catch {
            return error
        }
    }

    @Test func `metadata reaches the handler`() async throws {
        let joined = JoinedGRPC([
            "/t.T/M": GRPCServer.unary { call, _ in Array((call.metadata["authorization"] ?? "").utf8) }
        ])
        let metadata: HTTPFields = ["Authorization": "Bearer x"]
        let answer = try await joined.client.unary("/t.T/M", metadata: metadata, message: [])
        #expect(answer == Array("Bearer x".utf8))
    }

    @Test func `a message that is too large is refused`() async throws {
        let joined = JoinedGRPC(["/t.T/Echo": Self.echo]) { $0.messageLimit = 10 }
        let error = await #expect(throws: GRPCStatus.self) {
            try await joined.client.unary("/t.T/Echo", message: [UInt8](repeating: 0, count: 11))
        }
        #expect(error?.code == .resourceExhausted)
    }

    @Test func `a deadline ends the call on both sides`() async throws {
        let isCancelled = Mutex(false)
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        let joined = JoinedGRPC([
            "/t.T/Slow": { _ in
                defer { end.finish() }
                do {
                    try await Task.sleep(for: .seconds(3600))
                } catch {
                    isCancelled.withLock { $0 = true }
                }
            }
        ])
        let error = await #expect(throws: GRPCStatus.self) {
            try await joined.client.unary("/t.T/Slow", message: [], timeout: .milliseconds(30))
        }
        #expect(error?.code == .deadlineExceeded)
        for await _ in ended {}
        #expect(isCancelled.withLock { $0 })
    }

    @Test func `a handler notices that its caller is gone`() async throws {
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        let joined = JoinedGRPC([
            "/t.T/Wait": { call in
                defer { end.finish() }
                try await call.send([1])
                while try await call.next() != nil {}
            }
        ])
        let call = try joined.client.stream("/t.T/Wait")
        _ = try await call.next()
        call.cancel()
        for await _ in ended {}
        await #expect(throws: GRPCStatus.self) { try await call.next() }
    }

    @Test func `calls end as unavailable when the connection is lost`() async throws {
        let joined = JoinedGRPC(["/t.T/Wait": { call in while try await call.next() != nil {} }])
        let call = try joined.client.stream("/t.T/Wait")
        try await call.send([1])
        joined.stop()
        let error = await #expect(throws: GRPCStatus.self) { try await call.next() }
        #expect(error?.code == .unavailable)
        #expect(throws: GRPCStatus.self) {
            while true { _ = try joined.client.stream("/t.T/Wait") }
        }
    }

    @Test func `a slow receiver slows the sender down`() async throws {
        let sent = Atomic(0)
        let joined = JoinedGRPC([
            "/t.T/Flood": { call in
                for _ in 0..<200 {
                    try await call.send([UInt8](repeating: 0, count: 16_384))
                    sent.add(1, ordering: .relaxed)
                }
            }
        ])
        let call = try joined.client.stream("/t.T/Flood")
        try await call.halfClose()
        _ = try await call.next()
        for _ in 0..<100 { await Task.yield() }
        #expect(sent.load(ordering: .relaxed) < 40)
        var count = 1
        while try await call.next() != nil { count += 1 }
        #expect(count == 200)
    }
}

@Suite struct GRPCFormatTests {
    @Test(arguments: ["1H", "2M", "3S", "4m", "5u", "6n"]) func `timeouts are read`(text: String) {
        #expect(GRPCTimeout.duration(text) != nil)
    }

    @Test(arguments: ["", "H", "1", "123456789S", "-1S", "1h", "1 S"]) func `other timeouts are not`(text: String) {
        #expect(GRPCTimeout.duration(text) == nil)
    }

    @Test func `timeouts are written in at most eight digits`() {
        #expect(GRPCTimeout.text(.milliseconds(1500)) == "1500m")
        #expect(GRPCTimeout.text(.seconds(100_000)) == "100000S")
        #expect(GRPCTimeout.text(.seconds(1 << 40)) == "99999999S")
        #expect(GRPCTimeout.text(.seconds(-1)) == "0n")
    }

    @Test func `messages are found in whatever pieces`() throws {
        let messages: [[UInt8]] = [[], [1], [UInt8](repeating: 2, count: 300)]
        let bytes = messages.flatMap(GRPCMessageReader.framed)
        for piece in [1, 2, 5, 6, 1000] {
            var reader = GRPCMessageReader(limit: 300)
            var found: [[UInt8]] = []
            for start in stride(from: 0, to: bytes.count, by: piece) {
                reader.append(Array(bytes[start..<min(start + piece, bytes.count)]))
                while let message = try reader.next() { found.append(message) }
            }
            #expect(found == messages)
            #expect(!reader.isWithinMessage)
        }
    }

    @Test func `compressed messages are refused`() {
        var reader = GRPCMessageReader(limit: 10)
        reader.append([1, 0, 0, 0, 0])
        #expect(throws: GRPCStatus.self) { try reader.next() }
    }

    @Test func `codes have gRPC's names`() {
        #expect(GRPCStatus(.permissionDenied, "no").description == "rpc error: code = PermissionDenied desc = no")
        #expect(GRPCStatus.Code.unauthenticated.rawValue == 16)
    }
}
