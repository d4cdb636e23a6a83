import Base
import Glibc
import Subprocess
import TestPrograms
import Testing

/// Runs the scripts in `Scripts`: the real kubectl on a cluster of the real programs, from up to down; needs root.
@Suite struct LabTests {
    @Test(
        .enabled(if: getuid() == 0, "network namespaces need root"),
        // Far more than they take: the machine may be busy.
        .timeLimit(.minutes(20)),
        .serialized,
        arguments: [
            "cluster.sh",  // kubectl finds a cluster, and down leaves nothing of it.
            "rootless.sh",  // A user who is not root has all that, and a mesh, in namespaces of their own.
            "gateways.sh",  // Good and bad certificates at a gateway, and new ones under load, with real clients.
            "images.sh",  // The images for Kubernetes hold all that their programs need.
            "full-disk.sh",  // On a full disk objects are read and deleted.
            "crashes.sh",  // Killed under load, the mesh loses nothing and serves nothing in plaintext.
        ]
    )
    func `a cluster behaves as the script says`(script: String) async throws {
        let directory = #filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.startIndex)
        let program = try #require(Programs.path("apus-lab"), "build the product apus-lab first")
        let finished = try await Subprocess("bash", ["\(directory)/Scripts/\(script)", program]).run()
        #expect(finished.status.isSuccess, "\(finished.text)\n\(finished.errorText)")
    }
}
