internal import Base

extension ServerTLSSettings {
    func validate() -> Validation {
        var result = validateVersions() + validateCipherSuites() + validateNames()
        switch mode {
        case .istioMutual: return result + validateWithMeshCertificates()
        case .passthrough, .autoPassthrough:
            let own = [caCrl, serverCertificate, privateKey, caCertificates, credentialName]
            result.warn(
                if: own.contains { !$0.isEmpty } || !credentialNames.isEmpty || !tlsCertificates.isEmpty,
                "\(mode.rawValue) mode does not use certificates, they will be ignored"
            )
        case .simple, .mutual, .optionalMutual: break
        }
        return result + validateSources() + validateClientChecks()
    }

    private func validateVersions() -> Validation {
        var result = Validation()
        result.warn(
            if: (minProtocolVersion == .tls10 || minProtocolVersion == .tls11) && cipherSuites.isEmpty,
            "TLS version below TLSV1_2 require setting compatible ciphers as by default they no longer include "
                + "compatible ciphers."
        )
        guard endsTLS, maxProtocolVersion != .auto else { return result }
        if minProtocolVersion == .auto {
            result.error(
                if: maxProtocolVersion < .tls12,
                "tls.maxProtocolVersion \(maxProtocolVersion.rawValue) is below the default minimum TLSV1_2, so that "
                    + "no client could connect: set minProtocolVersion too, or raise the maximum"
            )
        } else {
            result.error(
                if: minProtocolVersion > maxProtocolVersion,
                "tls.minProtocolVersion \(minProtocolVersion.rawValue) is above tls.maxProtocolVersion "
                    + "\(maxProtocolVersion.rawValue), so that no client could connect: lower the one or raise the other"
            )
        }
        return result
    }

    private func validateCipherSuites() -> Validation {
        var result = Validation()
        let invalid = Set(cipherSuites.filter { !CipherSuites.isAccepted($0) })
        var seen: Set<String> = []
        let duplicate = Set(cipherSuites.filter { CipherSuites.isAccepted($0) && !seen.insert($0).inserted })
        result.warn(
            if: !invalid.isEmpty,
            "ignoring invalid cipher suites: [\(invalid.sorted().joined(separator: " "))]"
        )
        result.warn(
            if: !duplicate.isEmpty,
            "ignoring duplicate cipher suites: [\(duplicate.sorted().joined(separator: " "))]"
        )
        result.warn(
            if: endsTLS && minProtocolVersion == .tls13 && !cipherSuites.isEmpty,
            "tls.cipherSuites has no effect with minProtocolVersion TLSV1_3: the suites of TLS 1.3 are not configured"
        )
        // Names that are merely unknown leave the default, as in Istio; an expression that leaves nothing was meant.
        result.error(
            if: invalid.count < Set(cipherSuites).count && CipherSuites.usable(cipherSuites).isEmpty
                && cipherSuites.contains { !$0.isEmpty },
            "tls.cipherSuites leaves no suite: name at least one, such as \(CipherSuites.known[1])"
        )
        return result
    }

    /// Names that gateways of Istio up to 1.4 did not look at, so that they must not be relied on there.
    private func validateNames() -> Validation {
        var result = Validation()
        for name in credentials + [caCertCredentialName] where name.hasPrefix("istio") || name.hasPrefix("prometheus") {
            result.warn(
                "tls.credentialName \(goQuoted(name)) begins with istio or prometheus: gateways of Istio up to 1.4 (ASM "
                    + "before 1.17) take such secrets for the mesh's own and ignore them, so that the hosts are reset; "
                    + "rename the secret where such gateways may read it"
            )
        }
        return result
    }

