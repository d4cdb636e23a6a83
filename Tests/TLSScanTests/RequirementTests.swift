import Base
import JSON
import Network
import TLS
import TestTLS
import Testing

@testable import TLSScan

/// Rules for pipelines, each fulfilled and not, judged on a server of our own.
@Suite struct RequirementTests {
    /// Serves TLS to scans until the closure ends.
    private static func scan(
        _ configuration: TLSServerConfiguration,
        clients: Bool = false
    ) async throws -> ScanReport {
        let listener = try AsyncListener(
            binding: SocketAddress(.loopback, port: 0),
            tls: TLSServerContext(configuration)
        )
        return try await withThrowingTaskGroup(of: ScanReport?.self) { group in
            group.addTask {
                await withDiscardingTaskGroup { connections in
                    while let connection = try? await listener.accept() {
                        connections.addTask {
                            while let bytes = try? await connection.read(), !bytes.isEmpty {}
                            connection.close()
                        }
                    }
                }
                return nil
            }
            group.addTask {
                let target = ScanTarget(address: listener.address, host: "a.example", serverName: "a.example")
                return try await Scanner(target, simulatesClients: clients).scan()
            }
            defer { listener.close() }
            while let found = try await group.next() {
                if let found { return found }
            }
            throw MeshError(.unavailable, "no report")
        }
    }

    private static func check(_ report: ScanReport, fulfilled: [String], broken: [String]) throws {
        for text in fulfilled { #expect(try Requirement(text).objection(to: report) == nil, "\(text)") }
        for text in broken { #expect(try Requirement(text).objection(to: report) != nil, "\(text)") }
    }

    @Test func `a gateway's defaults fulfil what they should`() async throws {
        let identity = try TestAuthority().identity(dnsNames: ["a.example"], algorithm: .rsa(bits: 2048))
        var configuration = TLSServerConfiguration(identity: identity)
        configuration.parameters.applicationProtocols = ["h2", "http/1.1"]
        let report = try await Self.scan(configuration, clients: true)
        try Self.check(
            report,
            fulfilled: [
                "min=TLSV1_2", "min=SSLv3", "max=TLSv1.3", "offers=TLSV1_3", "pfs", "aead", "group=x25519",
                "suite=ECDHE-RSA-AES128-GCM-SHA256", "noSuite=AES128-SHA", "alpn=h2", "cert-days=0", "cert-host",
                "cert-chain", "resumption", "clientcert=none", "fallback", "client=Java 8u161",
            ],
            broken: [
                "min=TLSV1_3", "max=TLSV1_2", "offers=TLSV1_1", "group=P-521", "suite=AES128-SHA",
                "noSuite=TLS_AES_128_GCM_SHA256", "alpn=h3", "cert-days=2", "cert-trusted", "stapling",
                "clientcert=required", "clientcert=optional", "client=IE 8 XP",
            ]
        )
        let json = report.json()
        #expect(json["clients"]?.array?.count == 35)
        #expect(json["cipherSuites"]?.array?.first?["suites"]?.array?.first?.array?.count == 2)
        #expect(json["certificates"]?.array?.first?["matchesHost"] == true)
        #expect(report.text().contains("ECDHE-RSA-AES128-GCM-SHA256 = ECDHE-RSA-CHACHA20-POLY1305"))
    }

    @Test func `a certificate that has expired keeps no session from being resumed`() async throws {
        let identity = try TestAuthority().identity(dnsNames: ["a.example"], lifetime: .seconds(-10))
        let report = try await Self.scan(TLSServerConfiguration(identity: identity))
        try Self.check(report, fulfilled: ["resumption"], broken: ["cert-days=0"])
    }

    @Test func `what has not been seen fulfils nothing`() async throws {
        let identity = try TestAuthority().identity(dnsNames: ["a.example"], algorithm: .rsa(bits: 2048))
        let whole = try await Self.scan(TLSServerConfiguration(identity: identity))
        let rules = ["pfs", "aead", "noSuite=AES128-SHA"]
        try Self.check(whole, fulfilled: rules + ["clientcert=none", "resumption", "fallback"], broken: [])
        var report = whole
        report.suites.removeAll { $0.version == .tls12 }
        try Self.check(report, fulfilled: ["suite=TLS_AES_128_GCM_SHA256"], broken: rules)
        report = whole
        report.suites[0].isComplete = false
        try Self.check(report, fulfilled: ["suite=TLS_AES_128_GCM_SHA256"], broken: rules)
        #expect(report.text().contains("incomplete: the server no longer answered"))
        #expect(report.json()["cipherSuites"]?.array?.first?["complete"] == false)
        (report.clientCertificate, report.fallback, report.resumption) = (nil, nil, [:])
        try Self.check(report, fulfilled: [], broken: ["clientcert=none", "fallback", "resumption"])
    }

    @Test(arguments: [TLSVersion.tls12, .tls13]) func `a demand for certificates is seen for what it is`(
        version: TLSVersion
    ) async throws {
        let authority = try TestAuthority()
        var configuration = TLSServerConfiguration(identity: try authority.identity(dnsNames: ["b.example"]))
        configuration.parameters.versions = version...version
        let verification = PeerVerification(trust: authority.trust, names: .any)
        configuration.clientCertificate = .required(verification)
        let strict = try await Self.scan(configuration)
        try Self.check(strict, fulfilled: ["clientcert=required"], broken: ["clientcert=none", "cert-host"])
        configuration.clientCertificate = .optional(verification)
        let lenient = try await Self.scan(configuration)
        try Self.check(lenient, fulfilled: ["clientcert=optional"], broken: ["clientcert=required"])
    }

    @Test func `TLS 1.3 alone, with both kinds of certificates`() async throws {
        let authority = try TestAuthority()
        var configuration = TLSServerConfiguration(identity: try authority.identity(dnsNames: ["a.example"]))
        let rsa = try authority.identity(dnsNames: ["a.example"], algorithm: .rsa(bits: 2048))
        configuration.identities.append(rsa)
        configuration.parameters.versions = .tls13 ... .tls13
        configuration.parameters.applicationProtocols = ["http/1.1"]
        let report = try await Self.scan(configuration)
        #expect(Set(report.certificates.map(\.leaf.keyDescription)) == ["ECDSA P-256", "RSA 2048 bits"])
        try Self.check(report, fulfilled: ["min=TLSV1_3", "alpn=http/1.1", "resumption"], broken: ["alpn=h2"])
    }

    @Test func `TLS 1.0 and weak suites are found`() async throws {
        let identity = try TestAuthority().identity(dnsNames: ["a.example"], algorithm: .rsa(bits: 2048))
        var configuration = TLSServerConfiguration(identity: identity)
        configuration.parameters.versions = .tls10 ... .tls11
        configuration.parameters.cipherSuites = ["AES128-SHA", "ECDHE-RSA-AES128-SHA"]
        let report = try await Self.scan(configuration)
        #expect(report.offered == [.tls10, .tls11])
        #expect(
            report.suites.map { $0.all.map(\.name) }
                == Array(repeating: ["AES128-SHA", "ECDHE-RSA-AES128-SHA"], count: 2)
        )
        #expect(report.protocols[.tls12] == .downgraded(to: .tls11))
        try Self.check(report, fulfilled: ["max=TLSV1_1"], broken: ["min=TLSV1_2", "pfs", "aead"])
    }

    @Test(arguments: ["", "min", "min=", "min=TLSV2", "pfs=1", "nonsense", "suite=NOPE", "cert-days=x", "client=NOPE"])
    func `what is no requirement is refused`(text: String) {
        #expect(throws: MeshError(.invalidConfiguration, "")) { try Requirement(text) }
    }

    // Hostile servers

    @Test func `a server that speaks something else is told apart`() async throws {
        for answer in ["HTTP/1.1 400 Bad Request\r\n\r\n", "220 ready\r\n"] {
            let error = await #expect(throws: MeshError.self) { try await Self.scanPlain(Array(answer.utf8)) }
            #expect(error?.description.contains("offers no version of SSL or TLS") == true)
            #expect(error?.description.contains(answer.prefix(8)) == true)
        }
    }

    @Test func `a server that is reached through somebody else goes by its own name`() async throws {
        let error = await #expect(throws: MeshError.self) {
            try await Self.scanPlain(Array("220 ready\r\n".utf8), place: "mail.foo:25")
        }
        #expect(error?.description.contains("mail.foo:25 offers no version") == true)
        var report = ScanReport()
        (report.target, report.address) = ("mail.foo:25", "mail.foo:25")
        #expect(report.text().hasPrefix("mail.foo:25, asked for no name\n"))
        report.address = "192.0.2.1:25"
        #expect(report.text().hasPrefix("mail.foo:25 at 192.0.2.1:25, asked for no name\n"))
    }

