internal import Base
internal import Discovery
internal import Explain
internal import JSON
internal import Kubernetes
internal import Mesh
internal import Synchronization

/// What proxies' credential names stand for: certificates and roots in Secrets and ConfigMaps of their own namespaces.
///
/// Nothing is followed that no connected proxy asks for. An answer that is not known yet is ``Answer/later``; whoever
/// asked is told when it is.
final class CredentialStore: Sendable {
    enum Answer: Hashable, Sendable {
        /// Nothing can be said yet: what the proxy has stays as it is.
        case later
        /// What the proxy gets, and why nobody can connect with it; empty when they can.
        case credential(Credential, defect: String)
    }

    /// Who asks for what.
    struct Question: Hashable, Sendable {
        let text: String
        let account: SecretAccess.Account
    }

    struct Collection: Hashable {
        let kind: CredentialReference.Kind
        let namespace: String
    }

    struct Following {
        let objects: NamedObjects
        let task: Task<Void, Never>
    }

    struct State {
        var following: [Collection: Following] = [:]
        var access = SecretAccess()
        var memory = CredentialMemory()
        /// What is to be read by itself, because a watch had passed it by.
        var missing: [Collection: Set<String>] = [:]
        /// What is being asked of the API server.
        var underWay: Set<Errand> = []
        /// What was read of a certificate or of roots, and what is to be said of it.
        var checks: [CredentialReference: (content: SecretContent, check: CertificateCheck)] = [:]
    }

    let api: any KubernetesAPI
    private let counters: Counters
    let state = Mutex(State())
    private let feed = ChangeFeed()
    private let errands: AsyncStream<Errand>
    let errandSink: AsyncStream<Errand>.Continuation
    let log = Log("secrets")

    init(api: any KubernetesAPI, counters: Counters) {
        self.api = api
        self.counters = counters
        (errands, errandSink) = AsyncStream.makeStream()
    }

    // Asking

    /// The answer as it is sent; nil while nothing can be said.
    ///
    /// Made once, until the object changes: a gateway of thousands of hosts asks for all of them at each push.
    func resource(_ question: Question, now: Timestamp = .now) -> CredentialMemory.Known? {
        let (known, generation) = state.withLock { ($0.memory.known(question, at: now), $0.memory.generation) }
        if let known, known.isForAll || isAllowed(question.account) == true { return known }
        guard case .credential(let credential, let defect) = answer(question, now: now) else { return nil }
        let reference = try? CredentialReference(question.text, namespace: question.account.namespace)
        let made = CredentialMemory.Known(
            resource: EncodedResource(.credential(credential)),
            defect: defect,
            isForAll: reference?.isRoots ?? true,
            end: reference.flatMap { reference in state.withLock { $0.checks[reference]?.check.end } }
        )
        // Who may not have it is asked about each time.
        if made.isForAll || isAllowed(question.account) == true {
            state.withLock { $0.memory.remember(made, of: question, since: generation) }
        }
        return made
    }

    /// What `question` has for an answer now.
    func answer(_ question: Question, now: Timestamp = .now) -> Answer {
        let reference: CredentialReference
        do {
            reference = try CredentialReference(question.text, namespace: question.account.namespace)
        } catch {
            return .problem(error.message)
        }
        // Roots are no secret, and the names that ask for them are Istio's exception.
        if !reference.isRoots {
            switch isAllowed(question.account) {
            case true?: break
            case false?: return .problem(Self.denial(question.account))
            case nil: return .later
            }
        }
        return look(up: reference, now)
    }

    static func denial(_ account: SecretAccess.Account) -> String {
        "service account \(account.namespace)/\(account.name) is not authorized to read secrets in namespace "
            + "\(account.namespace): give it a Role with get, watch and list of secrets"
    }

    private func isAllowed(_ account: SecretAccess.Account) -> Bool? {
        let answer = state.withLock { $0.access.isAllowed(account, now: .now) }
        if answer == nil { send(.review(account)) }
        return answer
    }

    private func look(up reference: CredentialReference, _ now: Timestamp) -> Answer {
        let objects = objects(of: Collection(kind: reference.kind, namespace: reference.namespace))
        for name in [reference.name, reference.fallbackName].compactMap(\.self) {
            switch objects.look(up: name) {
            case .unknown:
                if objects.needsFetching(name) {
                    fetch(name, of: Collection(kind: reference.kind, namespace: reference.namespace))
                }
                return .later
            case .absent: continue
            case .present(let object): return read(object, reference, now)
            }
        }
        return .problem("\(Self.words(reference)) not found")
    }

    private func read(_ object: JSON, _ reference: CredentialReference, _ now: Timestamp) -> Answer {
        do {
            let content =
                reference.isRoots
                ? try SecretContent(rootsOf: object, isConfigMap: reference.kind == .configMap)
                : try SecretContent(certificateOf: object)
            return .credential(
                Credential(content),
                defect: defect(of: content, reference, Self.words(reference, object), now)
            )
        } catch {
            return .problem("\(Self.words(reference, object)): \(error.message)")
        }
    }

