internal import Base
internal import JSON

/// A certificate or root that a proxy has, or waits for, as `istioctl proxy-config secret` shows it.
struct SecretRow: Sendable {
    /// `default`, `ROOTCA`, or the credential's name such as `kubernetes://site`.
    let name: String
    let isRoot: Bool
    /// As the proxy's admin port describes it; nil when it has none that can be read.
    let certificate: JSON?

    var isActive: Bool { certificate != nil }

    /// - Parameter page: The admin port's `/certs`.
    static func rows(_ page: JSON) -> [Self] {
        let own = page["certificates"]?.array?.first
        let leaf = own?["cert_chain"]?.array?.first.map { Self(name: "default", isRoot: false, certificate: $0) }
        let roots = (own?["ca_cert"]?.array ?? []).map { Self(name: "ROOTCA", isRoot: true, certificate: $0) }
        return (leaf.map { [$0] } ?? []) + roots + (page["credentials"]?.array ?? []).flatMap(credential)
    }

    private static func credential(_ entry: JSON) -> [Self] {
        let name = entry["name"]?.string ?? ""
        let roots = entry["ca_cert"]?.array ?? []
        if !roots.isEmpty { return roots.map { Self(name: name, isRoot: true, certificate: $0) } }
        let isRoot = name.hasSuffix("-cacert") || name.hasPrefix("configmap://")
        return [Self(name: name, isRoot: isRoot, certificate: entry["cert_chain"]?.array?.first)]
    }

    /// RESOURCE NAME, TYPE, STATUS, VALID CERT, SERIAL NUMBER, NOT AFTER and NOT BEFORE.
    func cells(now: Timestamp) -> [String] {
        let type = isRoot ? "CA" : "Cert Chain"
        guard let certificate else { return [name, type, "WARMING", "false", "", "", ""] }
        let from = certificate["valid_from"]?.string ?? ""
        let until = certificate["expiration_time"]?.string ?? ""
        let isValid = (Timestamp(from).map { $0 <= now } ?? false) && (Timestamp(until).map { now < $0 } ?? false)
        let serial = certificate["serial_number"]?.string?.lowercased() ?? ""
        let padding = String(repeating: "0", count: max(0, 32 - serial.count))
        return [name, type, "ACTIVE", String(isValid), padding + serial, until, from]
    }

    /// An element of Envoy's secrets dump.
    var json: JSON {
        let bytes = JSON.string(Base64.encode(Array((certificate?["pem"]?.string ?? "").utf8)))
        var secret: JSON =
            isRoot
            ? ["validationContext": ["trustedCa": ["inlineBytes": bytes]]]
            : ["tlsCertificate": ["certificateChain": ["inlineBytes": bytes]]]
        secret["name"] = .string(name)
        return ["name": .string(name), "versionInfo": certificate?["serial_number"] ?? "", "secret": secret]
    }
}