    @Test(.timeLimit(.minutes(1))) func `a silent server takes no longer than it is given`() async throws {
        let start = ContinuousClock.now
        await #expect(throws: MeshError.self) { try await Self.scanPlain([]) }
        #expect(ContinuousClock.now - start < .seconds(30))
    }

    /// Scans a server that answers everything with the same octets; none means that it keeps silent.
    private static func scanPlain(_ answer: [UInt8], place: String? = nil) async throws -> ScanReport {
        let listener = try AsyncListener(binding: SocketAddress(.loopback, port: 0))
        return try await withThrowingTaskGroup(of: ScanReport?.self) { group in
            group.addTask {
                await withDiscardingTaskGroup { connections in
                    while let connection = try? await listener.accept() {
                        connections.addTask {
                            _ = try? await connection.read()
                            try? await connection.write(answer)
                            if !answer.isEmpty { connection.close() }
                            while let bytes = try? await connection.read(), !bytes.isEmpty {}
                        }
                    }
                }
                return nil
            }
            group.addTask {
                var target = ScanTarget(
                    address: listener.address,
                    host: "a.example",
                    serverName: "a.example",
                    patience: answer.isEmpty ? .milliseconds(500) : .seconds(5)
                )
                if let place { target.place = place }
                return try await Scanner(target).scan()
            }
            defer { listener.close() }
            while let found = try await group.next() {
                if let found { return found }
            }
            throw MeshError(.unavailable, "no report")
        }
    }
}
