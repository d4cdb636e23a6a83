import Synchronization

/// Who asks.
struct UserInfo: Hashable, Sendable {
    var name: String
    var uid = ""
    var groups: [String]
    var extra: [String: [String]] = [:]

    /// The cluster's own parts: the controllers and the node, which live in this process.
    static let system = UserInfo(name: "system:apiserver", groups: ["system:masters", "system:authenticated"])
    static let anonymous = UserInfo(name: "system:anonymous", groups: ["system:unauthenticated"])
}

/// What a request says beside the object itself.
struct RequestContext: Sendable {
    /// What becomes of fields that the kind does not have.
    enum FieldValidation: String, Sendable {
        case ignore = "Ignore"
        case warn = "Warn"
        case strict = "Strict"
    }

    var user: UserInfo
    /// Goes through everything but the writing.
    var isDryRun = false
    var fieldValidation = FieldValidation.ignore
    /// Who owns the fields of a server-side apply.
    var fieldManager = ""
    /// Lets a server-side apply take fields from their owners.
    var isForced = false
    let warnings = Warnings()

    init(user: UserInfo) { self.user = user }
}

/// What a person should know though the request succeeds; sent as `Warning` headers.
final class Warnings: Sendable {
    private let texts = Mutex<[String]>([])

    var all: [String] { texts.withLock { $0 } }

    func add(_ text: String) {
        texts.withLock { texts in if !texts.contains(text) { texts.append(text) } }
    }
}