    private func validateWithMeshCertificates() -> Validation {
        var result = Validation()
        let mode = "ISTIO_MUTUAL TLS cannot have associated"
        result.error(if: !serverCertificate.isEmpty, "\(mode) server certificate")
        result.error(if: !privateKey.isEmpty, "\(mode) private key")
        result.error(if: !caCertificates.isEmpty, "\(mode) CA bundle")
        result.error(if: !tlsCertificates.isEmpty, "\(mode) tlsCertificates")
        result.error(if: !credentialName.isEmpty, "\(mode) credentialName")
        result.error(if: !credentialNames.isEmpty, "\(mode) credentialNames")
        return result
    }

    /// Where certificates, keys and roots are from.
    private func validateSources() -> Validation {
        var result = Validation()
        let hasFiles = !serverCertificate.isEmpty || !privateKey.isEmpty
        let sources = [!credentialName.isEmpty, !credentialNames.isEmpty, hasFiles, !tlsCertificates.isEmpty]
        result.error(
            if: sources.count(where: \.self) > 1,
            "only one of credential_name, credential_names, server_certificate/private_key, tls_certificates should be "
                + "specified"
        )
        for (field, count) in [
            ("credential_names", credentialNames.count), ("tls_certificates", tlsCertificates.count),
        ] {
            result.warn(if: count > 2, "\(field) can support up to 2 server certificates")
        }
        // For SIMPLE and MUTUAL beyond Istio, which ignores the list: revocation that is asked for must not be ignored.
        result.error(
            if: !caCrl.isEmpty && !credentials.isEmpty,
            "CRL is not supported with credentialName. CRL has to be specified in the credential"
        )
        if endsTLS, !credentials.isEmpty { return result }
        return result + validateFiles()
    }

    private func validateFiles() -> Validation {
        var result = Validation()
        guard endsTLS else { return result }
        let name = mode == .simple ? "SIMPLE" : "MUTUAL"
        let pairs = tlsCertificates.isEmpty ? [(serverCertificate, privateKey)] : tlsCertificates.map(\.paths)
        for (certificate, key) in pairs {
            result.error(if: certificate.isEmpty, "\(name) TLS requires a server certificate")
            result.error(if: key.isEmpty, "\(name) TLS requires a private key")
        }
        if mode == .simple {
            result.error(if: !caCrl.isEmpty, "CRL is not supported with SIMPLE TLS")
        } else {
            result.error(if: caCertificates.isEmpty, "\(name) TLS requires a client CA bundle")
        }
        return result
    }

    /// Conditions on client certificates where none is asked for, or where they cannot mean what they seem to.
    private func validateClientChecks() -> Validation {
        var result = Validation()
        let asksForCertificate = mode == .mutual || mode == .optionalMutual
        let hasConditions =
            !verifyCertificateSpki.isEmpty || !verifyCertificateHash.isEmpty || !subjectAltNames.isEmpty
        result.warn(
            if: hasConditions && !asksForCertificate,
            "tls.subjectAltNames, verifyCertificateSpki and verifyCertificateHash have no effect in mode "
                + "\(mode.rawValue), which asks for no client certificate"
        )
        if asksForCertificate { result = result + validatePins() }
        result.warn(
            if: insecureSkipVerify && asksForCertificate,
            "tls.insecureSkipVerify: client certificates of any origin are accepted, so that they prove nothing"
        )
        return result
    }

    /// Istio takes any text; Envoy refuses the server then, and it is down here, too.
    private func validatePins() -> Validation {
        var result = Validation()
        for text in verifyCertificateSpki where Base64.decode(text)?.count != 32 {
            result.warn(
                "tls.verifyCertificateSpki \(goQuoted(text)) is not the Base64 of a SHA-256, which has 44 characters: "
                    + "every connection is reset until it is"
            )
        }
        for text in verifyCertificateHash where Hex.decode(text.split(separator: ":").joined())?.count != 32 {
            result.warn(
                "tls.verifyCertificateHash \(goQuoted(text)) is not a SHA-256 in hexadecimal, which has 64 digits: every "
                    + "connection is reset until it is"
            )
        }
        return result
    }
}

extension ServerTLSSettings.FilePair {
    fileprivate var paths: (String, String) { (serverCertificate, privateKey) }
}
