import Base
import Discovery
import Glibc
import Synchronization
import TLS
import TestTLS
import Testing

@testable import Proxy

@Suite(.timeLimit(.minutes(3))) struct FalseControlPlaneTests {
    enum Impostor: CaseIterable { case foreignAuthority, otherName, workload, noTLS }

    static func policy(_ mode: MutualTLSMode) -> [ResourceName: Resource] {
        var policy = InboundPolicy()
        policy.otherMode = mode
        return [.mesh: .mesh(MeshSettings()), .trust: .trust(TrustBundle()), .inbound: .inbound(policy)]
    }

    static func identity(of impostor: Impostor, _ authority: TestAuthority) throws -> TLSIdentity? {
        switch impostor {
        case .foreignAuthority: try TestAuthority().identity(dnsNames: ["localhost"])
        case .otherName: try authority.identity(dnsNames: ["istiod.elsewhere.svc"])
        case .workload: try authority.identity(uri: "spiffe://cluster.local/ns/full/sa/thief")
        case .noTLS: nil
        }
    }

    @Test(arguments: Impostor.allCases)
    func `who cannot prove to be the control plane is refused, told of, and changes nothing`(
        impostor: Impostor
    ) async throws {
        let authority = try TestAuthority()
        let good = try FalseControlPlane(
            identity: authority.identity(dnsNames: ["localhost"]),
            resources: Self.policy(.strict)
        )
        let bad = try FalseControlPlane(
            identity: Self.identity(of: impostor, authority),
            resources: Self.policy(.disable)
        )
        let agent = try Agent(roots: authority.rootPEM)
        agent.use(good)
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { await bad.run() }
            group.addTask { await agent.discovery.run() }
            var serving: Task<Void, Never>? = Task { await good.run() }
            try await eventually("the configuration has come") { agent.state.resources.count == 3 }
            let before = agent.state.resources
            agent.use(bad)
            serving?.cancel()
            try await eventually("the impostor was tried twice") { agent.refusals.count >= 2 }
            #expect(bad.served == 0)
            #expect(agent.state.resources == before && !agent.discovery.isConnected)
            let words = agent.refusals
            #expect(words.allSatisfy { $0.contains("localhost") }, "\(words)")
            let again = try FalseControlPlane(
                identity: authority.identity(dnsNames: ["localhost"]),
                resources: Self.policy(.permissive)
            )
            serving = Task { await again.run() }
            agent.use(again)
            try await eventually("the true one is followed again") { agent.state.resources != before }
            serving?.cancel()
        }
    }
}

/// What of a proxy speaks with the control plane.
private final class Agent: Sendable {
    private struct State {
        var port: UInt16 = 0
        var refusals: [String] = []
    }

    let state = ProxyState(trustDomain: "cluster.local")
    let discovery: DiscoveryClient
    private let shared: Shared
    private let directory: String

    private final class Shared: Sendable {
        let state = Mutex(State())
    }

    /// Why connections were not made, in the words of the log.
    var refusals: [String] { shared.state.withLock(\.refusals) }

    init(roots: String) throws {
        var name = Array("/tmp/apus-delivery-XXXXXX".utf8CString)
        directory = unsafe String(cString: mkdtemp(&name))
        try Files.replace("\(directory)/root.pem", with: Array(roots.utf8))
        try Files.replace("\(directory)/token", with: Array("the service account's".utf8))
        let settings = try AgentSettings(
            arguments: [],
            environment: [
                "POD_NAME": "sleep-1", "POD_NAMESPACE": "full", "INSTANCE_IP": "127.0.0.5",
                "CA_ROOT_CA": "\(directory)/root.pem", "JWT_PATH": "\(directory)/token",
            ]
        )
        let control = ControlPlaneConnection(settings: settings, state: state)
        let shared = Shared()
        self.shared = shared
        discovery = DiscoveryClient(
            node: NodeIdentity(address: "127.0.0.5", pod: "sleep-1", namespace: "full", version: "1"),
            transport: .init(
                connect: {
                    do {
                        return try await control.connect(.init(host: "localhost", port: shared.state.withLock(\.port)))
                    } catch {
                        shared.state.withLock { $0.refusals.append("\(error)") }
                        throw error
                    }
                },
                metadata: { control.metadata }
            ),
            apply: { [state] update in try await state.prepareAndApply(update) }
        )
    }

    deinit {
        for file in ["root.pem", "token"] { _ = unsafe unlink("\(directory)/\(file)") }
        _ = unsafe rmdir(directory)
    }

    /// From now on new connections go there, and nothing is known of earlier refusals.
    func use(_ plane: FalseControlPlane) { shared.state.withLock { $0 = State(port: plane.port) } }
}
