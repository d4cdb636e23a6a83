internal import Base
internal import Discovery
internal import Kubernetes
internal import Mesh

/// Which proxies ask which questions for credentials, and what was answered, until that may be otherwise.
struct CredentialMemory {
    typealias Question = CredentialStore.Question

    /// The Secret or ConfigMap that an answer depends on.
    struct Target: Hashable {
        let kind: CredentialReference.Kind
        let key: ObjectKey
    }

    /// An answer.
    struct Known {
        let resource: EncodedResource
        /// Why nobody can connect with it; empty when they can.
        let defect: String
        /// Whether everybody may have it.
        let isForAll: Bool
        /// When ``defect`` has to be looked for again; nil for never.
        let end: Timestamp?
    }

    /// What each connected proxy asks for, by the proxy's number.
    private var questions: [Int: Set<Question>] = [:]
    private var answers: [Question: Known] = [:]
    private var concerned: [Target: Set<Question>] = [:]
    /// Grows whenever answers are forgotten.
    private(set) var generation = 0

    // Who asks

    mutating func proxy(_ number: Int, asksAlso question: Question) {
        guard questions[number, default: []].insert(question).inserted else { return }
        for target in question.targets { concerned[target, default: []].insert(question) }
    }

    /// - Returns: Whether the proxy had asked for more.
    mutating func proxy(_ number: Int, asks all: Set<Question>) -> Bool {
        let before = questions[number] ?? []
        if before == all { return false }
        for question in all.subtracting(before) { proxy(number, asksAlso: question) }
        questions[number] = all.isEmpty ? nil : all
        return !before.isSubset(of: all)
    }

    /// Forgets what nobody asks for.
    ///
    /// - Returns: All that somebody asks for.
    mutating func tidy() -> Set<CredentialReference> {
        let asked = questions.values.reduce(into: Set()) { $0.formUnion($1) }
        answers = answers.filter { asked.contains($0.key) }
        concerned = [:]
        for question in asked { for target in question.targets { concerned[target, default: []].insert(question) } }
        return Set(asked.compactMap(\.reference))
    }

    var accounts: Set<SecretAccess.Account> { Set(questions.values.joined().map(\.account)) }

    func proxies(asking condition: (Question) -> Bool) -> Set<Int> {
        Set(questions.filter { $0.value.contains(where: condition) }.keys)
    }

    // What is known

    func known(_ question: Question, at now: Timestamp) -> Known? {
        answers[question].flatMap { $0.end.map { now < $0 } ?? true ? $0 : nil }
    }

    /// - Parameter generation: When the answer was looked for: what was forgotten since then is not remembered.
    mutating func remember(_ answer: Known, of question: Question, since generation: Int) {
        if generation == self.generation { answers[question] = answer }
    }

    /// Forgets what depends on the object.
    ///
    /// - Returns: The proxies that asked for it.
    mutating func changed(_ target: Target) -> Set<Int> {
        guard let affected = concerned[target] else { return [] }
        generation += 1
        for question in affected { answers[question] = nil }
        return Set(questions.filter { asked in affected.contains { asked.value.contains($0) } }.keys)
    }
}

extension CredentialStore.Question {
    /// Nil when its text cannot be understood.
    fileprivate var reference: CredentialReference? {
        try? CredentialReference(text, namespace: account.namespace)
    }

    /// What its answer depends on.
    fileprivate var targets: [CredentialMemory.Target] {
        guard let reference else { return [] }
        return [reference.name, reference.fallbackName].compactMap(\.self).map {
            .init(kind: reference.kind, key: ObjectKey(namespace: reference.namespace, name: $0))
        }
    }
}
