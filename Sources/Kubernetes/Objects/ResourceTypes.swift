/// The resources that the mesh reads and writes, each in the version it speaks.
extension ResourceType {
    public static let namespaces = ResourceType("", "v1", "namespaces", kind: "Namespace", isNamespaced: false)
    public static let nodes = ResourceType("", "v1", "nodes", kind: "Node", isNamespaced: false)
    public static let pods = ResourceType("", "v1", "pods", kind: "Pod")
    public static let services = ResourceType("", "v1", "services", kind: "Service")
    public static let endpoints = ResourceType("", "v1", "endpoints", kind: "Endpoints")
    public static let configMaps = ResourceType("", "v1", "configmaps", kind: "ConfigMap")
    public static let secrets = ResourceType("", "v1", "secrets", kind: "Secret")
    public static let serviceAccounts = ResourceType("", "v1", "serviceaccounts", kind: "ServiceAccount")
    public static let events = ResourceType("", "v1", "events", kind: "Event")
    public static let endpointSlices = ResourceType(
        "discovery.k8s.io",
        "v1",
        "endpointslices",
        kind: "EndpointSlice"
    )

    public static let deployments = ResourceType("apps", "v1", "deployments", kind: "Deployment")
    public static let replicaSets = ResourceType("apps", "v1", "replicasets", kind: "ReplicaSet")
    public static let jobs = ResourceType("batch", "v1", "jobs", kind: "Job")
    public static let podDisruptionBudgets = ResourceType(
        "policy",
        "v1",
        "poddisruptionbudgets",
        kind: "PodDisruptionBudget"
    )
    public static let leases = ResourceType("coordination.k8s.io", "v1", "leases", kind: "Lease")

    public static let tokenReviews = ResourceType(
        "authentication.k8s.io",
        "v1",
        "tokenreviews",
        kind: "TokenReview",
        isNamespaced: false
    )
    public static let subjectAccessReviews = ResourceType(
        "authorization.k8s.io",
        "v1",
        "subjectaccessreviews",
        kind: "SubjectAccessReview",
        isNamespaced: false
    )
    public static let customResourceDefinitions = ResourceType(
        "apiextensions.k8s.io",
        "v1",
        "customresourcedefinitions",
        kind: "CustomResourceDefinition",
        isNamespaced: false
    )
    public static let mutatingWebhookConfigurations = ResourceType(
        "admissionregistration.k8s.io",
        "v1",
        "mutatingwebhookconfigurations",
        kind: "MutatingWebhookConfiguration",
        isNamespaced: false
    )
    public static let validatingWebhookConfigurations = ResourceType(
        "admissionregistration.k8s.io",
        "v1",
        "validatingwebhookconfigurations",
        kind: "ValidatingWebhookConfiguration",
        isNamespaced: false
    )

    public static let clusterRoles = ResourceType(
        "rbac.authorization.k8s.io",
        "v1",
        "clusterroles",
        kind: "ClusterRole",
        isNamespaced: false
    )
    public static let clusterRoleBindings = ResourceType(
        "rbac.authorization.k8s.io",
        "v1",
        "clusterrolebindings",
        kind: "ClusterRoleBinding",
        isNamespaced: false
    )
    public static let roles = ResourceType("rbac.authorization.k8s.io", "v1", "roles", kind: "Role")
    public static let roleBindings = ResourceType(
        "rbac.authorization.k8s.io",
        "v1",
        "rolebindings",
        kind: "RoleBinding"
    )
}

/// Istio's resources; served only where their CustomResourceDefinitions are installed.
extension ResourceType {
    public static let peerAuthentications = ResourceType(
        "security.istio.io",
        "v1beta1",
        "peerauthentications",
        kind: "PeerAuthentication"
    )
    public static let destinationRules = ResourceType(
        "networking.istio.io",
        "v1alpha3",
        "destinationrules",
        kind: "DestinationRule"
    )
    public static let virtualServices = ResourceType(
        "networking.istio.io",
        "v1alpha3",
        "virtualservices",
        kind: "VirtualService"
    )
    public static let gateways = ResourceType("networking.istio.io", "v1alpha3", "gateways", kind: "Gateway")
    public static let serviceEntries = ResourceType(
        "networking.istio.io",
        "v1alpha3",
        "serviceentries",
        kind: "ServiceEntry"
    )
    public static let workloadEntries = ResourceType(
        "networking.istio.io",
        "v1alpha3",
        "workloadentries",
        kind: "WorkloadEntry"
    )
    public static let sidecars = ResourceType("networking.istio.io", "v1alpha3", "sidecars", kind: "Sidecar")
    /// The policies of Istio 1.4 and before.
    public static let policies = ResourceType("authentication.istio.io", "v1alpha1", "policies", kind: "Policy")
    /// The mesh-wide policy of Istio 1.4 and before.
    public static let meshPolicies = ResourceType(
        "authentication.istio.io",
        "v1alpha1",
        "meshpolicies",
        kind: "MeshPolicy",
        isNamespaced: false
    )
}
