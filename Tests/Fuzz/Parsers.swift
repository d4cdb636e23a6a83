/// The entry points by name, each beside the promise that it checks.
enum Parsers {
    typealias Entry = @Sendable ([UInt8]) -> Void

    static let all: [String: Entry] = values.merging(protocols) { $1 }.merging(kubernetes) { $1 }.merging(tls) { $1 }

    /// Ends the program with the reason: the parser broke a promise.
    static func broken(_ promise: String) -> Never { fatalError(promise) }
}

/// Takes the parts that an input has to be cut into from the input itself.
struct InputReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    mutating func octet() -> UInt8 { rest.popFirst() ?? 0 }

    /// What is left.
    mutating func remainder() -> [UInt8] {
        defer { rest = [] }
        return Array(rest)
    }

    /// What is left as so many texts, which octets of 0 separate.
    mutating func texts(_ count: Int) -> [String] {
        let parts = remainder().split(separator: 0, maxSplits: count - 1, omittingEmptySubsequences: false)
        let texts = parts.map { String(decoding: $0, as: UTF8.self) }
        return texts + Array(repeating: "", count: count - texts.count)
    }
}
