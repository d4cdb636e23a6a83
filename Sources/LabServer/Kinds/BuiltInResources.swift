import Kubernetes

/// The table of built-in resources.
enum BuiltInResources {
    static let all: [ResourceDefinition] = core + workloads + access + extensions

    private static let core: [ResourceDefinition] = [
        define(.namespaces, "core.Namespace", short: ["ns"], ["status", "finalize"], NamespaceStrategy()) {
            $0.selectableFields = ["status.phase"]
        },
        define(.nodes, "core.Node", short: ["no"], ["status"]) {
            $0.selectableFields = ["spec.unschedulable"]
        },
        define(
            .pods,
            "core.Pod",
            short: ["po"],
            ["status", "log", "exec", "attach", "portforward", "eviction", "binding"],
            PodStrategy()
        ) {
            $0.categories = ["all"]
            $0.selectableFields = [
                "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
                "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName",
            ]
        },
        define(.services, "core.Service", short: ["svc"], ["status"], ServiceStrategy()) {
            $0.categories = ["all"]
            $0.selectableFields = ["spec.clusterIP", "spec.type"]
        },
        define(.endpoints, "core.Endpoints", short: ["ep"]),
        define(.endpointSlices, "discovery.EndpointSlice", strategy: EndpointSliceStrategy()),
        define(.configMaps, "core.ConfigMap", short: ["cm"], strategy: ConfigMapStrategy()),
        define(.secrets, "core.Secret", strategy: SecretStrategy()) { $0.selectableFields = ["type"] },
        define(.serviceAccounts, "core.ServiceAccount", short: ["sa"], ["token"]),
        define(.events, "core.Event", short: ["ev"]) { $0.selectableFields = EventConversion.coreFields },
        define(.newEvents, storedAs: .events, "events.Event", short: ["ev"]) {
            $0.selectableFields = EventConversion.newFields
            $0.conversion = EventConversion.conversion
            $0.columns = TableColumns(columns: TableColumns.event.columns) { event in
                TableColumns.event.cells(EventConversion.conversion.toStored(event))
            }
        },
        define(.leases, "coordination.Lease"),
    ]

    private static let workloads: [ResourceDefinition] = [
        define(.deployments, "apps.Deployment", short: ["deploy"], ["status", "scale"], DeploymentStrategy()) {
            $0.categories = ["all"]
        },
        define(
            .oldDeployments,
            storedAs: .deployments,
            "extensions.Deployment",
            ["status", "scale"],
            DeploymentStrategy(takesSelectorFromTemplate: true)
        ) {
            $0.deprecationWarning =
                "extensions/v1beta1 Deployment is deprecated in v1.9+, unavailable in v1.16+ of Kubernetes; use apps/v1 Deployment"
        },
        define(.replicaSets, "apps.ReplicaSet", short: ["rs"], ["status", "scale"], ReplicaSetStrategy()) {
            $0.categories = ["all"]
            $0.selectableFields = ["status.replicas"]
        },
        define(.jobs, "batch.Job", ["status"], JobStrategy()) {
            $0.categories = ["all"]
            $0.selectableFields = ["status.successful"]
        },
        define(.podDisruptionBudgets, "policy.PodDisruptionBudget", short: ["pdb"], ["status"]),
    ]

    private static let access: [ResourceDefinition] = [
        define(.roles, "rbac.Role", strategy: AccessStrategy()),
        define(.roleBindings, "rbac.RoleBinding", strategy: AccessStrategy()),
        define(.clusterRoles, "rbac.ClusterRole", strategy: AccessStrategy()),
        define(.clusterRoleBindings, "rbac.ClusterRoleBinding", strategy: AccessStrategy()),
        review(.tokenReviews, "authentication.TokenReview"),
        review(.selfSubjectReviews, "authentication.SelfSubjectReview"),
        review(.subjectAccessReviews, "authorization.SubjectAccessReview"),
        review(.selfSubjectAccessReviews, "authorization.SelfSubjectAccessReview"),
        review(.localSubjectAccessReviews, "authorization.LocalSubjectAccessReview"),
        review(.selfSubjectRulesReviews, "authorization.SelfSubjectRulesReview"),
    ]

