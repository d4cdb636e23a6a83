extension BuiltInSchemas {
    /// What all groups share, the Deployment of old, and the CustomResourceDefinition.
    static let meta = """
        package meta
        ObjectMeta: name string, generateName string, namespace string, selfLink string, uid string,
          resourceVersion string, generation int64, creationTimestamp time, deletionTimestamp time,
          deletionGracePeriodSeconds int64?, labels {}string, annotations {}string,
          ownerReferences []OwnerReference@uid, finalizers []string@, managedFields=17 []ManagedFieldsEntry
        OwnerReference: apiVersion=5! string, kind=1! string, name=3! string, uid! string, controller=6 bool?,
          blockOwnerDeletion bool?
        ManagedFieldsEntry: manager string, operation string, apiVersion string, time time, fieldsType=6 string,
          fieldsV1 any, subresource string
        ListMeta: selfLink string, resourceVersion string, continue string, remainingItemCount int64
        LabelSelector: matchLabels {}string, matchExpressions []LabelSelectorRequirement
        LabelSelectorRequirement: key! string, operator! string, values []string
        FieldSelectorRequirement: key! string, operator! string, values []string
        Condition: type! string, status! string, observedGeneration int64, lastTransitionTime! time,
          reason! string, message! string
        DeleteOptions: gracePeriodSeconds int64?, preconditions Preconditions, orphanDependents bool?,
          propagationPolicy string, dryRun []string, ignoreStoreReadErrorWithClusterBreakingPotential bool?,
          kind=0 string, apiVersion=0 string
        Preconditions: uid string, resourceVersion string
        package extensions
        Deployment: metadata meta.ObjectMeta, spec DeploymentSpec, status apps.DeploymentStatus
        DeploymentSpec: replicas int32?, selector meta.LabelSelector, template! core.PodTemplateSpec,
          strategy apps.DeploymentStrategy, minReadySeconds int32, revisionHistoryLimit int32?, paused bool,
          progressDeadlineSeconds=9 int32?
        package apiextensions
        CustomResourceDefinition: metadata meta.ObjectMeta, spec! CustomResourceDefinitionSpec,
          status CustomResourceDefinitionStatus
        CustomResourceDefinitionSpec: group! string, names! CustomResourceDefinitionNames, scope! string,
          versions! []CustomResourceDefinitionVersion, conversion CustomResourceConversion,
          preserveUnknownFields bool
        CustomResourceDefinitionNames: plural! string, singular string, shortNames []string, kind! string,
          listKind string, categories []string
        CustomResourceDefinitionVersion: name! string, served! bool, storage! bool, deprecated bool,
          deprecationWarning string, schema CustomResourceValidation, subresources CustomResourceSubresources,
          additionalPrinterColumns []CustomResourceColumnDefinition, selectableFields []SelectableField
        SelectableField: jsonPath! string
        CustomResourceValidation: openAPIV3Schema JSONSchemaProps
        CustomResourceSubresources: status any, scale CustomResourceSubresourceScale
        CustomResourceSubresourceScale: specReplicasPath! string, statusReplicasPath! string,
          labelSelectorPath string
        CustomResourceColumnDefinition: name! string, type! string, format string, description string,
          priority int32, jsonPath! string
        CustomResourceConversion: strategy! string, webhook any
        CustomResourceDefinitionStatus: conditions []CustomResourceDefinitionCondition#type,
          acceptedNames CustomResourceDefinitionNames, storedVersions []string
        CustomResourceDefinitionCondition: type! string, status! string, lastTransitionTime time, reason string,
          message string
        ValidationRule: rule! string, message string, messageExpression string, reason string, fieldPath string,
          optionalOldSelf bool
        JSONSchemaProps: id string, $schema string, $ref string, description string, type string, format string,
          title string, default any, maximum double, exclusiveMaximum bool, minimum double, exclusiveMinimum bool,
          maxLength int64, minLength int64, pattern string, maxItems int64, minItems int64, uniqueItems bool,
          multipleOf double, enum []any, maxProperties int64, minProperties int64, required []string, items any,
          allOf []JSONSchemaProps, oneOf []JSONSchemaProps, anyOf []JSONSchemaProps, not JSONSchemaProps,
          properties {}JSONSchemaProps, additionalProperties any, patternProperties {}JSONSchemaProps,
          dependencies any, additionalItems any, definitions {}JSONSchemaProps, externalDocs any, example any,
          nullable bool, x-kubernetes-preserve-unknown-fields bool, x-kubernetes-embedded-resource bool,
          x-kubernetes-int-or-string bool, x-kubernetes-list-map-keys []string, x-kubernetes-list-type string,
          x-kubernetes-map-type string, x-kubernetes-validations []ValidationRule
        """
}
