internal import Discovery
internal import Kubernetes

/// One proxy's questions for credentials, while one response to it is made; lives within one lock.
final class CredentialDesk {
    private let store: CredentialStore?
    private let proxy: ConnectedProxy
    private let account: SecretAccess.Account
    private var questions: Set<CredentialStore.Question> = []
    private var undecided: Set<ResourceName> = []
    private(set) var wasAsked = false
    /// Why nobody can connect with credentials that were asked for, by their names.
    private(set) var problems: [String: String] = [:]

    init(_ store: CredentialStore?, proxy: ConnectedProxy, serviceAccount: String) {
        self.store = store
        self.proxy = proxy
        account = SecretAccess.Account(namespace: proxy.pod.namespace, name: serviceAccount)
    }

    /// What `name` is for this proxy; nil for other things than credentials, and while it ``isUndecided(_:)``.
    func credential(_ name: ResourceName) -> EncodedResource? {
        wasAsked = true
        guard let store, case .credential(let text) = name else { return nil }
        let question = CredentialStore.Question(text: text, account: account)
        questions.insert(question)
        // It is known who asks before the answer is looked for, so that an answer that comes meanwhile is not lost.
        store.proxy(proxy.number, asksAlso: question)
        guard let known = store.resource(question) else {
            undecided.insert(name)
            return nil
        }
        problems[text] = known.defect.isEmpty ? nil : known.defect
        return known.resource
    }

    func isUndecided(_ name: ResourceName) -> Bool { undecided.contains(name) }

    /// Whatever was not asked for this time is not needed any more.
    func close() {
        if wasAsked { store?.proxy(proxy.number, asks: questions) }
    }
}
