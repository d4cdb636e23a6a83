extension BuiltInSchemas {
    /// The named groups; each package is one group.
    static let groups = """
        package apps
        Deployment: metadata meta.ObjectMeta, spec DeploymentSpec, status DeploymentStatus
        ReplicaSet: metadata meta.ObjectMeta, spec ReplicaSetSpec, status ReplicaSetStatus
        DeploymentSpec: replicas int32?, selector! meta.LabelSelector, template! core.PodTemplateSpec,
          strategy DeploymentStrategy, minReadySeconds int32, revisionHistoryLimit int32?, paused bool,
          progressDeadlineSeconds=9 int32?
        DeploymentStatus: observedGeneration int64, replicas int32, updatedReplicas int32, readyReplicas=7 int32,
          availableReplicas=4 int32, unavailableReplicas int32, conditions []DeploymentCondition@type,
          collisionCount=8 int32?
        ReplicaSetSpec: replicas int32?, minReadySeconds=4 int32, selector=2! meta.LabelSelector,
          template core.PodTemplateSpec
        ReplicaSetStatus: replicas! int32, fullyLabeledReplicas int32, readyReplicas=4 int32,
          availableReplicas int32, observedGeneration=3 int64, conditions=6 []ReplicaSetCondition@type
        DeploymentStrategy: type string, rollingUpdate RollingUpdateDeployment
        DeploymentCondition: type! string, status! string, lastUpdateTime=6 time, lastTransitionTime time,
          reason=4 string, message string
        ReplicaSetCondition: type! string, status! string, lastTransitionTime time, reason string, message string
        RollingUpdateDeployment: maxUnavailable intOrString, maxSurge intOrString
        package batch
        Job: metadata meta.ObjectMeta, spec JobSpec, status JobStatus
        JobSpec: parallelism int32?, completions int32?, activeDeadlineSeconds int64?, podFailurePolicy=11 any,
          successPolicy=16 any, backoffLimit=7 int32?, backoffLimitPerIndex=12 int32?, maxFailedIndexes int32?,
          selector=4 meta.LabelSelector, manualSelector bool?, template! core.PodTemplateSpec,
          ttlSecondsAfterFinished=8 int32?, completionMode string?, suspend bool?, podReplacementPolicy=14 string?,
          managedBy string?
        JobStatus: conditions []JobCondition@type, startTime time, completionTime time, active int32,
          succeeded int32, failed int32, terminating=11 int32?, completedIndexes=7 string, failedIndexes=10 string?,
          uncountedTerminatedPods=8 UncountedTerminatedPods, ready int32?
        JobCondition: type! string, status! string, lastProbeTime time, lastTransitionTime time, reason string,
          message string
        UncountedTerminatedPods: succeeded []string#, failed []string#
        package discovery
        EndpointSlice: metadata meta.ObjectMeta, addressType=4! string, endpoints=2! []Endpoint,
          ports []EndpointPort
        Endpoint: addresses! []string#, conditions EndpointConditions, hostname string?,
          targetRef core.ObjectReference, deprecatedTopology {}string, nodeName string?, zone string?,
          hints EndpointHints
        EndpointPort: name string?, protocol string?, port int32?, appProtocol string?
        EndpointConditions: ready bool?, serving bool?, terminating bool?
        EndpointHints: forZones []ForZone
        ForZone: name! string
        package rbac
        Role: metadata meta.ObjectMeta, rules []PolicyRule
        RoleBinding: metadata meta.ObjectMeta, subjects []Subject, roleRef! RoleRef
        ClusterRole: metadata meta.ObjectMeta, rules []PolicyRule, aggregationRule AggregationRule
        ClusterRoleBinding: metadata meta.ObjectMeta, subjects []Subject, roleRef! RoleRef
        PolicyRule: verbs! []string, apiGroups []string, resources []string, resourceNames []string,
          nonResourceURLs []string
        Subject: kind! string, apiGroup string, name! string, namespace string
        RoleRef: apiGroup! string, kind! string, name! string
        AggregationRule: clusterRoleSelectors []meta.LabelSelector
        package coordination
        Lease: metadata meta.ObjectMeta, spec LeaseSpec
        LeaseSpec: holderIdentity string?, leaseDurationSeconds int32?, acquireTime microtime, renewTime microtime,
          leaseTransitions int32?, strategy string?, preferredHolder string?
        package events
        Event: metadata meta.ObjectMeta, eventTime! microtime, series EventSeries, reportingController string,
          reportingInstance string, action string, reason string, regarding core.ObjectReference,
          related core.ObjectReference, note string, type string, deprecatedSource core.EventSource,
          deprecatedFirstTimestamp time, deprecatedLastTimestamp time, deprecatedCount int32
        EventSeries: count! int32, lastObservedTime! microtime
        package admissionregistration
        MutatingWebhookConfiguration: metadata meta.ObjectMeta, webhooks []MutatingWebhook@name
        ValidatingWebhookConfiguration: metadata meta.ObjectMeta, webhooks []ValidatingWebhook@name
        MutatingWebhook: name! string, clientConfig! WebhookClientConfig, rules []RuleWithOperations,
          failurePolicy string?, matchPolicy=9 string?, namespaceSelector=5 meta.LabelSelector,
          objectSelector=11 meta.LabelSelector, sideEffects=6! string?, timeoutSeconds int32?,
          admissionReviewVersions! []string, reinvocationPolicy=10 string?, matchConditions=12 []MatchCondition@name
        ValidatingWebhook: name! string, clientConfig! WebhookClientConfig, rules []RuleWithOperations,
          failurePolicy string?, matchPolicy=9 string?, namespaceSelector=5 meta.LabelSelector,
          objectSelector=10 meta.LabelSelector, sideEffects=6! string?, timeoutSeconds int32?,
          admissionReviewVersions! []string, matchConditions=11 []MatchCondition@name
        WebhookClientConfig: url=3 string?, service=1 ServiceReference, caBundle bytes
        RuleWithOperations: operations []string, * Rule
        MatchCondition: name! string, expression! string
        ServiceReference: namespace! string, name! string, path string?, port int32?
        Rule: apiGroups []string, apiVersions []string, resources []string, scope string?
        package authentication
        TokenReview: metadata meta.ObjectMeta, spec! TokenReviewSpec, status TokenReviewStatus
        TokenRequest: metadata meta.ObjectMeta, spec! TokenRequestSpec, status TokenRequestStatus
        SelfSubjectReview: metadata meta.ObjectMeta, status SelfSubjectReviewStatus
        TokenReviewSpec: token string, audiences []string
        TokenReviewStatus: authenticated bool, user UserInfo, audiences=4 []string, error=3 string
        TokenRequestSpec: audiences! []string, expirationSeconds=4 int64?, boundObjectRef=3 BoundObjectReference
        TokenRequestStatus: token! string, expirationTimestamp! time
        SelfSubjectReviewStatus: userInfo UserInfo
        UserInfo: username string, uid string, groups []string, extra {}[]string
        BoundObjectReference: kind string, apiVersion string, name string, uid string
        package authorization
        SubjectAccessReview: metadata meta.ObjectMeta, spec! SubjectAccessReviewSpec,
          status SubjectAccessReviewStatus
        SelfSubjectAccessReview: metadata meta.ObjectMeta, spec! SelfSubjectAccessReviewSpec,
          status SubjectAccessReviewStatus
        LocalSubjectAccessReview: metadata meta.ObjectMeta, spec! SubjectAccessReviewSpec,
          status SubjectAccessReviewStatus
        SelfSubjectRulesReview: metadata meta.ObjectMeta, spec! SelfSubjectRulesReviewSpec,
          status SubjectRulesReviewStatus
        SubjectAccessReviewSpec: resourceAttributes ResourceAttributes, nonResourceAttributes NonResourceAttributes,
          user string, groups []string, extra {}[]string, uid string
        SubjectAccessReviewStatus: allowed! bool, denied=4 bool, reason=2 string, evaluationError string
        SelfSubjectAccessReviewSpec: resourceAttributes ResourceAttributes,
          nonResourceAttributes NonResourceAttributes
        SelfSubjectRulesReviewSpec: namespace string
        SubjectRulesReviewStatus: resourceRules! []ResourceRule, nonResourceRules! []NonResourceRule,
          incomplete! bool, evaluationError string
        ResourceAttributes: namespace string, verb string, group string, version string, resource string,
          subresource string, name string, fieldSelector FieldSelectorAttributes,
          labelSelector LabelSelectorAttributes
        NonResourceAttributes: path string, verb string
        ResourceRule: verbs! []string, apiGroups []string, resources []string, resourceNames []string
        NonResourceRule: verbs! []string, nonResourceURLs []string
        FieldSelectorAttributes: rawSelector string, requirements []meta.FieldSelectorRequirement
        LabelSelectorAttributes: rawSelector string, requirements []meta.LabelSelectorRequirement
        package policy
        Eviction: metadata meta.ObjectMeta, deleteOptions meta.DeleteOptions
        PodDisruptionBudget: metadata meta.ObjectMeta, spec PodDisruptionBudgetSpec,
          status PodDisruptionBudgetStatus
        PodDisruptionBudgetSpec: minAvailable intOrString, selector meta.LabelSelector, maxUnavailable intOrString,
          unhealthyPodEvictionPolicy string?
        PodDisruptionBudgetStatus: observedGeneration int64, disruptedPods {}time, disruptionsAllowed! int32,
          currentHealthy! int32, desiredHealthy! int32, expectedPods! int32, conditions []meta.Condition@type
        package autoscaling
        Scale: metadata meta.ObjectMeta, spec ScaleSpec, status ScaleStatus
        ScaleSpec: replicas int32
        ScaleStatus: replicas! int32, selector string
        """
}