    /// Certificates are read once, and not for each proxy and answer; what is wrong with them is told once.
    private func defect(
        of content: SecretContent,
        _ reference: CredentialReference,
        _ object: String,
        _ now: Timestamp
    ) -> String {
        let known = state.withLock { $0.checks[reference] }
        if let known, known.content == content, known.check.end.map({ now < $0 }) ?? true {
            return known.check.defect(of: object)
        }
        let check = CertificateCheck(content, now: now)
        let before = state.withLock { $0.checks.updateValue((content, check), forKey: reference) }?.check
        if before?.errors != check.errors || before?.warnings != check.warnings { tell(check, of: object) }
        return check.defect(of: object)
    }

    private func tell(_ check: CertificateCheck, of object: String) {
        if !check.errors.isEmpty { counters.count(.credentialErrors) }
        for finding in check.errors + check.warnings { log.warn("\(object): \(finding)") }
    }

    /// Names the object that was found, which for roots may be that of the certificate.
    private static func words(_ reference: CredentialReference, _ object: JSON? = nil) -> String {
        let name = object.map(\.metadata.name) ?? reference.name
        return "\(reference.kind == .secret ? "secret" : "configmap") \(reference.namespace)/\(name)"
    }

    private func objects(of collection: Collection) -> NamedObjects {
        let (objects, isNew) = state.withLock { state in
            if let known = state.following[collection] { return (known.objects, false) }
            let objects = NamedObjects(api, Self.type(of: collection), namespace: collection.namespace)
            let task = Task { [feed, weak self] in
                await withDiscardingTaskGroup { group in
                    group.addTask { await objects.run(reportingTo: feed) }
                    await objects.waitUntilSynced()
                    if objects.isSynced { self?.send(.tell(collection)) }
                }
            }
            state.following[collection] = Following(objects: objects, task: task)
            return (objects, true)
        }
        if isNew {
            log.info("following \(objects.type) of namespace \(collection.namespace) for the proxies there")
        }
        return objects
    }

    static func type(of collection: Collection) -> ResourceType {
        collection.kind == .secret ? .secrets : .configMaps
    }

    // Who asks

    /// A proxy asks for this, too.
    func proxy(_ number: Int, asksAlso question: Question) {
        state.withLock { $0.memory.proxy(number, asksAlso: question) }
    }

    /// A proxy asks for all of these, and for nothing else.
    func proxy(_ number: Int, asks questions: Set<Question>) {
        let isLess = state.withLock { $0.memory.proxy(number, asks: questions) }
        if isLess { tidy() }
    }

    func proxyLeft(_ number: Int) { proxy(number, asks: []) }

    /// Forgets what nobody asks for any more.
    private func tidy() {
        let (wanted, following) = state.withLock { state in
            var wanted: [Collection: Set<String>] = [:]
            let references = state.memory.tidy()
            for reference in references {
                let names = [reference.name, reference.fallbackName].compactMap(\.self)
                wanted[Collection(kind: reference.kind, namespace: reference.namespace), default: []].formUnion(names)
            }
            state.access.keepOnly(state.memory.accounts)
            state.checks = state.checks.filter { references.contains($0.key) }
            for (collection, following) in state.following where wanted[collection] == nil {
                following.task.cancel()
                state.following[collection] = nil
                state.missing[collection] = nil
                log.info("no longer following \(following.objects.type) of namespace \(collection.namespace)")
            }
            return (wanted, state.following)
        }
        for (collection, following) in following { following.objects.keepOnly(wanted[collection] ?? []) }
    }

    // Working

    /// Asks and follows until the task is cancelled.
    ///
    /// - Parameter changed: Called with the numbers of the proxies to which something was said that is no longer so.
    func run(changed: @escaping @Sendable (Set<Int>) -> Void) async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                while let changes = await self.feed.next() { self.take(changes, changed) }
            }
            for await errand in errands { group.addTask { await self.run(errand, changed) } }
            group.cancelAll()
        }
        for following in state.withLock({ Array($0.following.values) }) { following.task.cancel() }
    }

    private func take(_ changes: [ObjectChange], _ changed: @Sendable (Set<Int>) -> Void) {
        var proxies: Set<Int> = []
        for change in changes {
            let kind: CredentialReference.Kind = change.type == .secrets ? .secret : .configMap
            let target = CredentialMemory.Target(kind: kind, key: change.key)
            proxies.formUnion(state.withLock { $0.memory.changed(target) })
        }
        if !proxies.isEmpty { changed(proxies) }
    }

    /// The proxies that ask a question for which `condition` holds.
    func proxiesAsking(_ condition: (Question) -> Bool) -> Set<Int> {
        state.withLock { $0.memory.proxies(asking: condition) }
    }
}

extension CredentialStore.Answer {
    fileprivate static func problem(_ text: String) -> Self {
        var credential = Credential()
        credential.problem = text
        return .credential(credential, defect: text)
    }
}

extension CertificateCheck {
    /// Why nobody can connect with what `object` holds; empty when they can.
    fileprivate func defect(of object: String) -> String {
        errors.isEmpty ? "" : "\(object): \(errors.joined(separator: ", "))"
    }
}

extension Credential {
    init(_ content: SecretContent) {
        self.init()
        certificatesPEM = content.certificatesPEM
        keyPEM = content.keyPEM
        rootsPEM = content.rootsPEM
        revocationsPEM = content.revocationsPEM
        ocspStaple = content.ocspStaple
    }
}
