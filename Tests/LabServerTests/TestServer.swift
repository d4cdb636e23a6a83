import Base
import Glibc
import JSON
import Kubernetes
import Testing

@testable import LabServer

/// A server on a database of its own, which goes when the test ends.
final class TestServer: Sendable {
    let server: APIServer
    let directory: String

    init() async throws {
        var template = Array("/tmp/apus-labserver-XXXXXX".utf8CString)
        directory = try unsafe String(cString: #require(unsafe mkdtemp(&template)))
        server = try await APIServer(directory: directory)
    }

    deinit {
        let files = [
            "state.db", "state.db-wal", "state.db-shm", "state.db-reserve", "pki/ca.crt", "pki/ca.key", "pki/sa.key",
        ]
        for file in files { unsafe unlink("\(directory)/\(file)") }
        unsafe rmdir(directory + "/pki")
        unsafe rmdir(directory)
    }

    var api: LocalKubernetesAPI { server.local }
}

extension JSON {
    static func configMap(_ name: String, _ data: [String: String] = [:], labels: [String: String] = [:]) -> JSON {
        ["metadata": ["name": .string(name), "labels": .strings(labels)], "data": .strings(data)]
    }
}
