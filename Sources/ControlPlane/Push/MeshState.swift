internal import Base
internal import Discovery
internal import Identity
internal import Kubernetes
internal import Mesh
internal import MeshAPI
internal import Synchronization

/// The mesh as it is known now, and the proxies that are told of it.
final class MeshState: Sendable {
    private struct State {
        var model: MeshModel
        var cache = ResourceCache()
        var roots = ""
        var proxies: [Int: ConnectedProxy] = [:]
        var nextNumber = 0
        var gateways = GatewayJudgement()
        /// What was last said of each Gateway.
        var gatewayVerdicts: [ObjectReference: Verdict] = [:]
    }

    private let state: Mutex<State>
    private let credentials: CredentialStore?
    private let log = Log("model")
    private let gatewaySignal: AsyncStream<Void>.Continuation
    /// Yields when ``judgeGateways()`` may have something new to say.
    let gatewayChanges: AsyncStream<Void>

    /// Begins with nothing: no proxy must be connected before everything was set and applied.
    ///
    /// - Parameters:
    ///   - credentials: Without it there are none.
    ///   - scopesGatewaysToNamespace: Whether Gateways count only for pods of their own namespace.
    init(clusterDomain: String, credentials: CredentialStore? = nil, scopesGatewaysToNamespace: Bool = false) {
        self.credentials = credentials
        (gatewayChanges, gatewaySignal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        var model = MeshModel(config: MeshConfig(), clusterDomain: clusterDomain)
        model.scopesGatewaysToNamespace = scopesGatewaysToNamespace
        state = Mutex(State(model: model))
    }

    /// The model at this moment; a value of one's own.
    var model: MeshModel { state.withLock(\.model) }
    /// PEM of what peers must trust.
    var roots: String { state.withLock(\.roots) }
    var proxies: [ConnectedProxy] { state.withLock { $0.proxies.values.sorted { $0.number < $1.number } } }

    // What happens

    /// Takes changes over and has every proxy told what they mean to it.
    ///
    /// - Returns: The objects of which it is judged otherwise now than before; not Gateways, which ``judgeGateways()`` judges.
    func apply(_ changes: [ObjectChange]) -> [ObjectReference: Verdict] {
        var verdicts: [ObjectReference: Verdict] = [:]
        update { state in
            let before = Self.verdicts(state.model)
            var impact = Impact()
            for change in changes { impact.formUnion(state.model.apply(change)) }
            let after = Self.verdicts(state.model)
            for (object, verdict) in after where before[object] != verdict { verdicts[object] = verdict }
            for object in before.keys where after[object] == nil { verdicts[object] = .accepted }
            return impact
        }
        let gateways = verdicts.keys.filter { $0.kind == "Gateway" }
        for object in gateways { verdicts[object] = nil }
        if !gateways.isEmpty { gatewaySignal.yield() }
        Self.tell(verdicts, log)
        return verdicts
    }

    private static func tell(_ verdicts: [ObjectReference: Verdict], _ log: Log) {
        for (object, verdict) in verdicts {
            switch verdict {
            case .accepted: log.info("\(object) is fine again, or gone")
            case .partly(let problem), .failing(let problem):
                log.warn("\(object) is in force but for a part: \(problem)")
            case .refused(let problem):
                log.error("\(object) is not used, its last good version stays in force: \(problem)")
            }
        }
    }

    /// Judges the Gateways by what the proxies are to open, by the credentials that these can have, and by what the
    /// proxies say of their servers.
    ///
    /// - Returns: Those of which it is judged otherwise now than before, new ones among them.
    func judgeGateways() -> [ObjectReference: Verdict] {
        let (changed, known) = state.withLock { state in
            var judgement = GatewayJudgement()
            judgement.credentialProblems = state.gateways.credentialProblems
            let connected = state.proxies.values.filter(\.node.isRouter)
            let routers = Set(connected.map(\.pod))
            for var workload in state.model.workloads.values
            where workload.isGateway || routers.contains(workload.key) {
                workload.isGateway = true
                let view = state.cache.gateway(of: workload, in: state.model)
                judgement.add(view.decision(in: state.model), of: workload.key)
                // Of several connections of one pod the last counts: the others are about to end.
                let proxies = connected.filter { $0.pod == workload.key && $0.isOf(workload) }
                judgement.serverProblems[workload.key] = proxies.max { $0.number < $1.number }?.status.serverProblems
            }
            let before = state.gatewayVerdicts
            state.gatewayVerdicts = judgement.verdicts(in: state.model)
            return (state.gatewayVerdicts.filter { before[$0.key] != $0.value }, Set(before.keys))
        }
        Self.tell(changed.filter { $0.value != .accepted || known.contains($0.key) }, log)
        return changed
    }

    /// Of all objects that are not simply accepted.
    private static func verdicts(_ model: MeshModel) -> [ObjectReference: Verdict] {
        model.shortcomings.mapValues(Verdict.partly).merging(model.problems.mapValues(Verdict.refused)) { $1 }
    }

    func set(_ config: MeshConfig) { update { $0.model.set(config) } }

    func set(roots: String) {
        state.withLock { state in
            state.roots = roots
            state.cache.forgetAll()
        }
        wakeAll()
    }

    private func update(_ body: (inout State) -> Impact) {
        let isRelevant = state.withLock { state in
            let impact = body(&state)
            state.cache.forget(impact, in: state.model)
            if impact.affectsGateways { gatewaySignal.yield() }
            return !impact.isEmpty
        }
        if isRelevant { wakeAll() }
    }

    private func wakeAll() { for proxy in state.withLock({ Array($0.proxies.values) }) { proxy.wake() } }

    /// Has some of the proxies asked for what there is to tell them.
    func wake(_ numbers: Set<Int>) {
        for proxy in state.withLock({ state in numbers.compactMap { state.proxies[$0] } }) { proxy.wake() }
    }

    // Proxies

    func connect(_ make: (Int) -> ConnectedProxy) -> ConnectedProxy {
        state.withLock { state in
            state.nextNumber += 1
            let proxy = make(state.nextNumber)
            state.proxies[proxy.number] = proxy
            return proxy
        }
    }

    func disconnect(_ proxy: ConnectedProxy) {
        state.withLock { state in
            state.proxies[proxy.number] = nil
            if !state.proxies.values.contains(where: { $0.pod == proxy.pod }) {
                state.gateways.credentialProblems[proxy.pod] = nil
            }
            let (model, proxies) = (state.model, state.proxies)
            state.cache.tidy(proxies: proxies.count) { proxies.values.compactMap { Self.workload(of: $0, in: model) } }
        }
        if proxy.node.isRouter { gatewaySignal.yield() }
        credentials?.proxyLeft(proxy.number)
    }

    /// Keeps in mind why nobody can connect with credentials that a gateway asks for.
    private func note(_ desk: CredentialDesk, _ pod: ObjectKey, _ state: inout State) {
        guard state.gateways.credentialProblems[pod] ?? [:] != desk.problems else { return }
        state.gateways.credentialProblems[pod] = desk.problems.isEmpty ? nil : desk.problems
        gatewaySignal.yield()
    }

    /// A proxy has said something of its servers.
    func serversChanged(of proxy: ConnectedProxy) {
        if proxy.node.isRouter { gatewaySignal.yield() }
    }

    /// What there is to do for a proxy.
    enum NextStep {
        /// It has everything, or an answer of it is waited for, or its pod is not known.
        case nothing
        case response(DeltaResponse)
        /// The pod runs as another service account than the proxy proved to be.
        case impostor(account: String)
    }

    /// The pod of a proxy, which is a gateway also when the proxy says so.
    private static func workload(of proxy: ConnectedProxy, in model: MeshModel) -> Workload? {
        guard var workload = model.workloads[proxy.pod] else { return nil }
        workload.isGateway = workload.isGateway || proxy.node.isRouter
        return workload
    }

    func nextResponse(for proxy: ConnectedProxy) -> NextStep {
        state.withLock { state in
            // A pod that is not known yet, or no more, gets nothing: a guess at its policy could be too lax.
            guard let workload = Self.workload(of: proxy, in: state.model) else { return .nothing }
            guard proxy.isOf(workload) else {
                return .impostor(account: workload.serviceAccount)
            }
            let model = state.model
            let resolver = ResourceResolver(model: model, roots: state.roots)
            var cache = ResourceCache()
            swap(&cache, &state.cache)
            defer { swap(&cache, &state.cache) }
            let desk = CredentialDesk(credentials, proxy: proxy, serviceAccount: workload.serviceAccount)
            let response = proxy.nextResponse { name in
                if let credential = desk.credential(name) { return credential }
                // A sidecar is a gateway for nothing, also where a Gateway's selector matches its pod.
                let gateway = name.isOfGateway && workload.isGateway ? cache.gateway(of: workload, in: model) : nil
                return cache.resource(name, for: workload) {
                    resolver.resource(name, for: workload, gateway: gateway)
                }
            } isUndecided: {
                desk.isUndecided($0)
            }
            desk.close()
            if workload.isGateway, desk.wasAsked { note(desk, proxy.pod, &state) }
            return response.map(NextStep.response) ?? .nothing
        }
    }
}
