import Base
import JSON
import YAML

/// The file that tells kubectl where the cluster is and who its user is.
enum Kubeconfig {
    /// - Parameters:
    ///   - server: Such as `https://127.0.0.1:6443`.
    ///   - namespace: Where objects are when nobody says.
    static func text(
        server: String,
        namespace: String,
        authorityPEM: String,
        certificatePEM: String,
        keyPEM: String
    ) -> String {
        func data(_ pem: String) -> JSON { .string(Base64.encode(Array(pem.utf8))) }
        let name: JSON = "apus-lab"
        var context: JSON = ["cluster": name, "user": name]
        if namespace != "default" { context["namespace"] = .string(namespace) }
        return YAML.text([
            "apiVersion": "v1", "kind": "Config", "current-context": name, "preferences": [:],
            "clusters": [
                [
                    "name": name,
                    "cluster": ["server": .string(server), "certificate-authority-data": data(authorityPEM)],
                ]
            ],
            "users": [
                [
                    "name": name,
                    "user": ["client-certificate-data": data(certificatePEM), "client-key-data": data(keyPEM)],
                ]
            ],
            "contexts": [["name": name, "context": context]],
        ])
    }
}
