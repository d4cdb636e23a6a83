import Base
import Discovery
import TLS
import TestTLS
import Testing

@testable import Proxy

/// What a gateway keeps and what it makes anew when its configuration changes.
@Suite struct GatewayTablesTests {
    static let place = GatewayTables.Place(address: "0.0.0.0", port: 443)

    static func credential(_ authority: TestAuthority, _ name: String) throws -> Credential {
        let key = try PrivateKey(generating: .p256)
        let leaf = try authority.authority.sign(
            key.publicKey,
            names: AlternativeNames(uris: [], dnsNames: [name], addresses: []),
            lifetime: .seconds(3600)
        )
        var credential = Credential()
        (credential.certificatesPEM, credential.keyPEM) = (leaf.pem, key.pem())
        return credential
    }

    /// One server for each name, each with the credential of its name.
    static func configuration(_ names: [String]) -> GatewayConfiguration {
        var configuration = GatewayConfiguration()
        let chains = names.map { name in
            var chain = GatewayListener.Chain(
                .terminate(ServerTLS(.credentials(["kubernetes://\(name)"]))),
                .http(routes: name)
            )
            (chain.serverNames, chain.origin) = ([name], "Gateway foo/\(name)")
            return chain
        }
        configuration.listeners = [GatewayListener(port: 443, chains: chains)]
        return configuration
    }

    static func tables(
        _ names: [String],
        _ secrets: [String: Credential],
        after predecessor: GatewayTables? = nil
    ) -> GatewayTables {
        GatewayTables(
            configuration(names),
            secrets: Dictionary(uniqueKeysWithValues: secrets.map { ("kubernetes://\($0.key)", $0.value) }),
            workload: nil,
            predecessor: predecessor
        )
    }

    static func context(_ tables: GatewayTables, _ name: String) -> TLSServerContext? {
        let tls = ServerTLS(.credentials(["kubernetes://\(name)"]))
        guard case .ready(let context) = tables.credentials.server(for: tls) else { return nil }
        return context
    }

    @Test func `a context lives until its own secret changes`() throws {
        let authority = try TestAuthority()
        var secrets = ["a": try Self.credential(authority, "a"), "b": try Self.credential(authority, "b")]
        let first = Self.tables(["a", "b"], secrets)
        let one = try #require(Self.context(first, "a"))
        let other = try #require(Self.context(first, "b"))
        secrets["b"] = try Self.credential(authority, "b")
        let second = Self.tables(["a", "b"], secrets, after: first)
        #expect(Self.context(second, "a") === one)
        #expect(Self.context(second, "b") !== other)
        #expect(second.problems.isEmpty)
    }

    @Test func `a chain stays the same while its configuration does, whatever its secret`() throws {
        let authority = try TestAuthority()
        let first = Self.tables(["a", "b"], ["a": try Self.credential(authority, "a")])
        let chains = try #require(first.listeners[Self.place]?.chains)
        let second = Self.tables(["c", "b"], ["b": try Self.credential(authority, "b")], after: first)
        #expect(second.listeners[Self.place]?.chains.last === chains[1])
        #expect(!second.contains(chains[0]), "connections of a server that is gone must end")
        #expect(second.contains(chains[1]))
    }

