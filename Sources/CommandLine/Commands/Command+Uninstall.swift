internal import Base
internal import JSON
internal import Kubernetes

extension Command {
    static let uninstall = Command(
        name: "uninstall",
        summary: "Uninstall Istio from a cluster",
        details: "The uninstall command removes what was installed; namespaces and the mesh's root key stay.",
        examples: """
            # Remove everything
            istioctl uninstall --purge

            # Remove one revision's control plane
            istioctl uninstall --revision canary
            """,
        flags: [
            Flag("purge", "", .bool, "Delete all of Istio's objects, its kinds and their objects included"),
            Flag("revision", "r", "The revision whose control plane is removed"),
            Flag("filename", "f", .strings, "File with the IstioOperator whose control plane is removed"),
            Flag("skip-confirmation", "y", .bool, "Uninstall without asking"),
        ],
        run: { invocation in
            let console = invocation.console
            guard invocation.has("purge") || invocation.has("revision") || invocation.has("filename") else {
                throw ExitError("at least one of the --revision (or --filename) or --purge flags must be set")
            }
            let cluster = try await invocation.cluster()
            let removal = Removal(api: cluster.api, selector: try selector(invocation))
            let objects = try await removal.objects(withDefinitions: invocation.bool("purge"))
            guard !objects.isEmpty else {
                console.print("No resources will be pruned from the cluster. Please double check the input configs")
                return
            }
            if !invocation.bool("skip-confirmation") {
                let what = invocation.bool("purge") ? "All Istio resources" : "\(objects.count) Istio resources"
                console.print("\(what) will be pruned from the cluster")
                guard Confirmation(console: console).ask("Proceed? (y/N) ") else { throw ExitError("Cancelled.") }
            }
            for object in objects {
                try await removal.remove(object)
                console.print("  Removed \(object)..")
            }
            console.print("\(console.colored("✔", "32")) Uninstall complete")
        }
    )

    /// Which of the installation's objects are meant.
    private static func selector(_ invocation: Invocation) throws -> String {
        if invocation.bool("purge") { return Manifests.componentLabel }
        let label = try Installation(invocation, isLegacy: false).revisionLabel
        // Definitions and roles serve every revision, so they are not removed with one.
        return "\(Manifests.componentLabel)=Pilot,istio.io/rev=\(label)"
    }
}

/// One object that will be removed.
struct RemovableObject: CustomStringConvertible {
    let type: ResourceType
    let namespace: String?
    let name: String

    var description: String { "\(type.kind):\(namespace ?? ""):\(name)" }
}

/// Finds and removes what was installed.
struct Removal {
    let api: any KubernetesAPI
    let selector: String

    func objects(withDefinitions: Bool) async throws -> [RemovableObject] {
        var found: [RemovableObject] = []
        for type in ObjectTypes.removable where withDefinitions || type != .customResourceDefinitions {
            // None where the kind itself is not there (any more).
            found += try await (api.itemsIfServed(type, labelSelector: selector) ?? []).map { object in
                RemovableObject(
                    type: type,
                    namespace: object["metadata", "namespace"]?.string,
                    name: object["metadata", "name"]?.string ?? ""
                )
            }
        }
        return found
    }

    func remove(_ object: RemovableObject) async throws {
        do {
            try await api.delete(object.type, namespace: object.namespace, name: object.name, gracePeriodSeconds: nil)
        } catch let error as StatusError where error.isNotFound {
            return  // Somebody else was faster, or it went with its kind.
        }
    }
}
