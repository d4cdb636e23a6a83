public import Base
public import JSON
internal import TLS

extension ScanReport {
    /// The report for programs; its keys are part of the command's interface.
    public func json(now: Timestamp = .now) -> JSON {
        var json: JSON = [
            "target": .string(target), "address": .string(address), "compression": .bool(compresses),
            "protocols": .array(ScanVersion.allCases.map(protocolJSON)),
            "cipherSuites": .array(suites.map(Self.json)), "groups": .array(groups.map(Self.json)),
            "certificates": .array(certificates.map { $0.json(now: now) }),
            "applicationProtocols": .array(applicationProtocols.map { .string($0) }),
            "resumption": .object(
                Dictionary(
                    uniqueKeysWithValues: resumption.map { ways in
                        (ways.key.description, JSON.array(ways.value.map { .string($0) }))
                    }
                )
            ),
        ]
        if let serverName { json["serverName"] = .string(serverName) }
        if let from { json["from"] = .string(from) }
        if let clientCertificate { json["clientCertificate"] = .string(clientCertificate.rawValue) }
        if let hasSecureRenegotiation { json["secureRenegotiation"] = .bool(hasSecureRenegotiation) }
        if let fallback { json["fallbackProtection"] = .string(fallback.rawValue) }
        if !clients.isEmpty { json["clients"] = .array(clients.map { Self.json($0.client, $0.connection) }) }
        if !gaps.isEmpty { json["gaps"] = .array(gaps.map { .string($0) }) }
        return json
    }

    private func protocolJSON(_ version: ScanVersion) -> JSON {
        var json: JSON = ["version": .string(version.description), "offered": .bool(protocols[version] == .offered)]
        switch protocols[version] {
        case .downgraded(let lower): json["downgradedTo"] = .string(lower.description)
        case .unknown(let reason): json["problem"] = .string(reason)
        default: break
        }
        return json
    }

    private static func json(_ suites: Suites) -> JSON {
        [
            "version": .string(suites.version.description),
            "order": .string(suites.isClientsOrder ? "client" : "server"),
            "suites": .array(suites.ranks.map { rank in .array(rank.map { .string($0.name) }) }),
            "complete": .bool(suites.isComplete),
        ]
    }

    private static func json(_ groups: Groups) -> JSON {
        var json: JSON = [
            "version": .string(groups.version.description),
            "groups": .array(groups.groups.map { .string($0.description) }),
        ]
        if let bits = groups.primeBits { json["primeBits"] = .int(Int64(bits)) }
        return json
    }

    private static func json(_ client: SimulatedClient, _ connection: SimulatedConnection?) -> JSON {
        guard let connection else { return ["name": .string(client.name), "connects": false] }
        return [
            "name": .string(client.name), "connects": true, "protocol": .string(connection.version.description),
            "cipherSuite": .string(connection.suite.name),
            "forwardSecrecy": connection.forwardSecrecy.map { .string($0) } ?? .null,
        ]
    }
}

extension ScannedCertificate {
    func json(now: Timestamp) -> JSON {
        var json: JSON = [
            "subject": .string(printable(leaf.subject.utf8)), "issuer": .string(printable(leaf.issuer.utf8)),
            "names": .array(leaf.alternativeNames.all.map { .string($0) }), "key": .string(leaf.keyDescription),
            "signature": .string(leaf.signatureAlgorithm), "notBefore": .string(leaf.notBefore.description),
            "notAfter": .string(leaf.notAfter.description), "daysLeft": .int(Int64(daysLeft(now: now))),
            "sha256": .string(leaf.fingerprint), "chainLength": .int(Int64(chain.count)), "stapled": .bool(isStapled),
            "trusted": .bool(distrust == nil),
        ]
        if let matchesHost { json["matchesHost"] = .bool(matchesHost) }
        if let distrust { json["distrust"] = .string(distrust) }
        if let chainProblem { json["chainProblem"] = .string(chainProblem) }
        return json
    }

    /// Whole days until the leaf expires; negative when it has.
    func daysLeft(now: Timestamp) -> Int {
        let seconds = leaf.notAfter.seconds - now.seconds
        return Int(seconds >= 0 ? seconds / 86_400 : -((-seconds + 86_399) / 86_400))
    }
}
