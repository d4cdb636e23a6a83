public import Base
public import Mesh
internal import TLS

/// What is wrong with what a Secret holds, as far as it shows before anybody connects.
///
/// Nothing of the content itself is told but names and times, which everybody who connects sees too.
public struct CertificateCheck: Hashable, Sendable {
    /// What keeps clients from connecting at all.
    public private(set) var errors: [String] = []
    /// What clients may trip over, and what is put right for them.
    public private(set) var warnings: [String] = []
    /// When the answer may be another one, though the content is the same; nil for never.
    public private(set) var end: Timestamp?

    /// How long before the end of a certificate's life it is told.
    static let notice: Duration = .seconds(7 * 86_400)

    public init(_ content: SecretContent, now: Timestamp) {
        if !content.certificatesPEM.isEmpty { checkPair(content, now) }
        if !content.rootsPEM.isEmpty { checkRoots(content, now) }
    }

    // Certificates

    private mutating func checkPair(_ content: SecretContent, _ now: Timestamp) {
        let chain: [Certificate]
        do {
            chain = try Certificate.chain(pem: content.certificatesPEM)
        } catch {
            errors.append("its certificate cannot be read: \(error.message)")
            return
        }
        let key: PrivateKey
        do {
            key = try PrivateKey(pem: content.keyPEM)
        } catch {
            errors.append("its key cannot be read: \(error.message)")
            return
        }
        guard let leaf = chain.first(where: key.matches) else {
            errors.append("its key is not that of its certificate (\(chain.first.map(Self.name) ?? ""))")
            return
        }
        if !reportsTime(leaf, now, "its certificate"), now + Self.notice > leaf.notAfter {
            warnings.append("its certificate (\(Self.name(leaf))) expires at \(leaf.notAfter)")
        }
        checkServing(content, now: max(now, leaf.notBefore))
    }

    /// As a gateway does before it shows them.
    private mutating func checkServing(_ content: SecretContent, now: Timestamp) {
        do {
            let served = try TLSIdentity.serving(
                certificatePEM: content.certificatesPEM,
                keyPEM: content.keyPEM,
                staple: content.ocspStaple,
                now: now
            )
            warnings += served.remarks
        } catch {
            // What is known already was said in fewer words.
            if errors.isEmpty { errors.append(error.message) }
        }
    }

    // Roots

    private mutating func checkRoots(_ content: SecretContent, _ now: Timestamp) {
        let roots: [Certificate]
        do {
            roots = try Certificate.chain(pem: content.rootsPEM)
        } catch {
            errors.append("its root certificates cannot be read: \(error.message)")
            return
        }
        let problems = errors
        for root in roots { _ = reportsTime(root, now, "its root certificate") }
        // Others of the same Secret still serve.
        let expired = errors.dropFirst(problems.count)
        if expired.count < roots.count {
            warnings += expired
            errors = problems
        }
        if !content.revocationsPEM.isEmpty { checkRevocations(content.revocationsPEM, of: roots, now) }
    }

    private mutating func checkRevocations(_ pem: String, of roots: [Certificate], _ now: Timestamp) {
        do {
            let coverage = RevocationList.coverage(of: roots, by: try RevocationList.lists(pem: pem), now: now)
            let refusals = coverage.refusals.map { "its \($0)" }
            if coverage.refusesAll { errors += refusals } else { warnings += refusals }
            if let next = coverage.nextUpdate { note(next, now) }
        } catch {
            errors.append("its revocation list cannot be read: \(error.message)")
        }
    }

    // Times

    /// - Returns: Whether an error was found.
    private mutating func reportsTime(_ certificate: Certificate, _ now: Timestamp, _ what: String) -> Bool {
        let name = Self.name(certificate)
        if certificate.notAfter <= now { errors.append("\(what) (\(name)) expired at \(certificate.notAfter)") }
        if certificate.notBefore > now {
            errors.append("\(what) (\(name)) is not valid before \(certificate.notBefore)")
        }
        for moment in [certificate.notBefore, certificate.notAfter] { note(moment, now) }
        return certificate.notAfter <= now || certificate.notBefore > now
    }

    private mutating func note(_ moment: Timestamp, _ now: Timestamp) {
        if moment > now { end = end.map { min($0, moment) } ?? moment }
    }

    private static func name(_ certificate: Certificate) -> String {
        certificate.alternativeNames.dnsNames.first ?? certificate.subject
    }
}
