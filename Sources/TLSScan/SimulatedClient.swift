internal import TLS

/// A browser or library whose hello is known, to find out what it would get.
public struct SimulatedClient: Sendable {
    /// Such as `Android 6.0`.
    public let name: String
    /// The versions that it goes on with when the server chooses them.
    var versions: ClosedRange<UInt16> = 0...0xFFFF
    var hello = ScanHello(version: 0, suites: [])
    /// Whether it asks for a server by name.
    var sendsServerName = true
    /// The shortest prime that it takes, in bits.
    var shortestPrime = 0
    /// Whether it takes certificates signed with SHA-2 only.
    var wantsSHA2 = false

    /// The 35 clients, in the order in which they are shown.
    public static let all: [SimulatedClient] = parse(table)

    /// What the client sends to a server.
    func hello(serverName: String?) -> ScanHello {
        var hello = hello
        hello.serverName = sendsServerName ? serverName : nil
        return hello
    }

    /// What comes of the server's answer: nil when the client does not go on with it.
    ///
    /// - Parameter isSHA2: Whether the certificate is signed with SHA-2.
    func connection(_ flight: ServerFlight, isSHA2: Bool) -> SimulatedConnection? {
        guard let hello = flight.hello, versions.contains(hello.version),
            let version = ScanVersion(wireNumber: hello.version), self.hello.suites.contains(hello.suite)
        else { return nil }
        if wantsSHA2, !isSHA2 { return nil }
        let suite = CipherSuite(number: hello.suite)
        var secrecy: String?
        if let group = hello.group { secrecy = NamedGroup(number: group).forwardSecrecy }
        switch flight.keyExchange {
        case .group(let group): secrecy = NamedGroup(number: group).forwardSecrecy
        case .prime(let bits):
            guard bits >= shortestPrime else { return nil }
            secrecy = "\(bits) bit DH"
        case nil: break
        }
        return SimulatedConnection(version: version, suite: suite, forwardSecrecy: secrecy)
    }

    // The table

    private static func parse(_ text: String) -> [SimulatedClient] {
        var clients: [SimulatedClient] = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard let key = words.first else { continue }
            let values = Array(words.dropFirst())
            if key == "client" {
                clients.append(SimulatedClient(name: values.joined(separator: " ")))
            } else if !clients.isEmpty {
                clients[clients.count - 1].read(key, values)
            }
        }
        return clients
    }

    private init(name: String) {
        self.name = name
        hello.signatures = []
    }

    private mutating func read(_ key: String, _ values: [String]) {
        let numbers = values.compactMap { UInt16($0, radix: 16) }
        switch key {
        case "versions": versions = numbers[0]...numbers[1]
        case "hello": hello.version = numbers[0]
        case "suites": hello.suites += numbers
        case "specs":
            hello.isInSSL2Format = true
            // Those of SSL 2 itself begin with something else than zero.
            hello.suites += values.filter { $0.hasPrefix("00") }.compactMap { UInt16($0.dropFirst(2), radix: 16) }
        case "groups": hello.groups += numbers
        case "signatures": hello.signatures += numbers
        case "offers": hello.versions += numbers
        case "shares": hello.shares = (hello.shares ?? []) + numbers
        case "protocols": hello.protocols += values
        case "dh": shortestPrime = Int(values[0]) ?? 0
        case "sha2": wantsSHA2 = true
        case "name": sendsServerName = false
        default: break
        }
    }
}

/// What a client and a server would agree on.
public struct SimulatedConnection: Hashable, Sendable {
    public let version: ScanVersion
    public let suite: CipherSuite
    /// Such as `253 bit ECDH (X25519)`; nil where keys are not forward secret.
    public let forwardSecrecy: String?
}