    private static let extensions: [ResourceDefinition] = [
        define(
            .customResourceDefinitions,
            "apiextensions.CustomResourceDefinition",
            short: ["crd", "crds"],
            ["status"],
            CustomResourceDefinitionStrategy()
        ) { $0.categories = ["api-extensions"] },
        define(
            .mutatingWebhookConfigurations,
            "admissionregistration.MutatingWebhookConfiguration",
            strategy: WebhookConfigurationStrategy()
        ) { $0.categories = ["api-extensions"] },
        define(
            .validatingWebhookConfigurations,
            "admissionregistration.ValidatingWebhookConfiguration",
            strategy: WebhookConfigurationStrategy()
        ) { $0.categories = ["api-extensions"] },
    ]

    private static func define(
        _ type: ResourceType,
        storedAs stored: ResourceType? = nil,
        _ schema: String,
        short: [String] = [],
        _ subresources: Set<String> = [],
        _ strategy: any ResourceStrategy = PlainStrategy(),
        _ refine: (inout ResourceDefinition) -> Void = { _ in }
    ) -> ResourceDefinition {
        var definition = ResourceDefinition(type, storedAs: stored, schema: .builtIn(schema))
        definition.shortNames = short
        definition.subresources = subresources
        definition.strategy = strategy
        definition.columns = columns[type] ?? .plain
        refine(&definition)
        return definition
    }

    private static func define(
        _ type: ResourceType,
        _ schema: String,
        short: [String] = [],
        strategy: any ResourceStrategy,
        _ refine: (inout ResourceDefinition) -> Void = { _ in }
    ) -> ResourceDefinition {
        define(type, schema, short: short, [], strategy, refine)
    }

    private static func review(_ type: ResourceType, _ schema: String) -> ResourceDefinition {
        define(type, schema) { $0.isReview = true }
    }

    private static let columns: [ResourceType: TableColumns] = [
        .namespaces: .namespace,
        .nodes: .node,
        .pods: .pod,
        .services: .service,
        .endpoints: .endpoints,
        .endpointSlices: .endpointSlice,
        .configMaps: .configMap,
        .secrets: .secret,
        .serviceAccounts: .serviceAccount,
        .events: .event,
        .leases: .lease,
        .deployments: .deployment,
        .oldDeployments: .deployment,
        .replicaSets: .replicaSet,
        .jobs: .job,
        .podDisruptionBudgets: .podDisruptionBudget,
        .roles: .created,
        .clusterRoles: .created,
        .roleBindings: .binding,
        .clusterRoleBindings: .binding,
        .customResourceDefinitions: .created,
        .mutatingWebhookConfigurations: .webhooks,
        .validatingWebhookConfigurations: .webhooks,
    ]
}

extension ResourceType {
    static let newEvents = ResourceType("events.k8s.io", "v1", "events", kind: "Event")
    /// Deployments as they were written before Kubernetes 1.16.
    static let oldDeployments = ResourceType("extensions", "v1beta1", "deployments", kind: "Deployment")
    static let selfSubjectReviews = ResourceType(
        "authentication.k8s.io",
        "v1",
        "selfsubjectreviews",
        kind: "SelfSubjectReview",
        isNamespaced: false
    )
    static let selfSubjectAccessReviews = ResourceType(
        "authorization.k8s.io",
        "v1",
        "selfsubjectaccessreviews",
        kind: "SelfSubjectAccessReview",
        isNamespaced: false
    )
    static let localSubjectAccessReviews = ResourceType(
        "authorization.k8s.io",
        "v1",
        "localsubjectaccessreviews",
        kind: "LocalSubjectAccessReview"
    )
    static let selfSubjectRulesReviews = ResourceType(
        "authorization.k8s.io",
        "v1",
        "selfsubjectrulesreviews",
        kind: "SelfSubjectRulesReview",
        isNamespaced: false
    )
}
