public import Base
internal import TLS

extension ScanReport {
    /// How a word is to be read, for those who have colours.
    public enum Tone: Sendable {
        case good, bad, plain, title
    }

    /// The report for people.
    ///
    /// - Parameter paint: Gives a text its tone; the text itself where there are no colours.
    public func text(now: Timestamp = .now, paint: (String, Tone) -> String = { text, _ in text }) -> String {
        var lines: [String] = []
        func title(_ text: String) { lines += (lines.isEmpty ? [] : [""]) + [paint(text, .title)] }
        func row(_ key: String, _ value: String) { lines.append("  " + Self.padded(key, 22) + value) }

        let place = address == target ? "" : " at \(address)"
        title("\(target)\(place)" + (serverName.map { ", asked for \($0)" } ?? ", asked for no name"))
        if let from { row("from", from) }
        title("Protocols")
        for version in ScanVersion.allCases { row(version.description, protocolText(version, paint)) }
        for suites in suites {
            let order = suites.all.count < 2 ? "" : suites.isClientsOrder ? ", client's order" : ", server's order"
            title("Cipher suites of \(suites.version)\(order)")
            // Where all are equals there is nothing to tell apart.
            let rows = suites.isClientsOrder ? suites.all.map { [$0] } : suites.ranks
            lines += rows.map { "  " + $0.map { paint($0.name, Self.tone($0)) }.joined(separator: " = ") }
            if !suites.isComplete { lines.append("  " + paint("incomplete: the server no longer answered", .bad)) }
        }
        title("Groups")
        for groups in groups {
            var names = groups.groups.map(\.description)
            if let bits = groups.primeBits { names.append("DH of \(bits) bits") }
            row(groups.version.description, names.isEmpty ? "none" : names.joined(separator: ", "))
        }
        for certificate in certificates {
            title("Certificate (\(certificate.leaf.keyDescription))")
            for (key, value) in certificate.rows(now: now, paint) { row(key, value) }
        }
        title("Connections")
        for (key, value) in connectionRows(paint) { row(key, value) }
        if !clients.isEmpty {
            title("Clients")
            lines += clientTable
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func protocolText(_ version: ScanVersion, _ paint: (String, Tone) -> String) -> String {
        switch protocols[version] {
        case .offered: paint("offered", version < .tls12 ? .bad : .good)
        case .downgraded(let lower): "not offered, downgraded to \(lower)"
        case .unknown(let reason): paint("unknown: \(reason)", .bad)
        case .notOffered, nil: "not offered"
        }
    }

    private static func tone(_ suite: CipherSuite) -> Tone {
        let isWeak = ["NULL", "EXP", "RC4", "RC2", "DES", "MD5", "ADH", "AECDH", "IDEA"].contains(
            where: suite.name.contains
        )
        if isWeak { return .bad }
        return suite.isForwardSecret && suite.isAuthenticatedEncryption ? .good : .plain
    }

    private func connectionRows(_ paint: (String, Tone) -> String) -> [(String, String)] {
        var rows = [
            ("ALPN", applicationProtocols.isEmpty ? "none" : applicationProtocols.joined(separator: ", ")),
            ("client certificate", clientCertificate?.rawValue ?? "unknown"),
        ]
        for version in resumption.keys.sorted() {
            let ways = resumption[version] ?? []
            rows.append(("resumption \(version)", ways.isEmpty ? "none" : ways.joined(separator: ", ")))
        }
        if let hasSecureRenegotiation {
            let text = hasSecureRenegotiation ? "supported" : paint("NOT supported", .bad)
            rows.append(("secure renegotiation", text))
        }
        if let fallback {
            rows.append(("fallback", paint(fallback.rawValue, fallback == .unprotected ? .bad : .plain)))
        }
        if compresses { rows.append(("compression", paint("on", .bad))) }
        return rows + gaps.map { ("not seen", $0) }
    }

    /// The table of testssl.sh, to the column.
    private var clientTable: [String] {
        let head =
            Self.padded("Browser", 29) + Self.padded("Protocol", 10) + Self.padded("Cipher Suite Name (OpenSSL)", 34)
            + "Forward Secrecy"
        let rows = clients.map { client, connection in
            guard let connection else { return Self.padded(client.name, 29) + "No connection" }
            return Self.padded(client.name, 29) + Self.padded(connection.version.description, 10)
                + Self.padded(connection.suite.name, 34) + (connection.forwardSecrecy ?? "No FS")
        }
        return [head, String(repeating: "-", count: 96)] + rows
    }

    static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}

extension ScannedCertificate {
    fileprivate func rows(
        now: Timestamp,
        _ paint: (String, ScanReport.Tone) -> String
    ) -> [(String, String)] {
        let names = leaf.alternativeNames.all
        let days = daysLeft(now: now)
        let isExpired = now >= leaf.notAfter
        let validity = "\(leaf.notBefore) to \(leaf.notAfter), "
        var rows = [
            ("subject", printable(leaf.subject.utf8)),
            ("names", names.isEmpty ? paint("none", .bad) : names.prefix(20).joined(separator: ", ")),
            ("issuer", printable(leaf.issuer.utf8)),
            ("signature", leaf.signatureAlgorithm),
            (
                "validity",
                validity + (isExpired ? paint("EXPIRED", .bad) : paint("\(days) days left", days < 14 ? .bad : .plain))
            ),
            (
                "chain",
                "\(chain.count) \(chain.count == 1 ? "certificate" : "certificates")"
                    + (chainProblem.map { "; \($0)" } ?? "")
            ),
            ("trusted here", distrust.map { paint("no: \($0)", .bad) } ?? "yes"),
            ("OCSP staple", isStapled ? "yes" : "no"),
        ]
        if let matchesHost { rows.insert(("for the name", matchesHost ? "yes" : paint("NO", .bad)), at: 2) }
        return rows
    }
}
