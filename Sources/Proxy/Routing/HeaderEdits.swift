internal import Base
internal import Discovery
internal import HTTP

/// ``HeaderChanges`` made ready: names and values as octets that are safe to send.
///
/// Fields that say how a message is framed or a connection kept are not changed: that would let one message be taken for
/// two (RFC 9112 §11.2).
struct HeaderEdits: Hashable, Sendable {
    private struct Field: Hashable, Sendable {
        var name: [UInt8]
        /// Unless a ``template`` has commands in it.
        var value: [UInt8]
        var template: FieldTemplate?
        var isAuthority: Bool
    }

    private let removals: [[UInt8]]
    private let settings: [Field]
    private let additions: [Field]

    static let none = HeaderEdits()

    private init(_ removals: [[UInt8]] = [], _ settings: [Field] = [], _ additions: [Field] = []) {
        (self.removals, self.settings, self.additions) = (removals, settings, additions)
    }

    /// - Throws: ``MeshError`` when a name or a value cannot be sent.
    init(_ changes: HeaderChanges) throws(MeshError) {
        removals = changes.remove.filter { !Self.isReserved($0) && !Self.isAuthority($0) }.map { Array($0.utf8) }
        settings = try Self.compile(changes.set)
        additions = try Self.compile(changes.add)
    }

    var isEmpty: Bool { removals.isEmpty && settings.isEmpty && additions.isEmpty }

    private static func compile(_ fields: [HeaderChanges.Field]) throws(MeshError) -> [Field] {
        var compiled: [Field] = []
        for field in fields where !isReserved(field.name) {
            let isAuthority = isAuthority(field.name)
            var check = HTTPFields()
            check.append(isAuthority ? "host" : field.name, field.value)
            guard check.isValid else {
                throw MeshError(.invalidConfiguration, "header \(field.name) has a name or a value that cannot be sent")
            }
            let template = FieldTemplate(field.value)
            let text = template.plainText
            compiled.append(
                Field(
                    name: Array(field.name.utf8),
                    value: Array((text ?? "").utf8),
                    template: text == nil ? template : nil,
                    isAuthority: isAuthority
                )
            )
        }
        return compiled
    }

    private static func isAuthority(_ name: String) -> Bool {
        let name = name.lowercased()
        return name == "host" || name == ":authority"
    }

    private static let reserved: Set = [
        "connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
        "upgrade",
        ":method", ":path", ":scheme", ":status",
    ]

    private static func isReserved(_ name: String) -> Bool { reserved.contains(name.lowercased()) }

    /// Makes the changes: removed, set, added.
    ///
    /// A field whose commands come to nothing is not added; set, it is removed, so that nobody else's stands in its place.
    func apply(to head: inout HTTP1Head, from source: (any FieldSource)? = nil) {
        for name in removals { head.remove(name.span) }
        for field in settings {
            if !field.isAuthority { head.remove(field.name.span) }
            Self.append(field, to: &head, from: source)
        }
        for field in additions { Self.append(field, to: &head, from: source) }
    }

    private static func append(_ field: Field, to head: inout HTTP1Head, from source: (any FieldSource)?) {
        guard let template = field.template else { return append(field, field.value.span, to: &head) }
        let value = source.map { template.octets(for: head, from: $0) } ?? []
        if !value.isEmpty { append(field, value.span, to: &head) }
    }

    private static func append(_ field: Field, _ value: Span<UInt8>, to head: inout HTTP1Head) {
        guard field.isAuthority else { return head.append(field.name.span, value) }
        // What a client has a part in may be no host.
        if head.isRequest, field.template == nil || isHost(value) { head.set(.host, to: value) }
    }

    /// Whether the octets may stand in an authority (RFC 3986 §3.2, without user information).
    private static func isHost(_ value: Span<UInt8>) -> Bool {
        for index in value.indices {
            switch value[index] {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: continue
            default: if !"-._:[]".utf8.contains(value[index]) { return false }
            }
        }
        return true
    }

    /// The changes with the values that their commands come to for an answer of that status.
    func settled(for status: Int, from source: any FieldSource) -> HeaderEdits {
        guard settings.contains(where: { $0.template != nil }) || additions.contains(where: { $0.template != nil })
        else {
            return self
        }
        var head = HTTP1Head()
        head.removeAll(beginning: status, reason: "")
        func settled(_ field: Field) -> Field? {
            guard let template = field.template else { return field }
            let value = template.octets(for: head, from: source)
            return value.isEmpty ? nil : Field(name: field.name, value: value, isAuthority: field.isAuthority)
        }
        let unset = settings.filter { settled($0) == nil && !$0.isAuthority }.map(\.name)
        return HeaderEdits(removals + unset, settings.compactMap(settled), additions.compactMap(settled))
    }
}

extension HTTP1Head {
    /// Removes all fields of that name, which is compared without regard to case.
    mutating func remove(_ lowercase: Span<UInt8>) {
        var next = firstIndex(ofLowercase: lowercase)
        while let index = next {
            remove(at: index)
            next = firstIndex(ofLowercase: lowercase, from: index + 1)
        }
    }
}
