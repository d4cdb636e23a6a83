internal import Base
internal import Discovery
internal import TLS

/// The TLS contexts of a gateway, one for each different ``ServerTLS``; shared by all workers.
///
/// A context lives until something that it is made from changes. What cannot be made takes down only the chains that
/// need it.
final class GatewayCredentials: Sendable {
    enum Server: Sendable {
        case ready(TLSServerContext)
        /// Why no connection can be served.
        case unusable(String)
    }

    private struct Entry: Sendable {
        var material: GatewayMaterial
        var server: Server
        var tickets: TicketKeys
        /// Those to show, without their issuers; empty when there are none to use.
        var certificates: [Certificate] = []
        /// When the first of the certificates runs out; nil when there is none to use.
        var expiry: Timestamp? { certificates.map(\.notAfter).min() }
        /// Whether the files have changed to what cannot be used, and may be about to change on.
        var isOnProbation = false
    }

    private let entries: [ServerTLS: Entry]
    private let workload: Credentials?
    /// Those that contexts are made from, as they were then; nil for one that was not there.
    private let files: [String: FileStamp?]

    init(
        _ wanted: [ServerTLS],
        secrets: [String: Credential],
        workload: Credentials?,
        predecessor: GatewayCredentials?
    ) {
        self.workload = workload
        var reader = MaterialReader(secrets: secrets, workload: workload)
        var entries: [ServerTLS: Entry] = [:]
        for tls in wanted where entries[tls] == nil {
            let material = reader.read(tls)
            let old = predecessor?.entries[tls]
            if let old, old.material == material, old.expiry.map({ .now < $0 }) ?? true {
                entries[tls] = old
                entries[tls]?.isOnProbation = false
            } else {
                let made = Self.entry(tls, material, workload, old?.tickets ?? TicketKeys())
                entries[tls] = Self.choose(made, over: old, tls)
            }
        }
        self.entries = entries
        files = reader.stamps
    }

    func server(for tls: ServerTLS) -> Server {
        entries[tls]?.server ?? .unusable("its configuration is not in force")
    }

    /// Whether what a server lacks is on its way.
    func isAwaited(_ tls: ServerTLS) -> Bool { entries[tls]?.material.isAwaited ?? false }

    /// Whether the control plane knows what a server lacks, without being told.
    func isKnown(_ tls: ServerTLS) -> Bool { isAwaited(tls) || entries[tls]?.material.isTold ?? false }

    /// The certificates that clients are shown; empty when there are none to use.
    func certificates(for tls: ServerTLS) -> [Certificate] { entries[tls]?.certificates ?? [] }

    /// Whether the contexts must be made anew: a file has changed, or a certificate has run out.
    func isStale(now: Timestamp = .now) -> Bool {
        if entries.values.contains(where: { $0.isOnProbation || $0.expiry.map { now >= $0 } ?? false }) { return true }
        return files.contains { FileStamp($0.key) != $0.value }
    }

    /// The new entry, or the old one for a moment: a certificate and its key are not written at once.
    private static func choose(_ made: Entry, over old: Entry?, _ tls: ServerTLS) -> Entry {
        guard case .unusable = made.server, case .files = tls.certificates, var old, case .ready = old.server,
            !old.isOnProbation, old.expiry.map({ .now < $0 }) ?? false
        else { return made }
        old.isOnProbation = true
        return old
    }

    private static func entry(
        _ tls: ServerTLS,
        _ material: GatewayMaterial,
        _ workload: Credentials?,
        _ tickets: TicketKeys
    ) -> Entry {
        var entry = Entry(material: material, server: .unusable(material.problem), tickets: tickets)
        guard material.problem.isEmpty else { return entry }
        do {
            let builder = ServerContextBuilder(tls: tls, material: material, workload: workload, tickets: tickets)
            let identities = try builder.identities()
            entry.server = .ready(try builder.context(identities))
            entry.certificates = identities.map(\.leaf)
        } catch {
            entry.server = .unusable("\(error)")
        }
        return entry
    }
}
