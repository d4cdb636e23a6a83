public import Base

extension TLSIdentity {
    /// What a server was given to show, and what its owner should know about it.
    public struct Served: Sendable {
        public let identity: TLSIdentity
        /// What was put right, or will annoy some clients; for a status or a log, one sentence each.
        public let remarks: [String]
    }

    /// Reads a certificate chain that people have put together, as browsers would have it.
    ///
    /// The certificate of the key counts, wherever it stands; its issuers are put in order behind it. The root, doubles
    /// and strangers are not sent: strict clients refuse a chain with them.
    ///
    /// - Parameter staple: An OCSP response in DER; nil or empty for none.
    /// - Throws: ``MeshError`` that says which part cannot be used: text that is no PEM, a key of a kind or size that
    ///   browsers do not take, a key without its certificate, an expired certificate, a staple for another.
    public static func serving(
        certificatePEM: String,
        keyPEM: String,
        staple: [UInt8]? = nil,
        now: Timestamp = .now
    ) throws(MeshError) -> Served {
        let key = try PrivateKey(pem: keyPEM)
        let given = try Certificate.chain(pem: certificatePEM)
        guard let leaf = given.first(where: key.matches) else {
            let first = given[0]
            throw MeshError(
                .invalidConfiguration,
                "private key (\(key.publicKey)) belongs to none of the \(given.count) certificates given, the first of which is the \(first) (\(first.keyDescription)); give the key that the certificate was made for"
            )
        }
        try check(leaf, now)
        var chain = ServedChain(leaf, among: given, now)
        var identity = try TLSIdentity(chain: chain.certificates, key: key)
        if leaf.notBefore > now { chain.remarks.append("\(leaf) is not valid before \(leaf.notBefore)") }
        if let staple, !staple.isEmpty {
            identity.staple = try OCSPStaple(der: staple, for: leaf)
            if identity.staple?.isCurrent(now: now) == false {
                chain.remarks.append("OCSP staple for \(leaf) has run out and is not sent; fetch a new one")
            }
        }
        return Served(identity: identity, remarks: chain.remarks)
    }

    /// Refuses what no client would take.
    private static func check(_ leaf: Certificate, _ now: Timestamp) throws(MeshError) {
        let kind = leaf.keyDescription
        let isUsable: Bool =
            switch leaf.publicKey.algorithm {
            case .rsa(let bits): bits >= 2048
            case .p256, .p384: true
            case nil: kind == "ECDSA P-521"
            }
        guard isUsable else {
            throw MeshError(
                .invalidConfiguration,
                "\(leaf) has \(kind) as its key; servers need RSA of 2048 bits or more, or ECDSA on P-256, P-384 or P-521"
            )
        }
        guard now < leaf.notAfter else {
            throw MeshError(.invalidConfiguration, "\(leaf) has expired at \(leaf.notAfter); renew it")
        }
    }
}

/// The certificates that lead from a leaf towards its root.
private struct ServedChain {
    private(set) var certificates: [Certificate]
    var remarks: [String] = []

    init(_ leaf: Certificate, among given: [Certificate], _ now: Timestamp) {
        certificates = [leaf]
        var rest = given.filter { $0 != leaf }
        var last = leaf
        while !last.isSelfIssued, let place = rest.firstIndex(where: { last.isSigned(by: $0) }) {
            last = rest.remove(at: place)
            if last.isSelfIssued { break }
            if now >= last.notAfter { remarks.append("issuer's \(last) has expired at \(last.notAfter); renew it") }
            certificates.append(last)
        }
        let wanted = given.filter(certificates.contains)
        if !wanted.elementsEqual(certificates, by: ==), Set(wanted.map(\.fingerprint)).count == wanted.count {
            remarks.append(
                "certificates were out of order and are sent in order: the server's own first, then its issuers"
            )
        }
        let strangers = rest.filter { other in
            // A root of the chain that is not its last, as one was cross-signed, is no stranger.
            let isRoot = other.isSelfIssued && certificates.contains { $0.isSigned(by: other) }
            return !certificates.contains(other) && other != last && !isRoot
        }
        if !strangers.isEmpty {
            let names = strangers.map(\.description).joined(separator: ", ")
            remarks.append("not sent, as not part of the chain of \(leaf): \(names)")
        }
    }
}
