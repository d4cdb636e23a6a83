internal import Base
internal import Discovery
internal import TLS

/// Makes the context for one way of ending TLS.
struct ServerContextBuilder {
    let tls: ServerTLS
    let material: GatewayMaterial
    let workload: Credentials?

    /// What sessions are sealed with; outlives the context, so that sessions outlive a renewed certificate.
    let tickets: TicketKeys

    /// The certificates to show; what their owner should know of them is logged.
    ///
    /// - Throws: ``MeshError`` that names the credential and what is wrong with it.
    func identities() throws(MeshError) -> [TLSIdentity] {
        if case .workload = tls.certificates { return workload.map { [$0.identity] } ?? [] }
        var identities: [TLSIdentity] = []
        for pair in material.pairs {
            do {
                let served = try TLSIdentity.serving(
                    certificatePEM: pair.certificatesPEM,
                    keyPEM: pair.keyPEM,
                    staple: pair.staple
                )
                for remark in served.remarks { Log("gateway").warn("\(pair.source): \(remark)") }
                identities.append(served.identity)
            } catch {
                throw MeshError(.invalidConfiguration, "\(pair.source) cannot be used", cause: error)
            }
        }
        return identities
    }

    func context(_ identities: [TLSIdentity]) throws(MeshError) -> TLSServerContext {
        guard let first = identities.first else {
            throw MeshError(.invalidConfiguration, "there is no certificate to show")
        }
        if let expired = identities.first(where: { $0.leaf.notAfter <= .now }) {
            throw MeshError(
                .invalidConfiguration,
                "\(expired.leaf) has expired at \(expired.leaf.notAfter); renew it"
            )
        }
        guard tls.minimumVersion <= tls.maximumVersion else {
            throw MeshError(
                .invalidConfiguration,
                "minProtocolVersion \(tls.minimumVersion) is above maxProtocolVersion \(tls.maximumVersion)"
            )
        }
        var configuration = TLSServerConfiguration(identity: first)
        configuration.identities = identities
        configuration.parameters.versions = tls.minimumVersion...tls.maximumVersion
        configuration.parameters.cipherSuites = tls.cipherSuites
        configuration.parameters.applicationProtocols = tls.applicationProtocols
        if !tls.curves.isEmpty { configuration.parameters.groups = try groups() }
        configuration.ticketKeys = tickets
        configuration.clientCertificate = try clientCertificate()
        return try TLSServerContext(configuration)
    }

    private func groups() throws(MeshError) -> [String] {
        let available = TLSParameters.availableGroups(among: tls.curves)
        guard available.isEmpty else { return available }
        throw MeshError(
            .invalidConfiguration,
            "none of ecdhCurves \(tls.curves.joined(separator: ", ")) can be used here; add X25519 or P-256"
        )
    }

    private func clientCertificate() throws(MeshError) -> TLSServerConfiguration.ClientCertificate {
        switch tls.clientCertificate {
        case .none: .none
        case .optional: .optional(try verification())
        case .required: .required(try verification())
        }
    }

    private func verification() throws(MeshError) -> PeerVerification {
        let names: PeerVerification.Names =
            tls.subjectAlternativeNames.isEmpty ? .any : .exactly(Set(tls.subjectAlternativeNames))
        var verification = PeerVerification(trust: try trust(), names: names)
        verification.acceptsAnyChain = tls.skipsVerification
        verification.pins = try CertificatePins(keys: tls.publicKeyHashes, certificates: tls.certificateHashes)
        return verification
    }

    private func trust() throws(MeshError) -> TrustStore {
        if tls.roots == .workload, let workload { return workload.trust }
        if tls.skipsVerification, material.rootsPEM.isEmpty { return .none }
        let lists = try revocationLists()
        do {
            let roots = try Certificate.chain(pem: material.rootsPEM)
            for refusal in RevocationList.coverage(of: roots, by: lists, now: .now).refusals {
                Log("gateway").warn("\(material.revocationsSource): \(refusal)")
            }
            return try TrustStore(roots: roots, revocationLists: lists)
        } catch {
            throw MeshError(.invalidConfiguration, "\(material.rootsSource) has no usable roots", cause: error)
        }
    }

    private func revocationLists() throws(MeshError) -> [RevocationList] {
        if material.revocationsPEM.isEmpty { return [] }
        do {
            return try RevocationList.lists(pem: material.revocationsPEM)
        } catch {
            throw MeshError(
                .invalidConfiguration,
                "\(material.revocationsSource) has no usable revocation list",
                cause: error
            )
        }
    }
}
