internal import Base
internal import JSON
internal import Kubernetes

extension Command {
    static let precheck = Command(
        name: "precheck",
        summary: "Check whether Istio can safely be installed or upgraded",
        examples: "istioctl x precheck",
        flags: [Flag("skip-controlplane", "", .bool, "Leave out what only matters for installing the control plane")],
        run: { invocation in
            let console = invocation.console
            let cluster = try await invocation.cluster()
            var problems: [String] = []
            if !invocation.bool("skip-controlplane") {
                let check = PermissionCheck(api: cluster.api, namespace: invocation.systemNamespace)
                problems = try await check.missing()
            }
            guard problems.isEmpty else {
                for problem in problems { console.print(problem) }
                throw ExitError(
                    "Issues found when checking the cluster. Istio may not be safe to install or upgrade.\n"
                        + "Run: kubectl auth can-i --list"
                )
            }
            console.complain(
                """
                \(console.colored("✔", "32", on: .error)) No issues found when checking the cluster. Istio is safe to \
                install or upgrade!
                  To get started, check out docs/tasks/auto-mtls.md
                """
            )
        }
    )
}

/// Whether this user may create what an installation consists of.
private struct PermissionCheck {
    let api: any KubernetesAPI
    let namespace: String

    private static let reviews = ResourceType(
        "authorization.k8s.io",
        "v1",
        "selfsubjectaccessreviews",
        kind: "SelfSubjectAccessReview",
        isNamespaced: false
    )

    private static let needed: [ResourceType] = [
        .namespaces, .clusterRoles, .clusterRoleBindings, .customResourceDefinitions, .roles, .serviceAccounts,
        .services, .deployments, .configMaps, .mutatingWebhookConfigurations, .validatingWebhookConfigurations,
    ]

    /// One line for each thing that may not be created, as an analyzer's message.
    func missing() async throws -> [String] {
        var lines: [String] = []
        for type in Self.needed {
            var attributes: JSON = [
                "verb": "create", "group": .string(type.group), "version": .string(type.version),
                "resource": .string(type.plural),
            ]
            if type.isNamespaced { attributes["namespace"] = .string(namespace) }
            let review: JSON = [
                "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": ["resourceAttributes": attributes],
            ]
            let answer = try await api.create(Self.reviews, namespace: nil, review)
            guard answer["status", "allowed"]?.bool != true else { continue }
            let reason = answer["status", "reason"]?.string ?? "not allowed"
            lines.append(
                "Error [IST0141] (\(type.kind)) Missing required permission to create resource \(type) (\(reason))"
            )
        }
        return lines
    }
}
