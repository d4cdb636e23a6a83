/// A list of application protocols in order of preference (ALPN, RFC 7301), ready for the wire.
public struct ApplicationProtocols: Sendable, Hashable, ExpressibleByArrayLiteral {
    /// Such as `istio-http/1.1`, `istio`, `http/1.1`.
    public let names: [String]
    /// Each name after an octet with its length.
    let wire: [UInt8]

    /// - Parameter names: Each of 1 through 255 octets; others are left out.
    public init(_ names: [String]) {
        self.names = names.filter { (1...255).contains($0.utf8.count) }
        wire = self.names.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
    }

    public init(arrayLiteral elements: String...) { self.init(elements) }

    /// Where in `offered` (wire form) the first of our own protocols is that is offered at all; nil when none is.
    func choose(from offered: Span<UInt8>) -> Range<Int>? {
        var own = 0
        while own < wire.count {
            let length = Int(wire[own])
            var position = 0
            while position < offered.count {
                let (start, end) = (position + 1, position + 1 + Int(offered[position]))
                guard end <= offered.count else { return nil }
                let isSame =
                    end - start == length && (0..<length).allSatisfy { wire[own + 1 + $0] == offered[start + $0] }
                if isSame { return start..<end }
                position = end
            }
            own += 1 + length
        }
        return nil
    }
}
