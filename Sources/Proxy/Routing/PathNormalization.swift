internal import HTTP

/// Gives paths that mean the same one form before routes are compared with it (Istio's `pathNormalization` `BASE`).
///
/// Octets that need no escape are unescaped, `\` becomes `/`, and dot segments are removed (RFC 3986 §6.2.2); escaped
/// slashes and several slashes in a row stay. What goes on is what was compared, so that no server reads a path that no
/// route has seen.
enum PathNormalization {
    /// Normalizes the path of a target in origin form; its query stays as it is.
    static func apply(to head: inout HTTP1Head) {
        guard isWanted(head.target), let normalized = normalized(head.target) else { return }
        head.setTarget(normalized.span)
    }

    /// Whether something before the query may have to change; false for nearly every request.
    static func isWanted(_ target: Span<UInt8>) -> Bool {
        var previous: UInt8 = 0
        for index in target.indices {
            let byte = target[index]
            switch byte {
            case UInt8(ascii: "?"): return false
            case UInt8(ascii: "%"), UInt8(ascii: "\\"): return true
            case UInt8(ascii: ".") where previous == UInt8(ascii: "/"): return true
            default: previous = byte
            }
        }
        return false
    }

    /// Nil when the target is not in origin form.
    static func normalized(_ target: Span<UInt8>) -> [UInt8]? {
        guard !target.isEmpty, target[0] == UInt8(ascii: "/") else { return nil }
        let count = target.firstIndex(of: UInt8(ascii: "?")) ?? target.count
        var result = withoutDots(unescaped(target.extracting(0..<count)))
        result.append(target.extracting(count...))
        return result
    }

    private static func unescaped(_ path: Span<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(path.count)
        var index = 0
        while index < path.count {
            let byte = path[index]
            if byte == UInt8(ascii: "%"), index + 2 < path.count, let high = digit(path[index + 1]),
                let low = digit(path[index + 2]), isUnreserved(high << 4 | low)
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(byte == UInt8(ascii: "\\") ? UInt8(ascii: "/") : byte)
                index += 1
            }
        }
        return result
    }

    private static func withoutDots(_ path: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(path.count)
        // Each round takes a slash and the segment behind it.
        var index = 0
        while index < path.count {
            var end = index + 1
            while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
            let segment = path[index + 1..<end]
            let isLast = end == path.count
            if segment.elementsEqual([UInt8(ascii: ".")]) {
                if isLast { result.append(UInt8(ascii: "/")) }
            } else if segment.elementsEqual([UInt8(ascii: "."), UInt8(ascii: ".")]) {
                result.removeSubrange((result.lastIndex(of: UInt8(ascii: "/")) ?? 0)...)
                if isLast { result.append(UInt8(ascii: "/")) }
            } else {
                result += path[index..<end]
            }
            index = end
        }
        return result
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
