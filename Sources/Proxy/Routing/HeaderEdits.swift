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
        var value: [UInt8]
        var isAuthority: Bool
    }

    private let removals: [[UInt8]]
    private let settings: [Field]
    private let additions: [Field]

    static let none = HeaderEdits()

    private init() { (removals, settings, additions) = ([], [], []) }

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
            let value = Array(unescaped(field.value).utf8)
            compiled.append(Field(name: Array(field.name.utf8), value: value, isAuthority: isAuthority))
        }
        return compiled
    }

    /// Envoy writes a per cent sign as two, because one begins a command.
    private static func unescaped(_ value: String) -> String {
        var result = ""
        var wasPercent = false
        for character in value {
            if character == "%", wasPercent {
                wasPercent = false
                continue
            }
            wasPercent = character == "%"
            result.append(character)
        }
        return result
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
    func apply(to head: inout HTTP1Head) {
        for name in removals { head.remove(name.span) }
        for field in settings {
            if field.isAuthority {
                if head.isRequest { head.set(.host, to: field.value.span) }
            } else {
                head.remove(field.name.span)
                head.append(field.name.span, field.value.span)
            }
        }
        for field in additions {
            if field.isAuthority {
                if head.isRequest { head.set(.host, to: field.value.span) }
            } else {
                head.append(field.name.span, field.value.span)
            }
        }
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
