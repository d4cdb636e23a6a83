internal import Base
internal import JSON
internal import Kubernetes

/// Checks that everything of an installation is there and ready.
struct Verification {
    let api: any KubernetesAPI
    let console: Console

    /// - Throws: ``ExitError`` when something is missing; what it is has been said.
    func verify(_ installation: Installation) async throws {
        var failures = 0
        var definitions = 0
        var deployments = 0
        for object in try await Manifests(installation).served(by: api).all {
            guard let type = ObjectTypes.type(of: object) else { continue }
            let namespace = object["metadata", "namespace"]?.string
            let name = object["metadata", "name"]?.string ?? ""
            let title = "\(type.kind): \(name)" + (namespace.map { ".\($0)" } ?? "")
            if let problem = try await problem(type, namespace, name) {
                failures += 1
                console.complain("\(console.colored("✘", "31", on: .error)) \(title): \(problem)")
                continue
            }
            if type == .customResourceDefinitions { definitions += 1 }
            if type == .deployments { deployments += 1 }
            console.print("\(console.colored("✔", "32")) \(title) checked successfully")
        }
        console.print("Checked \(definitions) custom resource definitions")
        console.print("Checked \(deployments) Istio Deployments")
        guard failures == 0 else {
            throw ExitError(
                "Istio installation failed, incomplete or does not match \"\(installation.profile.rawValue)\" profile"
            )
        }
        console.print("\(console.colored("✔", "32")) Istio is installed and verified successfully")
    }

    private func problem(_ type: ResourceType, _ namespace: String?, _ name: String) async throws -> String? {
        do {
            let live = try await api.get(type, namespace: namespace, name: name)
            return type == .deployments ? Rollout.missing(live) : nil
        } catch let error as StatusError where error.isNotFound {
            return "not found"
        }
    }
}

extension Command {
    static let verifyInstall = Command(
        name: "verify-install",
        summary: "Verifies Istio Installation Status",
        flags: [
            Flag("filename", "f", .strings, "File with the IstioOperator that was installed"),
            Flag("set", "s", .strings, "A setting that was given when installing"),
            Flag("revision", "r", "The revision to verify"),
        ],
        run: { invocation in
            let cluster = try await invocation.cluster()
            let installation = try Installation(invocation, isLegacy: false)
            try await Verification(api: cluster.api, console: invocation.console).verify(installation)
        }
    )
}
