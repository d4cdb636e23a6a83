import JSON
import Kubernetes

/// What is particular to a kind; the defaults do for most.
protocol ResourceStrategy: Sendable {
    /// Whether `metadata.generation` counts the changes of everything but metadata and status.
    var hasGeneration: Bool { get }
    /// What names may look like.
    var nameRule: NameRule { get }
    /// Whether an update must say which version it replaces.
    var requiresVersionOnUpdate: Bool { get }

    /// Fills in what the user left out; also runs on what admission has changed.
    func applyDefaults(_ object: inout JSON)
    /// Sets what a new object of this kind begins with.
    func prepareForCreate(_ object: inout JSON)
    /// Takes from `old` what an update does not change.
    func prepareForUpdate(_ object: inout JSON, old: JSON)
    /// Built-in admission, before the webhooks and again after them.
    func admit(_ object: inout JSON, old: JSON?, index: StoreIndex, context: RequestContext) throws
    /// - Parameter old: nil for a new object.
    func validate(_ object: JSON, old: JSON?) -> [FieldError]
    /// Sets what depends on all other objects, such as a free cluster address; runs inside the write.
    func allocate(_ object: inout JSON, old: JSON?, in transaction: Transaction) throws
    /// How long a deleted object stays; nil removes it at once.
    func gracePeriod(_ object: JSON, requested: Int64?) -> Int64?
}

extension ResourceStrategy {
    var hasGeneration: Bool { false }
    var nameRule: NameRule { .subdomain }
    var requiresVersionOnUpdate: Bool { false }
    func applyDefaults(_ object: inout JSON) {}
    func prepareForCreate(_ object: inout JSON) {}
    func prepareForUpdate(_ object: inout JSON, old: JSON) {}
    func admit(_ object: inout JSON, old: JSON?, index: StoreIndex, context: RequestContext) throws {}
    func validate(_ object: JSON, old: JSON?) -> [FieldError] { [] }
    func allocate(_ object: inout JSON, old: JSON?, in transaction: Transaction) throws {}
    func gracePeriod(_ object: JSON, requested: Int64?) -> Int64? { nil }
}

/// A kind with nothing particular to it.
struct PlainStrategy: ResourceStrategy {}

/// What the name of an object may be.
enum NameRule: Sendable {
    /// RFC 1123 subdomain: labels with dots between.
    case subdomain
    /// RFC 1123 label.
    case label
    /// RFC 1035 label, for a service's name becomes part of a domain name.
    case serviceLabel
    /// Anything that can be a segment of a URL's path, as for RBAC objects.
    case pathSegment

    /// What is wrong with `name`; nil when nothing is.
    func problem(_ name: String) -> String? {
        switch self {
        case .subdomain:
            if name.utf8.count > 253 { return "must be no more than 253 characters" }
            let labels = name.split(separator: ".", omittingEmptySubsequences: false)
            return labels.allSatisfy { isLabel($0) } ? nil : Self.subdomainRule
        case .label:
            if name.utf8.count > 63 { return "must be no more than 63 characters" }
            return isLabel(name[...]) ? nil : Self.labelRule
        case .serviceLabel:
            if name.utf8.count > 63 { return "must be no more than 63 characters" }
            return isLabel(name[...]) && !(name.first?.isNumber ?? true) ? nil : Self.serviceRule
        case .pathSegment:
            if name == "." || name == ".." { return "may not be '\(name)'" }
            if let bad = name.first(where: { $0 == "/" || $0 == "%" }) { return "may not contain '\(bad)'" }
            return nil
        }
    }

    private func isLabel(_ text: Substring) -> Bool {
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard let first = text.utf8.first, let last = text.utf8.last else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    private static let subdomainRule =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    private static let labelRule =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
    private static let serviceRule =
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
}
