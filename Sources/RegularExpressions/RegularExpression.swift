internal import CRE2
internal import Glibc

/// A regular expression of RE2's syntax, as Istio and Envoy have it: matching takes time in proportion to the text.
///
/// Compiled once, used by any number of threads.
@safe public final class RegularExpression: Sendable {
    /// Octets that one expression's program and its caches may take.
    ///
    /// RE2 keeps the program within a quarter of two thirds of it, which is about 10,000 instructions.
    public static let mostMemory: Int64 = 1 << 20
    /// Octets of text that an expression may be written in.
    public static let longestPattern = 16 * 1024

    public let pattern: String
    // Safe: made once, never changed, and RE2 locks what it caches.
    private nonisolated(unsafe) let expression: OpaquePointer

    /// - Throws: ``RegularExpressionError`` when this is no expression, or too large a one.
    public init(_ pattern: String) throws(RegularExpressionError) {
        self.pattern = pattern
        guard pattern.utf8.count <= Self.longestPattern else {
            throw RegularExpressionError(reason: "it is longer than \(Self.longestPattern) octets")
        }
        var reason = [CChar](repeating: 0, count: 256)
        // Safe: RE2 copies the pattern, and writes at most the given count with the NUL at its end.
        let made = unsafe pattern.utf8CString.withUnsafeBufferPointer { text in
            unsafe reason.withUnsafeMutableBufferPointer { reason in
                unsafe CRE2_compile(text.baseAddress, text.count - 1, Self.mostMemory, reason.baseAddress, reason.count)
            }
        }
        guard let made = unsafe made else { throw RegularExpressionError(reason: Self.text(reason)) }
        unsafe expression = made
    }

    deinit { unsafe CRE2_free(expression) }

    /// Whether the whole of `text` matches.
    public func matches(_ text: Span<UInt8>) -> Bool {
        // Safe: RE2 reads the text during the call only.
        unsafe text.withUnsafeBufferPointer { unsafe CRE2_matchesWhole(expression, $0.baseAddress, $0.count) }
    }

    /// Whether some part of `text` matches.
    public func matches(somewhereIn text: Span<UInt8>) -> Bool {
        // Safe: RE2 reads the text during the call only.
        unsafe text.withUnsafeBufferPointer { unsafe CRE2_matchesPart(expression, $0.baseAddress, $0.count) }
    }

    /// Refuses a substitution that names a group which the expression does not have, or is malformed.
    public func check(substitution: String) throws(RegularExpressionError) {
        var reason = [CChar](repeating: 0, count: 256)
        // Safe: the texts are read during the call only, and the reason ends in NUL.
        let isRight = unsafe substitution.utf8CString.withUnsafeBufferPointer { text in
            unsafe reason.withUnsafeMutableBufferPointer { reason in
                unsafe CRE2_checkSubstitution(
                    expression,
                    text.baseAddress,
                    text.count - 1,
                    reason.baseAddress,
                    reason.count
                )
            }
        }
        if !isRight { throw RegularExpressionError(reason: Self.text(reason)) }
    }

    /// The text with each match replaced; nil when there is none.
    ///
    /// - Parameter substitution: In which `\1` is the first group and `\\` a backslash.
    public func replacingAll(in text: Span<UInt8>, with substitution: String) -> [UInt8]? {
        var count = 0
        // Safe: the texts are read during the call only; the block is ours and freed after it was copied.
        return unsafe text.withUnsafeBufferPointer { text in
            unsafe substitution.utf8CString.withUnsafeBufferPointer { substitution in
                let made = unsafe CRE2_replaceAll(
                    expression,
                    text.baseAddress,
                    text.count,
                    substitution.baseAddress,
                    substitution.count - 1,
                    &count
                )
                guard let made = unsafe made else { return nil }
                defer { unsafe free(made) }
                return unsafe [UInt8](UnsafeBufferPointer(start: made, count: count))
            }
        }
    }

    private static func text(_ reason: [CChar]) -> String {
        String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Why a text is no usable regular expression.
public struct RegularExpressionError: Error, Hashable, Sendable {
    /// RE2's words, such as `missing ): (a`.
    public let reason: String
}
