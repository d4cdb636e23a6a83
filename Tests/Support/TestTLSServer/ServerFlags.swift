import Base
import TLS

/// The flags of the test server, which are called as the fields of a Gateway's `tls`.
struct ServerFlags {
    private var values: [String: [String]] = [:]

    /// - Parameter arguments: `--name value` pairs; a name may come again.
    init(_ arguments: [String]) throws(MeshError) {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard name.hasPrefix("--"), let value = rest.popFirst() else {
                throw MeshError(.invalidConfiguration, "flag \(name) needs a value")
            }
            values[String(name.dropFirst(2)), default: []].append(value)
        }
    }

    private func list(_ name: String) -> [String] {
        (values[name] ?? []).flatMap { $0.split(separator: ",").map(String.init) }
    }

    func configuration() throws -> TLSServerConfiguration {
        let (certificates, keys) = (values["serverCertificate"] ?? [], values["privateKey"] ?? [])
        let staple = try values["staple"]?.first.map { try Files.read($0) }
        var identities: [TLSIdentity] = []
        for (certificate, key) in zip(certificates, keys) {
            let (chainPEM, keyPEM) = (try Files.readText(certificate), try Files.readText(key))
            let served = try TLSIdentity.serving(certificatePEM: chainPEM, keyPEM: keyPEM, staple: staple)
            for remark in served.remarks { print("remark: \(remark)") }
            identities.append(served.identity)
        }
        guard let first = identities.first else {
            throw MeshError(.invalidConfiguration, "--serverCertificate and --privateKey are missing")
        }
        var configuration = TLSServerConfiguration(identity: first)
        configuration.identities = identities
        let versions: [String: TLSVersion] = [
            "TLSV1_0": .tls10, "TLSV1_1": .tls11, "TLSV1_2": .tls12, "TLSV1_3": .tls13,
        ]
        let lowest = list("minProtocolVersion").first.flatMap { versions[$0] } ?? .tls12
        let highest = list("maxProtocolVersion").first.flatMap { versions[$0] } ?? .tls13
        configuration.parameters.versions = lowest...highest
        configuration.parameters.cipherSuites = list("cipherSuites")
        if values["ecdhCurves"] != nil { configuration.parameters.groups = list("ecdhCurves") }
        configuration.parameters.applicationProtocols = list("alpn")
        configuration.clientCertificate = try clientCertificate()
        return configuration
    }

    private func clientCertificate() throws -> TLSServerConfiguration.ClientCertificate {
        guard let file = values["caCertificates"]?.first else { return .none }
        let lists = try (values["caCrl"] ?? []).flatMap { try RevocationList.lists(pem: Files.readText($0)) }
        let roots = try Certificate.chain(pem: Files.readText(file))
        let names = Set(list("subjectAltNames"))
        var verification = PeerVerification(
            trust: try TrustStore(roots: roots, revocationLists: lists),
            names: names.isEmpty ? .any : .exactly(names)
        )
        verification.pins = try CertificatePins(
            keys: list("verifyCertificateSpki"),
            certificates: list("verifyCertificateHash")
        )
        return list("mode").first == "OPTIONAL_MUTUAL" ? .optional(verification) : .required(verification)
    }
}
