internal import JSON
internal import Kubernetes

/// The collections that an installation has objects in.
enum ObjectTypes {
    private static let builtIn: [ResourceType] = [
        .namespaces, .customResourceDefinitions, .serviceAccounts, .clusterRoles, .clusterRoleBindings, .roles,
        .roleBindings, .configMaps, .services, .deployments, .mutatingWebhookConfigurations,
        .validatingWebhookConfigurations, .podDisruptionBudgets,
    ]

    /// The collection of `object`; nil for a kind that no installation has.
    static func type(of object: JSON) -> ResourceType? {
        let kind = object["kind"]?.string
        let version = object["apiVersion"]?.string ?? ""
        if let type = builtIn.first(where: { $0.kind == kind && $0.apiVersion == version }) { return type }
        let parts = version.split(separator: "/")
        guard parts.count == 2,
            let definition = Definition.all.first(where: { $0.kind == kind && $0.group == parts[0] })
        else { return nil }
        return definition.type(version: String(parts[1]))
    }

    /// What belongs to a gateway.
    static let ofGateways: [ResourceType] = [
        .deployments, .podDisruptionBudgets, .services, .roleBindings, .roles, .serviceAccounts,
    ]

    /// What uninstalling removes, in the order in which it does.
    static let removable: [ResourceType] =
        [.mutatingWebhookConfigurations, .validatingWebhookConfigurations]
        + Definition.policyKinds.map(\.installedType)
        + [
            .deployments, .podDisruptionBudgets, .services, .configMaps, .roleBindings, .roles, .clusterRoleBindings,
            .clusterRoles,
            .serviceAccounts, .customResourceDefinitions,
        ]
}

extension Definition {
    func type(version: String) -> ResourceType {
        ResourceType(group, version, plural, kind: kind, isNamespaced: isNamespaced)
    }

    /// The collection in the version in which an installation writes objects of this kind.
    var installedType: ResourceType { type(version: versions.contains("v1alpha3") ? "v1alpha3" : versions[0]) }

    /// The kinds of which an installation may create objects.
    static let policyKinds = all.filter { ["DestinationRule", "Policy", "MeshPolicy"].contains($0.kind) }
}