    @Test func `what is wrong with a credential is told and takes down its chain only`() throws {
        let authority = try TestAuthority()
        let (good, other) = (try Self.credential(authority, "good"), try Self.credential(authority, "other"))
        var (mismatched, malformed, absent, empty) = (good, good, Credential(), Credential())
        mismatched.keyPEM = other.keyPEM
        malformed.certificatesPEM = "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"
        absent.problem = "secret foo/absent not found"
        empty.certificatesPEM = good.certificatesPEM
        let tables = Self.tables(
            ["good", "mismatched", "malformed", "absent", "empty", "unsent"],
            ["good": good, "mismatched": mismatched, "malformed": malformed, "absent": absent, "empty": empty]
        )
        #expect(Self.context(tables, "good") != nil)
        #expect(
            Set(tables.problems.keys.map { $0.dropFirst(12) }) == [
                "mismatched", "malformed", "absent", "empty", "unsent",
            ]
        )
        #expect(tables.problems["Gateway foo/mismatched"]?.contains("credential kubernetes://mismatched") == true)
        #expect(tables.problems["Gateway foo/absent"]?.hasSuffix("secret foo/absent not found") == true)
        let mended = Self.tables(["absent"], ["absent": good], after: tables)
        #expect(mended.problems.isEmpty)
    }

    @Test func `the control plane is told what it does not know`() throws {
        let authority = try TestAuthority()
        let good = try Self.credential(authority, "good")
        var (mismatched, absent) = (good, Credential())
        mismatched.keyPEM = try Self.credential(authority, "other").keyPEM
        absent.problem = "secret foo/absent not found"
        let tables = Self.tables(
            ["good", "mismatched", "absent", "unsent"],
            ["good": good, "mismatched": mismatched, "absent": absent]
        )
        #expect(tables.failures(unopened: [:]).keys.sorted() == ["Gateway foo/mismatched"])
        let unopened = tables.failures(unopened: [Self.place: "in use"])
        #expect(unopened.count == 4)
        #expect(
            unopened["Gateway foo/good"]
                == "0.0.0.0:443 cannot be listened on (in use); give it another port or bind"
        )
    }

    @Test func `what only the proxy's TLS lacks is told with what would help`() throws {
        let authority = try TestAuthority()
        let credentials = ["kubernetes://a": try Self.credential(authority, "a")]
        func failure(_ change: (inout ServerTLS) -> Void) -> String? {
            var configuration = Self.configuration(["a"])
            var tls = ServerTLS(.credentials(["kubernetes://a"]))
            change(&tls)
            configuration.listeners[0].chains[0].transport = .terminate(tls)
            let tables = GatewayTables(configuration, secrets: credentials, workload: nil, predecessor: nil)
            return tables.failures(unopened: [:])["Gateway foo/a"]
        }
        #expect(failure { _ in } == nil)
        #expect(failure { $0.curves = ["X25519MLKEM768"] }?.contains("ecdhCurves") == true)
        #expect(failure { $0.cipherSuites = ["DES-CBC3-SHA"] }?.contains("DES-CBC3-SHA") == true)
        #expect(failure { $0.certificates = .credentials(["kubernetes://a", "kubernetes://a"]) } != nil)
        let absent = failure { $0.certificates = .files([.init(certificate: "/nowhere", key: "/x")]) }
        #expect(absent?.contains("/nowhere cannot be read") == true)
        let pinned = failure {
            ($0.clientCertificate, $0.skipsVerification, $0.publicKeyHashes) = (.required, true, ["!!!"])
        }
        #expect(pinned?.contains("!!!") == true)
    }

    @Test func `client certificates cannot be asked for without roots`() throws {
        let credential = try Self.credential(try TestAuthority(), "a")
        var configuration = Self.configuration(["a"])
        var tls = ServerTLS(.credentials(["kubernetes://a"]))
        tls.clientCertificate = .required
        for roots in [nil, ServerTLS.Roots.credential("kubernetes://a"), .credential("kubernetes://absent"), .workload]
        {
            tls.roots = roots
            configuration.listeners[0].chains[0].transport = .terminate(tls)
            let tables = GatewayTables(
                configuration,
                secrets: ["kubernetes://a": credential],
                workload: nil,
                predecessor: nil
            )
            #expect(tables.problems.count == 1, "\(String(describing: roots))")
        }
        tls.roots = nil
        tls.skipsVerification = true
        configuration.listeners[0].chains[0].transport = .terminate(tls)
        let tables = GatewayTables(
            configuration,
            secrets: ["kubernetes://a": credential],
            workload: nil,
            predecessor: nil
        )
        #expect(tables.problems.isEmpty)
    }

    @Test func `files are read again when they change`() throws {
        let authority = try TestAuthority()
        let directory = "/tmp/apus-test-\(UInt64.random(in: 0 ... .max))"
        try Files.makeDirectory(directory)
        let pair = ServerTLS.FilePair(certificate: "\(directory)/cert.pem", key: "\(directory)/key.pem")
        var configuration = Self.configuration(["a"])
        configuration.listeners[0].chains[0].transport = .terminate(ServerTLS(.files([pair])))
        let missing = GatewayTables(configuration, secrets: [:], workload: nil, predecessor: nil)
        #expect(missing.problems["Gateway foo/a"]?.contains("\(directory)/cert.pem") == true)
        #expect(!missing.isStale)
        let credential = try Self.credential(authority, "a")
        try Files.replace(pair.certificate, with: Array(credential.certificatesPEM.utf8))
        try Files.replace(pair.key, with: Array(credential.keyPEM.utf8))
        #expect(missing.isStale)
        let there = GatewayTables(configuration, secrets: [:], workload: nil, predecessor: missing)
        #expect(there.problems.isEmpty && !there.isStale)
        try Files.replace(pair.certificate, with: Array(credential.certificatesPEM.utf8))
        #expect(there.isStale)
    }
}

@Suite struct PendingConnectionsTests {
    @Test func `the oldest goes when there are too many`() {
        var pending = PendingConnections<String>(limit: 2)
        #expect(pending.add("a").surplus == nil)
        let (second, _) = pending.add("b")
        #expect(pending.add("c").surplus == "a")
        pending.remove(second)
        #expect(pending.add("d").surplus == nil)
        #expect(pending.add("e").surplus == "c")
        #expect(pending.add("f").surplus == "d")
    }
}
