internal import Base
internal import Kubernetes
internal import Synchronization

/// What is asked of the API server because a proxy asked, each thing once at a time, until there is an answer.
extension CredentialStore {
    enum Errand: Hashable {
        /// Wait for all that a collection holds.
        case sync(Collection)
        /// Ask whether an account may read Secrets.
        case review(SecretAccess.Account)
        /// Get one object now, as a watch may lag behind.
        case fetch(Collection, name: String)
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
        case .sync(let collection):
            await state.withLock { $0.following[collection]?.objects }?.waitUntilSynced()
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
        case .fetch(let collection, let name):
            let type = Self.type(of: collection)
            do {
                let object = try await api.get(type, namespace: collection.namespace, name: name)
                state.withLock { $0.following[collection] }?.objects.fetched(name, object)
            } catch let error as StatusError where error.isNotFound {
                log.debug("\(type) \(collection.namespace)/\(name) went at this moment: the watch will tell")
            }
            state.withLock { _ = $0.underWay.remove(errand) }
            let key = ObjectKey(namespace: collection.namespace, name: name)
            changed(proxiesAsking { $0.concerns(collection.kind, key) })
        }
    }

    /// An answer that has grown old is asked for again, as long as it is of use to anybody.
    private func reviewAgain(_ account: SecretAccess.Account, after lifetime: Duration) async throws {
        try? await Task.sleep(for: lifetime)  // Cancelled: nothing is asked any more.
        let isOld = state.withLock { $0.access.isAllowed(account, now: .now) } == nil
        if !Task.isCancelled, isOld, !proxiesAsking({ $0.account == account }).isEmpty { send(.review(account)) }
    }

    private static func words(for errand: Errand) -> String {
        switch errand {
        case .sync(let collection): "what namespace \(collection.namespace) has"
        case .review(let account): "whether \(account.namespace)/\(account.name) may read secrets"
        case .fetch(let collection, let name): "\(collection.namespace)/\(name)"
        }
    }
}
