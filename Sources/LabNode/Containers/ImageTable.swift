internal import Base

/// Which program of this machine stands for an image.
///
/// Nothing is pulled: a container sees this machine's file system, and `command` names a program of it. Only images
/// whose entry point the samples rely on are known here.
struct ImageTable: Sendable {
    /// What an image would run by itself.
    struct Program: Sendable, Hashable {
        /// Replaced by the container's `command`.
        var entryPoint: [String]
        /// Replaced by the container's `args`.
        var defaultArguments: [String] = []
        var environment: [String: String] = [:]
    }

    /// Where a container sees this program's siblings; first on its `PATH`.
    ///
    /// Not where they are on the machine: that may be in a directory that containers do not see, or that only root may
    /// enter, such as `/tmp` or `/root`.
    static let programDirectory = "/run/apus/bin"

    /// What the container is to run.
    ///
    /// - Throws: ``MeshError`` `.invalidConfiguration` when neither the container nor the table names a program.
    func command(of container: ContainerSpecification) throws(MeshError) -> [String] {
        let program = program(for: container)
        if !container.command.isEmpty { return container.command + container.arguments }
        let arguments = container.arguments.isEmpty ? program?.defaultArguments ?? [] : container.arguments
        guard let program, !(program.entryPoint + arguments).isEmpty else {
            throw MeshError(
                .invalidConfiguration,
                "image \"\(container.image)\" cannot be pulled: this cluster runs programs of its own machine; "
                    + "give container \"\(container.name)\" a command, such as command: [\"sleep\", \"infinity\"]"
            )
        }
        return program.entryPoint + arguments
    }

    /// The environment that the image itself would set.
    func environment(of container: ContainerSpecification) -> [String: String] {
        var environment = program(for: container)?.environment ?? [:]
        environment["PATH"] = "\(Self.programDirectory):/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return environment
    }

    private static let webServers: Set = [
        "kennethreitz/httpbin", "kong/httpbin", "citizenstig/httpbin", "mccutchen/go-httpbin",
    ]

    private static let productPages: Set = ["istio/examples-bookinfo-productpage-v1"]

    /// What an image brings to tell whether its program is ready, as a HEALTHCHECK would.
    ///
    /// - Parameter port: Where the image's own program listens; nil when the container runs another one.
    static func healthCheck(of image: String, port: UInt16?) -> ProbeSpecification? {
        guard let port, webServers.union(productPages).contains(repository(of: image)) else { return nil }
        return ProbeSpecification(listeningOn: port)
    }

    private func program(for container: ContainerSpecification) -> Program? {
        let image = Self.repository(of: container.image)
        if Self.productPages.contains(image) {
            let port = container.ports.first?.number ?? 9080
            return Program(entryPoint: ["python3", "-c", ProductPage.script, "\(port)"])
        }
        let port = container.ports.first?.number ?? 80
        switch image {
        case let image where Self.webServers.contains(image):
            return Program(
                entryPoint: ["gunicorn", "-b", "0.0.0.0:\(port)", "-w", "1", "--threads", "8", "httpbin:app"],
                environment: ["PYTHONDONTWRITEBYTECODE": "1"]
            )
        case "istio/proxyv2", "apus/proxy": return Program(entryPoint: ["apus-proxy"])
        case "istio/pilot", "apus/apusd": return Program(entryPoint: ["apusd"])
        case "curlimages/curl", "governmentpaas/curl-ssl": return Program(entryPoint: ["curl"])
        case "busybox", "debian", "ubuntu", "alpine", "bash":
            return Program(entryPoint: [], defaultArguments: ["sh"])
        default: return nil
        }
    }

    /// The image without registry, tag and digest: `kennethreitz/httpbin`; `library/` is left out.
    static func repository(of image: String) -> String {
        var parts = image.split(separator: "@", maxSplits: 1)[...].first.map { $0.split(separator: "/") } ?? []
        if parts.count > 1, let first = parts.first,
            first == "localhost" || first.contains(where: { ".:".contains($0) })
        {
            parts.removeFirst()
        }
        if let last = parts.popLast() { parts.append(last.split(separator: ":").first ?? last) }
        if parts.count > 1, parts.first == "library" { parts.removeFirst() }
        return parts.joined(separator: "/")
    }
}
