import Base
import Glibc
import Kubernetes
import Network

extension LabHome {
    /// Whether a process holds the lab and its API server answers the administrator.
    ///
    /// Listening is not enough: the kernel takes connections for a process that is about to end.
    func answers() async -> Bool {
        let path = kubeconfig
        do {
            return try await withTimeLimit(.seconds(2), "the API server") {
                let client = try KubernetesClient(try Kubeconfig.load(path: path).configuration())
                _ = try await client.get(.namespaces, namespace: nil, name: "default")
                return true
            }
        } catch {
            return false  // Not up yet, no more, or not ours: to who asks it is the same.
        }
    }

    /// The process that holds the lab and serves; nil when none holds it.
    ///
    /// One that is killed holds it until the kernel is through with it, and one that has just started serves in a
    /// moment: both are waited for.
    ///
    /// - Throws: ``MeshError`` `unavailable` when the holder still does not answer after `limit`.
    func servingProcess(within limit: Duration = .seconds(15)) async throws -> pid_t? {
        let deadline = ContinuousClock.now + limit
        while let process = runningProcess {
            if await answers() { return process }
            guard ContinuousClock.now < deadline else {
                throw MeshError(
                    .unavailable,
                    """
                    process \(process) holds \(directory), but its API server does not answer; see apus-lab logs, and \
                    end it with: apus-lab down
                    """
                )
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        return nil
    }

    /// Waits until nobody holds the lab.
    ///
    /// - Returns: Whether that came about within `limit`.
    func isFree(within limit: Duration) async throws -> Bool {
        let deadline = ContinuousClock.now + limit
        while runningProcess != nil {
            guard ContinuousClock.now < deadline else { return false }
            try await Task.sleep(for: .milliseconds(20))
        }
        return true
    }
}
