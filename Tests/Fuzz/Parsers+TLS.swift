import TLS

extension Parsers {
    static let tls: [String: Entry] = [
        "clienthello": clientHello, "certificate": certificate, "request": request, "revocation": revocation,
    ]

    /// While more is needed, nothing was decided; what was decided stays when more comes.
    private static let clientHello: Entry = { input in
        let whole = ClientHello.inspect(input.span)
        for count in [input.count / 3, input.count - 1] where count > 0 {
            let part = ClientHello.inspect(Array(input[..<count]).span)
            if case .needsMore(let wanted) = part {
                if wanted <= count { broken("needs no more than it has") }
            } else if part != whole {
                broken("more octets change the decision")
            }
        }
    }

    private static let certificate: Entry = { input in
        guard let certificate = try? Certificate(der: input) else { return }
        _ = (certificate.alternativeNames, certificate.subject, certificate.serialNumber, certificate.keyDescription)
        _ = certificate.isFor(host: "example.org")
        _ = certificate.isSigned(by: certificate)
    }

    /// A request for a certificate, in PEM as the signing service gets it.
    private static let request: Entry = { input in
        let pem = String(decoding: input, as: UTF8.self)
        _ = try? CertificateRequest(pem: pem).names
        let body =
            pem.contains("BEGIN")
            ? pem : "-----BEGIN CERTIFICATE REQUEST-----\n\(pem)\n-----END CERTIFICATE REQUEST-----\n"
        _ = try? CertificateRequest(pem: body).names
    }

    private static let revocation: Entry = { input in
        _ = try? RevocationList.lists(pem: String(decoding: input, as: UTF8.self))
    }
}
