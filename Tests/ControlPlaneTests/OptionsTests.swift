import Base
import Discovery
import GRPC
import HTTP
import Identity
import JSON
import Kubernetes
import Network
import Synchronization
import TLS
import TestKubernetes
import Testing

@testable import ControlPlane

@Suite struct OptionsTests {
    @Test func `reads what the Deployment gives`() throws {
        let environment = ["POD_NAMESPACE": "mesh", "REVISION": "canary", "MAX_WORKLOAD_CERT_TTL": "1h30m"]
        let options = try Options(
            arguments: [
                "discovery", "--monitoringAddr=:15014", "--log_output_level=default:debug", "--domain", "my.local",
            ]
        ) { environment[$0] }
        #expect(options.namespace == "mesh" && options.domain == "my.local" && options.logLevel == .debug)
        #expect(options.longestLifetime == .seconds(5400))
        #expect(
            options.serverNames.contains("istiod-canary.mesh.svc") && options.serverNames.contains("istiod.mesh.svc")
        )
        #expect(options.plaintextPort == nil)
    }

    @Test(arguments: [["--nonsense=1"], ["serve"], ["--domain"], ["--httpsAddr=x"], ["--log_output_level=loud"]])
    func `refuses what it does not know`(_ arguments: [String]) {
        #expect(throws: MeshError(.invalidConfiguration, "")) { try Options(arguments: arguments) { _ in nil } }
    }

    @Test(arguments: ["1x", "h", "", "-1h", "1"]) func `refuses a bad duration`(_ text: String) {
        #expect(throws: MeshError(.invalidConfiguration, "")) {
            try Options(arguments: []) { $0 == "MAX_WORKLOAD_CERT_TTL" ? text : nil }
        }
    }
}
