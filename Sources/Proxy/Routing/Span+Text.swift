/// Comparisons of octets, without heap.
extension Span<UInt8> {
    func equals(_ other: Span<UInt8>) -> Bool { count == other.count && starts(with: other) }

    func starts(with prefix: Span<UInt8>) -> Bool {
        if count < prefix.count { return false }
        for index in prefix.indices where self[index] != prefix[index] { return false }
        return true
    }

    func ends(with suffix: Span<UInt8>) -> Bool {
        count >= suffix.count && extracting((count - suffix.count)...).starts(with: suffix)
    }

    /// - Parameter lowercase: Without ASCII letters in upper case.
    func startsIgnoringCase(with lowercase: Span<UInt8>) -> Bool {
        if count < lowercase.count { return false }
        for index in lowercase.indices where self[index].lowercased != lowercase[index] { return false }
        return true
    }

    func equalsIgnoringCase(_ lowercase: Span<UInt8>) -> Bool {
        count == lowercase.count && startsIgnoringCase(with: lowercase)
    }

    func firstIndex(of byte: UInt8) -> Int? {
        for index in indices where self[index] == byte { return index }
        return nil
    }
}

extension UInt8 {
    /// An ASCII letter in lower case; any other octet as it is.
    var lowercased: UInt8 { self &- UInt8(ascii: "A") < 26 ? self | 0x20 : self }
}

extension [UInt8] {
    init(copying span: Span<UInt8>) {
        self = []
        // Safe: the pointer is used within the closure only.
        unsafe span.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
