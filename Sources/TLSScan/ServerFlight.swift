internal import TLS

/// What a server answers to a hello, as far as it can be read without keys; every octet of it may be hostile.
struct ServerFlight: Sendable {
    /// How keys are exchanged before TLS 1.3.
    enum KeyExchange: Hashable, Sendable {
        case group(UInt16)
        /// Modulo a prime of so many bits.
        case prime(bits: Int)
    }

    /// Why nothing more will come.
    enum End: Hashable, Sendable {
        /// All that can be read has been read.
        case complete
        case alert(UInt8)
        /// The server closed the connection, or reset it.
        case closed
        case timedOut
        /// What came is no TLS; the words say what is wrong.
        case malformed(String)
    }

    private(set) var hello: ServerHello?
    /// The chain in DER, as sent.
    private(set) var certificates: [[UInt8]] = []
    private(set) var keyExchange: KeyExchange?
    private(set) var requestsCertificate = false
    /// An OCSP response in DER.
    private(set) var staple: [UInt8]?
    /// Whether the server speaks SSL 2.
    private(set) var isSSL2 = false
    private(set) var end: End?

    /// Nothing of use is longer: chains and staples take some kilobytes.
    static let limit = 256 << 10
    private static let chainLimit = 20

    private let stopsAtHello: Bool
    private let expectsSSL2: Bool
    private var input: [UInt8] = []
    private var messages: [UInt8] = []
    private var total = 0

    /// - Parameters:
    ///   - stopsAtHello: Whether what follows the ServerHello is of no interest.
    ///   - expectsSSL2: Whether the hello was one of SSL 2.
    init(stopsAtHello: Bool = false, expectsSSL2: Bool = false) {
        (self.stopsAtHello, self.expectsSSL2) = (stopsAtHello, expectsSSL2)
    }

    /// No more octets will come.
    mutating func ended(_ end: End) { if self.end == nil { self.end = end } }

    /// Takes the next octets; ``end`` tells when enough has come.
    mutating func received(_ octets: [UInt8]) {
        guard end == nil else { return }
        total += octets.count
        guard total <= Self.limit else { return ended(.malformed("answer of more than \(Self.limit) octets")) }
        input += octets
        if expectsSSL2, takeSSL2() { return }
        var position = 0
        while end == nil, input.count - position >= 5 {
            let length = Int(input[position + 3]) << 8 | Int(input[position + 4])
            guard input[position + 1] == 3, (20...23).contains(input[position]), length > 0, length <= 18_432 else {
                return ended(.malformed(Self.words(for: input)))
            }
            guard input.count - position >= 5 + length else { break }
            take(record: input[position], input[position + 5..<position + 5 + length])
            position += 5 + length
        }
        input.removeFirst(position)
        if end == nil, let first = input.first, !(20...23).contains(first) {
            ended(.malformed(Self.words(for: input)))
        }
    }

    /// What somebody who does not speak TLS said.
    private static func words(for octets: [UInt8]) -> String {
        let text = printable(octets.prefix(40).prefix { $0 != 13 && $0 != 10 })
        return text.hasPrefix("HTTP/") ? "server speaks plain HTTP: \(text)" : "not TLS: \(text)"
    }

    /// Reads a ServerHello of SSL 2; false when it is something else, or not there yet.
    private mutating func takeSSL2() -> Bool {
        guard input.count >= 7, input[0] & 0x80 != 0, input[2] == 4, input[5] == 0, input[6] == 2 else { return false }
        isSSL2 = true
        ended(.complete)
        return true
    }

    private mutating func take(record type: UInt8, _ content: ArraySlice<UInt8>) {
        switch type {
        case 21:
            // Warnings come before a ServerHello, too: about a server name that is not known.
            guard content.count == 2, let level = content.first, let alert = content.last else {
                return ended(.malformed("alert of \(content.count) octets"))
            }
            if level == 2 || alert == 0 { ended(.alert(alert)) }
        case 22:
            messages += content
            takeMessages()
        default: ended(hello == nil ? .malformed("encrypted data before a ServerHello") : .complete)
        }
    }

    private mutating func takeMessages() {
        var position = 0
        while end == nil, messages.count - position >= 4 {
            let head = messages[position..<position + 4]
            let length = head.dropFirst().reduce(0) { $0 << 8 | Int($1) }
            guard messages.count - position >= 4 + length else { break }
            take(message: messages[position], Array(messages[position + 4..<position + 4 + length]))
            position += 4 + length
        }
        messages.removeFirst(position)
    }

    private mutating func take(message type: UInt8, _ body: [UInt8]) {
        guard type == 2 || hello != nil else { return ended(.malformed("message \(type) before a ServerHello")) }
        switch type {
        case 2: takeHello(body)
        case 11: takeCertificates(body)
        case 12: takeKeyExchange(body)
        case 13: requestsCertificate = true
        case 14: ended(.complete)
        case 22:
            var reader = OctetReader(body)
            if reader.number(1) == 1 { staple = reader.vector(3) }
        default: break
        }
    }

    private mutating func takeHello(_ body: [UInt8]) {
        guard hello == nil, let hello = ServerHello(body) else {
            return ended(.malformed("ServerHello cannot be read"))
        }
        self.hello = hello
        if stopsAtHello || hello.version >= TLSVersion.tls13.wireNumber { ended(.complete) }
    }

    private mutating func takeCertificates(_ body: [UInt8]) {
        var reader = OctetReader(body)
        guard certificates.isEmpty, let list = reader.vector(3), reader.isEmpty else {
            return ended(.malformed("Certificate cannot be read"))
        }
        var entries = OctetReader(list)
        while !entries.isEmpty {
            guard let certificate = entries.vector(3), certificates.count < Self.chainLimit else {
                return ended(.malformed("Certificate cannot be read, or has over \(Self.chainLimit) entries"))
            }
            certificates.append(certificate)
        }
    }

    private mutating func takeKeyExchange(_ body: [UInt8]) {
        guard let hello else { return }
        var reader = OctetReader(body)
        let suite = CipherSuite(number: hello.suite)
        if suite.usesGroups, reader.number(1) == 3, let group = reader.number(2) {
            keyExchange = .group(UInt16(group))
        } else if suite.usesPrime, let prime = reader.vector(2) {
            let significant = prime.drop { $0 == 0 }
            let bits = significant.count * 8 - (significant.first?.leadingZeroBitCount ?? 0)
            keyExchange = .prime(bits: bits)
        }
    }
}
