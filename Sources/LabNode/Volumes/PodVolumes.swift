internal import Base
internal import CLinux
internal import Glibc
internal import JSON
internal import Kubernetes

/// Puts a pod's volumes on this machine's disk, and says where they are.
struct PodVolumes: Sendable {
    let content: VolumeContent
    /// Belongs to the pod alone; one directory for each volume.
    let directory: String

    private var pod: PodSpecification { content.pod }

    /// Makes all volumes, or brings those whose content the API server holds up to date.
    ///
    /// - Returns: When to call again because a token has to be renewed; nil when there is none.
    func prepare() async throws -> Timestamp? {
        var renewal: Timestamp?
        for volume in pod.volumes {
            guard let name = volume["name"]?.string else { continue }
            if let result = try await content.content(of: volume) {
                try Files.makeDirectory("\(directory)/\(name)")
                var files = AtomicDirectory(path: "\(directory)/\(name)")
                if let group = pod.securityContext["fsGroup"]?.int { files.owner = (-1, group) }
                try files.replace(with: result.files)
                if let next = result.renewal { renewal = min(renewal ?? next, next) }
            } else {
                try prepareDirectory(volume, name)
            }
        }
        return renewal
    }

    private func prepareDirectory(_ volume: JSON, _ name: String) throws {
        let path = "\(directory)/\(name)"
        if let emptyDir = volume["emptyDir"] {
            if Files.exists(path) { return }
            try Files.makeDirectory(path)
            if emptyDir["medium"]?.string == "Memory" {
                let limit = emptyDir["sizeLimit"].flatMap { Quantity($0) }?.whole
                let options = "mode=1777" + (limit.map { ",size=\($0)" } ?? "")
                try systemCall("mount") {
                    unsafe CLinux_mount("tmpfs", path, "tmpfs", CLinux_MS_NOSUID | CLinux_MS_NODEV, options)
                }
            }
            let group = pod.securityContext["fsGroup"]?.int.map { UInt32(truncatingIfNeeded: $0) }
            try systemCall("chmod") { unsafe chmod(path, 0o777) }
            if let group { try systemCall("chown") { unsafe chown(path, .max, group) } }
        } else if let hostPath = volume["hostPath"] {
            try prepareHostPath(hostPath)
        } else {
            let kind = volume.object?.keys.sorted().first { $0 != "name" } ?? "?"
            throw MeshError(
                .invalidConfiguration,
                "volume \"\(name)\" is of kind \(kind), which this cluster does not have; use emptyDir, hostPath, "
                    + "configMap, secret, downwardAPI or projected"
            )
        }
    }

    private func prepareHostPath(_ source: JSON) throws {
        let path = source["path"]?.string ?? ""
        let type = source["type"]?.string ?? ""
        if Files.exists(path) { return }
        switch type {
        case "DirectoryOrCreate": try Files.makeDirectory(path)
        case "FileOrCreate": try Files.replace(path, with: [], mode: 0o644)
        default: throw MeshError(.notFound, "hostPath type check failed: \(path) is not there")
        }
    }

    /// Where the mounts of a container are found on this machine.
    func mounts(of container: ContainerSpecification) throws -> [OCIConfiguration.Mount] {
        let mounts = try container.volumeMounts.map { mount -> OCIConfiguration.Mount in
            guard let volume = pod.volumes.first(where: { $0["name"]?.string == mount.volume }) else {
                throw MeshError(.invalidConfiguration, "volumeMounts: the pod has no volume \"\(mount.volume)\"")
            }
            var source = volume["hostPath", "path"]?.string ?? "\(directory)/\(mount.volume)"
            if !mount.subPath.isEmpty { source = try subPath(mount.subPath, of: source) }
            // Kubernetes shows these read-only, whatever the mount says: their content comes from elsewhere.
            let isDerived = volume["emptyDir"] == nil && volume["hostPath"] == nil
            return .init(source: source, destination: mount.path, isReadOnly: mount.isReadOnly || isDerived)
        }
        try makeNestedMountPoints(mounts)
        return mounts.sorted { $0.destination.utf8.count < $1.destination.utf8.count }
    }

    /// Makes the directories at which one volume is mounted inside of another, which may be read-only in the container.
    private func makeNestedMountPoints(_ mounts: [OCIConfiguration.Mount]) throws {
        for outer in mounts where outer.source.hasPrefix(directory) {
            for inner in mounts where inner.destination.hasPrefix("\(outer.destination)/") {
                try Files.makeDirectory(outer.source + inner.destination.dropFirst(outer.destination.count))
            }
        }
    }

    private func subPath(_ subPath: String, of source: String) throws -> String {
        let path = "\(source)/\(subPath)"
        guard !subPath.split(separator: "/").contains("..") else {
            throw MeshError(.invalidConfiguration, "subPath \"\(subPath)\" must not contain '..'")
        }
        if !Files.exists(path) { try Files.makeDirectory(path) }
        return path
    }

    /// Takes the volumes off the disk.
    func remove() {
        for path in mountPoints(below: directory) { unmount(path) }
        FilePath.removeTree(directory)
    }
}
