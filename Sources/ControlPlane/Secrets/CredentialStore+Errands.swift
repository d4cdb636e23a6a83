internal import Base
internal import Kubernetes
internal import Synchronization

/// What is asked of the API server because a proxy asked, each thing once at a time, until there is an answer.
extension CredentialStore {
    enum Errand: Hashable {
        /// Tell who asked that all that a collection holds is known now.
        case tell(Collection)
        /// Ask whether an account may read Secrets.
        case review(SecretAccess.Account)
        /// Read what is missing of a collection, because the watch had passed it by.
        case fetch(Collection)
    }

    func send(_ errand: Errand) {
        let isNew = state.withLock { $0.underWay.insert(errand).inserted }
        if isNew { errandSink.yield(errand) }
    }

    func run(_ errand: Errand, _ changed: @Sendable (Set<Int>) -> Void) async {
        var backoff = Backoff(first: .milliseconds(200), limit: .seconds(10))
        while !Task.isCancelled {
            do {
                try await attempt(errand, changed)
                return
            } catch {
                let pause = backoff.failed()
                log.warn("\(Self.words(for: errand)) could not be learnt, next attempt in \(pause): \(error)")
                try? await Task.sleep(for: pause)  // Cancelled: the loop ends.
            }
        }
    }

    private func attempt(_ errand: Errand, _ changed: @Sendable (Set<Int>) -> Void) async throws {
        switch errand {
        case .tell(let collection):
            state.withLock { _ = $0.underWay.remove(errand) }
            changed(proxiesAsking { $0.account.namespace == collection.namespace })
        case .review(let account):
            let isAllowed = try await SecretAccess.review(account, api)
            let (isNew, isFirst) = state.withLock { state in
                state.underWay.remove(errand)
                let isFirst = state.access.isAllowed(account, now: .now) == nil
                return (state.access.answered(account, isAllowed: isAllowed, now: .now), isFirst)
            }
            if isNew, !isAllowed { log.warn(Self.denial(account)) }
            if isNew || isFirst { changed(proxiesAsking { $0.account == account }) }
            try await reviewAgain(
                account,
                after: isAllowed ? SecretAccess.allowedLifetime : SecretAccess.deniedLifetime
            )
        case .fetch(let collection):
            let names = state.withLock { $0.missing.removeValue(forKey: collection) } ?? []
            let found: Set<String>
            do {
                found = try await fetch(names, of: collection)
            } catch {
                state.withLock { $0.missing[collection, default: []].formUnion(names) }
                throw error
            }
            let (proxies, isMore) = state.withLock { state in
                state.underWay.remove(errand)
                let proxies = found.reduce(into: Set()) { $0.formUnion(state.memory.changed(collection.target($1))) }
                state.missing[collection]?.subtract(names)
                return (proxies, state.missing[collection]?.isEmpty == false)
            }
            if isMore { send(errand) }
            changed(proxies)
        }
    }

    /// Asks for one more object of a collection.
    func fetch(_ name: String, of collection: Collection) {
        state.withLock { _ = $0.missing[collection, default: []].insert(name) }
        send(.fetch(collection))
    }

    /// How many objects are rather read one by one than all together.
    private static let few = 8

    /// - Returns: Those that are there. Who asked for others must not ask again before the watch tells of them.
    private func fetch(_ names: Set<String>, of collection: Collection) async throws -> Set<String> {
        guard let objects = state.withLock({ $0.following[collection] })?.objects else { return [] }
        if names.count > Self.few { return try await objects.fetchAll(names) }
        var found: Set<String> = []
        for name in names {
            do {
                let object = try await api.get(objects.type, namespace: collection.namespace, name: name)
                objects.fetched(name, object)
                found.insert(name)
            } catch let error as StatusError where error.isNotFound {
                log.debug("\(objects.type) \(collection.namespace)/\(name) went at this moment: the watch will tell")
            }
        }
        return found
    }

    /// An answer that has grown old is asked for again, as long as it is of use to anybody.
    private func reviewAgain(_ account: SecretAccess.Account, after lifetime: Duration) async throws {
        try? await Task.sleep(for: lifetime)  // Cancelled: nothing is asked any more.
        let isOld = state.withLock { $0.access.isAllowed(account, now: .now) } == nil
        if !Task.isCancelled, isOld, !proxiesAsking({ $0.account == account }).isEmpty { send(.review(account)) }
    }

    private static func words(for errand: Errand) -> String {
        switch errand {
        case .tell(let collection), .fetch(let collection): "what namespace \(collection.namespace) has"
        case .review(let account): "whether \(account.namespace)/\(account.name) may read secrets"
        }
    }
}

extension CredentialStore.Collection {
    fileprivate func target(_ name: String) -> CredentialMemory.Target {
        .init(kind: kind, key: ObjectKey(namespace: namespace, name: name))
    }
}
