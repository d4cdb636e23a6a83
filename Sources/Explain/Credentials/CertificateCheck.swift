public import Base
public import Mesh
internal import TLS

/// What is wrong with what a Secret holds, as far as it shows before anybody connects.
///
/// Nothing of the content itself is told but names and times, which everybody who connects sees too.
public struct CertificateCheck: Hashable, Sendable {
    /// What keeps it from being used at all.
    public private(set) var errors: [String] = []
    /// What clients may trip over.
    public private(set) var warnings: [String] = []

    /// How long before the end of a certificate's life it is told.
    static let notice: Duration = .seconds(7 * 86_400)

    public init(_ content: SecretContent, now: Timestamp) {
        if !content.certificatesPEM.isEmpty { checkPair(content, now) }
        if !content.rootsPEM.isEmpty { checkRoots(content.rootsPEM, now) }
        if !content.revocationsPEM.isEmpty {
            do {
                _ = try RevocationList.lists(pem: content.revocationsPEM)
            } catch {
                errors.append("its revocation list cannot be read: \(error.message)")
            }
        }
    }

    private mutating func checkPair(_ content: SecretContent, _ now: Timestamp) {
        let chain: [Certificate]
        do {
            chain = try Certificate.chain(pem: content.certificatesPEM)
        } catch {
            errors.append("its certificate cannot be read: \(error.message)")
            return
        }
        guard let leaf = chain.first else { return }
        do {
            let key = try PrivateKey(pem: content.keyPEM)
            if key.publicKey != leaf.publicKey {
                errors.append("its key is not that of its certificate (\(Self.name(leaf)))")
            }
        } catch {
            errors.append("its key cannot be read: \(error.message)")
        }
        if !reportsTime(leaf, now, "its certificate"), now + Self.notice > leaf.notAfter {
            warnings.append("its certificate (\(Self.name(leaf))) expires at \(leaf.notAfter)")
        }
        for (certificate, issuer) in zip(chain, chain.dropFirst()) where certificate.issuer != issuer.subject {
            warnings.append(
                "its certificates are not in order: \(Self.name(certificate)) was not issued by the one that follows it, "
                    + "\(Self.name(issuer))"
            )
        }
    }

    private mutating func checkRoots(_ pem: String, _ now: Timestamp) {
        do {
            let roots = try Certificate.chain(pem: pem)
            let problems = errors
            for root in roots { _ = reportsTime(root, now, "its root certificate") }
            // Others of the same Secret still serve.
            let expired = errors.dropFirst(problems.count)
            if expired.count < roots.count {
                warnings += expired
                errors = problems
            }
        } catch {
            errors.append("its root certificates cannot be read: \(error.message)")
        }
    }

    /// - Returns: Whether an error was found.
    private mutating func reportsTime(_ certificate: Certificate, _ now: Timestamp, _ what: String) -> Bool {
        let name = Self.name(certificate)
        if certificate.notAfter < now { errors.append("\(what) (\(name)) expired at \(certificate.notAfter)") }
        if certificate.notBefore > now {
            errors.append("\(what) (\(name)) is not valid before \(certificate.notBefore)")
        }
        return certificate.notAfter < now || certificate.notBefore > now
    }

    private static func name(_ certificate: Certificate) -> String {
        certificate.alternativeNames.dnsNames.first ?? certificate.subject
    }
}
