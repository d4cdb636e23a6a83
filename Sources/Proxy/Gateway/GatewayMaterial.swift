internal import Base
internal import Discovery
internal import Glibc

/// What one TLS context of a gateway is made from, besides its settings: when it stays the same, so does the context.
struct GatewayMaterial: Equatable, Sendable {
    /// A certificate chain and its key, and where they are from, for people.
    struct Pair: Equatable, Sendable {
        var source: String
        var certificatesPEM: String
        var keyPEM: String
        var staple: [UInt8] = []
    }

    /// Empty where the workload's own certificate is used.
    var pairs: [Pair] = []
    /// Where the roots are from, for people; empty where there are none, or the mesh's.
    var rootsSource = ""
    var rootsPEM = ""
    var revocationsPEM = ""
    /// Where the revocation lists are from, for people.
    var revocationsSource = ""
    /// Stands for the workload's certificate and roots.
    var workload: ObjectIdentifier?
    /// Why it is not complete; empty when it is.
    var problem = ""
    /// Whether the control plane has still to say something, which it does in a moment.
    var isAwaited = false
    /// Whether the problem is one that the control plane told of.
    var isTold = false
}

/// Gathers ``GatewayMaterial`` from secrets and files, each file once.
struct MaterialReader {
    private let secrets: [String: Credential]
    private let workload: Credentials?
    private var texts: [String: String?] = [:]
    /// Every file that was looked at, as it was then; nil for one that was not there.
    private(set) var stamps: [String: FileStamp?] = [:]

    init(secrets: [String: Credential], workload: Credentials?) {
        (self.secrets, self.workload) = (secrets, workload)
    }

    mutating func read(_ tls: ServerTLS) -> GatewayMaterial {
        var material = GatewayMaterial()
        switch tls.certificates {
        case .workload: useWorkload(&material)
        case .credentials(let names): for name in names { usePair(of: name, &material) }
        case .files(let pairs): for pair in pairs { use(pair, &material) }
        }
        guard tls.clientCertificate != .none else { return material }
        switch tls.roots {
        case .workload: useWorkload(&material)
        case .credential(let name): useRoots(of: name, &material)
        case .file(let path, let revocations): useRoots(path, revocations, &material)
        case nil where !tls.skipsVerification:
            material.problem = "client certificates are asked for, and nothing says whom they must be from"
        case nil: break
        }
        return material
    }

    private func useWorkload(_ material: inout GatewayMaterial) {
        material.workload = workload.map(ObjectIdentifier.init)
        guard workload == nil else { return }
        material.problem = "this workload has no certificate yet"
        material.isAwaited = true
    }

    private func credential(_ name: String, _ material: inout GatewayMaterial) -> Credential? {
        guard let credential = secrets[name] else {
            material.problem = "credential \(name) has not come from the control plane yet"
            material.isAwaited = true
            return nil
        }
        guard credential.problem.isEmpty else {
            material.problem = "credential \(name): \(credential.problem)"
            material.isTold = true
            return nil
        }
        return credential
    }

    private func usePair(of name: String, _ material: inout GatewayMaterial) {
        guard let credential = credential(name, &material) else { return }
        material.pairs.append(
            .init(
                source: "credential \(name)",
                certificatesPEM: credential.certificatesPEM,
                keyPEM: credential.keyPEM,
                staple: credential.ocspStaple
            )
        )
    }

    private func useRoots(of name: String, _ material: inout GatewayMaterial) {
        guard let credential = credential(name, &material) else { return }
        material.rootsSource = "credential \(name)"
        material.revocationsSource = material.rootsSource
        (material.rootsPEM, material.revocationsPEM) = (credential.rootsPEM, credential.revocationsPEM)
    }

    // Files

    private mutating func use(_ pair: ServerTLS.FilePair, _ material: inout GatewayMaterial) {
        guard let certificate = text(pair.certificate, &material), let key = text(pair.key, &material) else { return }
        material.pairs.append(
            .init(source: "files \(pair.certificate) and \(pair.key)", certificatesPEM: certificate, keyPEM: key)
        )
    }

    private mutating func useRoots(_ path: String, _ revocations: String, _ material: inout GatewayMaterial) {
        material.rootsSource = "file \(path)"
        if let text = text(path, &material) { material.rootsPEM = text }
        material.revocationsSource = "file \(revocations)"
        if !revocations.isEmpty, let text = text(revocations, &material) { material.revocationsPEM = text }
    }

    private mutating func text(_ path: String, _ material: inout GatewayMaterial) -> String? {
        // Looked at before it is read: a change in between is noticed as one.
        if stamps[path] == nil { stamps[path] = .some(FileStamp(path)) }
        do {
            if let known = texts[path] { if let known { return known } }
            let text = String(decoding: try Files.read(path, limit: 4 << 20), as: UTF8.self)
            texts[path] = text
            return text
        } catch {
            material.problem = "\(path) cannot be read: \(error)"
            return nil
        }
    }
}

/// Tells whether a file is the same as before, without reading it.
struct FileStamp: Equatable, Sendable {
    private let device: UInt64
    private let inode: UInt64
    private let size: Int
    private let seconds: Int
    private let nanoseconds: Int

    /// Follows links, so that a mounted Secret's switch to new data is seen; nil when nothing is there.
    init?(_ path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        (device, inode, size) = (UInt64(status.st_dev), UInt64(status.st_ino), Int(status.st_size))
        // Safe: a timespec is two words. Its members are out of reach in a module that looks up initializers of Duration:
        // the compiler then takes them to be those of a module that cannot be imported.
        (seconds, nanoseconds) = unsafe unsafeBitCast(status.st_mtim, to: (Int, Int).self)
    }
}
