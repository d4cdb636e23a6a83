internal import Base
internal import Discovery
internal import JSON
internal import TLS

/// What the admin port tells; pure functions of the state.
enum AdminPages {
    /// `/certs`, in the form of Envoy's: the workload's chain and the roots; and those that came from Secrets, by name.
    static func certificates(_ state: ProxyState, now: Timestamp) -> JSON {
        let chain = state.identity?.chain ?? []
        let roots = (try? Certificate.chain(pem: state.rootsPEM)) ?? []
        return [
            "certificates": [
                [
                    "ca_cert": .array(roots.map { describe($0, now) }),
                    "cert_chain": .array(chain.map { describe($0, now) }),
                ]
            ],
            "credentials": .array(credentials(state, now)),
        ]
    }

    /// Those that were asked for: what came, or why nothing did; a private key is never part of it.
    private static func credentials(_ state: ProxyState, _ now: Timestamp) -> [JSON] {
        let known = state.resources.compactMap { name, resource -> (name: String, credential: Credential)? in
            guard case .credential(let text) = name, case .credential(let credential) = resource else { return nil }
            return (text, credential)
        }
        return known.sorted { $0.name < $1.name }.map { name, credential in
            func list(_ pem: String) -> JSON {
                .array(((try? Certificate.chain(pem: pem)) ?? []).map { describe($0, now) })
            }
            return [
                "name": .string(name), "problem": .string(credential.problem),
                "cert_chain": list(credential.certificatesPEM), "ca_cert": list(credential.rootsPEM),
            ]
        }
    }

    private static func describe(_ certificate: Certificate, _ now: Timestamp) -> JSON {
        let names = certificate.alternativeNames
        let days = max(0, (certificate.notAfter.seconds - now.seconds) / 86_400)
        return [
            "path": "<inline>", "serial_number": .string(certificate.serialNumber),
            "subject_alt_names": .array(
                names.uris.map { ["uri": .string($0)] } + names.dnsNames.map { ["dns": .string($0)] }
            ),
            "days_until_expiration": .string(String(days)),
            "valid_from": .string(certificate.notBefore.description),
            "expiration_time": .string(certificate.notAfter.description), "pem": .string(certificate.pem),
        ]
    }

    /// A resource in full, but for what is secret in it.
    private static func describe(_ resource: Resource) -> String {
        guard case .credential(var credential) = resource else { return "\(resource)" }
        if !credential.keyPEM.isEmpty { credential.keyPEM = "[redacted]" }
        return "\(credential)"
    }

    /// `/config_dump`: everything the control plane has said, by name; and what is missing.
    static func configuration(_ state: ProxyState) -> JSON {
        var members: [String: JSON] = [:]
        for (name, resource) in state.resources { members[name.description] = .string(describe(resource)) }
        var page: JSON = ["resources": .object(members), "missing": .strings(state.missing)]
        let problems = state.gatewayProblems
        if !problems.isEmpty { page["gatewayProblems"] = .object(problems.mapValues { .string($0) }) }
        page["certificates"] = certificates(state, now: .now)["certificates"]
        return page
    }
}
