internal import Base
internal import JSON
internal import MeshAPI

/// Every object of an installation, in the order in which it has to be there.
struct Manifests {
    /// Namespace, definitions, accounts and roles.
    var core: [JSON] = []
    /// The control plane and what calls it.
    var controlPlane: [JSON] = []
    /// Policies of the mesh itself, which the control plane validates when it is there.
    var policies: [JSON] = []
    var egressGateways: [JSON] = []
    var ingressGateways: [JSON] = []

    var all: [JSON] { core + controlPlane + policies + egressGateways + ingressGateways }

    /// - Throws: `invalidConfiguration` when a gateway's annotations hold what they must not.
    init(_ installation: Installation) throws(MeshError) {
        if installation.installsBase {
            core.append([
                "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(installation.namespace)],
            ])
            core += Definition.all.map(\.object)
            core += AccessControl(installation).objects
        }
        if installation.installsControlPlane {
            controlPlane += ControlPlaneManifest(installation).objects
            controlPlane += WebhookManifest(installation).objects
        }
        policies = installation.meshOperator.legacyObjects()
        core = core.map { Self.labelled($0, component: "Base", installation) }
        controlPlane = controlPlane.map { Self.labelled($0, component: "Pilot", installation) }
        policies = policies.map { Self.labelled($0, component: "Base", installation) }
        egressGateways = try Self.gateways(.egress, installation)
        ingressGateways = try Self.gateways(.ingress, installation)
    }

    private static func gateways(
        _ kind: GatewaySettings.Kind,
        _ installation: Installation
    ) throws(MeshError) -> [JSON] {
        var objects: [JSON] = []
        for gateway in installation.gateways(kind) {
            objects += try GatewayManifest(gateway, installation).objects
        }
        return objects.map { labelled($0, component: kind.component, installation) }
    }

    /// The label by which uninstalling finds its own objects again.
    static let componentLabel = "operator.istio.io/component"

    private static func labelled(_ object: JSON, component: String, _ installation: Installation) -> JSON {
        // The namespace is not ours alone: uninstalling leaves it.
        guard object["kind"]?.string != "Namespace" else { return object }
        var object = object
        var labels = object["metadata", "labels"]?.strings ?? [:]
        labels[componentLabel] = component
        labels["operator.istio.io/managed"] = "Reconcile"
        labels["istio.io/rev"] = installation.revisionLabel
        object["metadata", "labels"] = .strings(labels)
        return object
    }
}
