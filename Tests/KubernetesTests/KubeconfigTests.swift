import Base
import JSON
import Kubernetes
import Testing

@Suite struct KubeconfigTests {
    private func config(_ cluster: JSON = ["server": "https://a:6443"], user: JSON = ["token": "t"]) throws
        -> Kubeconfig
    {
        var config = Kubeconfig()
        try config.add(
            [
                "current-context": "c", "clusters": [["name": "k", "cluster": cluster]],
                "users": [["name": "u", "user": user]],
                "contexts": [["name": "c", "context": ["cluster": "k", "user": "u", "namespace": "foo"]]],
            ],
            path: "/x/config"
        )
        return config
    }

    @Test func `reads the current context`() throws {
        let configuration = try config(["server": "https://10.0.0.1:6443", "certificate-authority-data": "UEVN"])
            .configuration()
        #expect(configuration.server == ServerURL(host: "10.0.0.1", port: 6443))
        #expect(configuration.rootsPEM == "PEM")
        #expect(configuration.credential == .token("t"))
        #expect(configuration.namespace == "foo")
    }

    @Test func `the first file that says something wins`() throws {
        var config = try config()
        try config.add(
            [
                "current-context": "d", "clusters": [["name": "k", "cluster": ["server": "https://b:1"]]],
                "contexts": [["name": "d", "context": ["cluster": "k"]]],
            ],
            path: "second"
        )
        #expect(config.currentContext == "c")
        #expect(try config.configuration(context: "d").server.host == "a")
        #expect(try config.configuration(context: "d").credential == .none)
    }

    @Test func `reads client certificates inline`() throws {
        let user: JSON = ["client-certificate-data": "Qw==", "client-key-data": "Sw=="]
        let credential = try config(user: user).configuration().credential
        #expect(credential == .certificate(chainPEM: "C", keyPEM: "K"))
        #expect("\(credential)" == "a client certificate")
    }

    @Test func `finds relative files beside the kubeconfig`() throws {
        #expect(try config(user: ["tokenFile": "tok"]).configuration().credential == .tokenFile("/x/tok"))
    }

    @Test(
        arguments: [
            ["exec": ["command": "aws"]], ["client-certificate-data": "Qw=="], ["client-certificate-data": "!"],
            ["client-certificate": "/does/not/exist"],
        ] as [JSON]
    )
    func `refuses a user it cannot be`(_ user: JSON) throws {
        let config = try config(user: user)
        #expect(throws: MeshError(.invalidConfiguration, "")) { try config.configuration() }
    }

    @Test func `names the context that is missing`() throws {
        let error = #expect(throws: MeshError.self) { try config().configuration(context: "nope") }
        #expect(error?.message.contains("\"nope\"") == true)
        #expect(throws: MeshError(.notFound, "")) { try Kubeconfig().configuration() }
    }

    @Test(arguments: [
        ("https://127.0.0.1:6443", "https://127.0.0.1:6443"), ("https://host", "https://host:443"),
        ("localhost:8080", "http://localhost:8080"), ("https://[::1]:6443/k8s/", "https://[::1]:6443/k8s"),
    ])
    func `reads addresses of servers`(_ text: String, _ expected: String) throws {
        #expect(try ServerURL(text).description == expected)
    }

    @Test(arguments: ["", "ftp://a", "https://", "https://a:0", "https://a:99999", "https://[::1", "https://u@a"])
    func `refuses addresses that are none`(_ text: String) {
        #expect(throws: MeshError(.invalidConfiguration, "")) { try ServerURL(text) }
    }

    @Test func `a pod is itself`() throws {
        let directory = "/tmp/apus-test-\(UInt32.random(in: 0 ... .max))"
        try Files.makeDirectory(directory)
        for (file, text) in [("token", "t"), ("ca.crt", "CA"), ("namespace", "foo\n")] {
            try Files.replace("\(directory)/\(file)", with: Array(text.utf8))
        }
        let environment = ["KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"]
        let configuration = try #require(
            try ClientConfiguration.inCluster(environment: { environment[$0] }, directory: directory)
        )
        #expect(configuration.server == ServerURL(host: "10.96.0.1", port: 443))
        #expect(configuration.credential == .tokenFile("\(directory)/token"))
        #expect(configuration.rootsPEM == "CA" && configuration.namespace == "foo")
        #expect(try ClientConfiguration.inCluster(environment: { _ in nil }, directory: directory) == nil)
    }
}
