@testable import TLS

extension Parsers {
    static let tls: [String: Entry] = [
        "clienthello": clientHello, "certificate": certificate, "request": request, "revocation": revocation,
        "handshakemessages": handshakeMessages,
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

    /// How messages are cut into records changes nothing, but for a new key, behind which nothing may come in its record.
    private static let handshakeMessages: Entry = { input in
        var reader = InputReader(input)
        let isClient = reader.octet() & 1 == 1
        let step = Int(reader.octet()) + 1
        let octets = reader.remainder()
        if octets.isEmpty { return }
        var whole = HandshakeMessages(isClient: isClient)
        let outcome = whole.take(octets.span)
        if case .violation = outcome { return }
        var cut = HandshakeMessages(isClient: isClient)
        for start in stride(from: 0, to: octets.count, by: step) {
            let end = min(start + step, octets.count)
            let expected = end == octets.count ? outcome : .nothing
            if cut.take(octets.span.extracting(start..<end)) != expected {
                broken("cutting changes what messages mean")
            }
        }
        if cut.isWithin != whole.isWithin { broken("cutting changes where a message ends") }
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
