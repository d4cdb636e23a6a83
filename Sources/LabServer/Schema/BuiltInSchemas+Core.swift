extension BuiltInSchemas {
    /// The core group: `v1`.
    static let core = """
        package core
        Namespace: metadata meta.ObjectMeta, spec NamespaceSpec, status NamespaceStatus
        Pod: metadata meta.ObjectMeta, spec PodSpec, status PodStatus
        Service: metadata meta.ObjectMeta, spec ServiceSpec, status ServiceStatus
        Endpoints: metadata meta.ObjectMeta, subsets []EndpointSubset
        ServiceAccount: metadata meta.ObjectMeta, secrets []ObjectReference@name,
          imagePullSecrets []LocalObjectReference, automountServiceAccountToken bool?
        Secret: metadata meta.ObjectMeta, immutable=5 bool?, data=2 {}bytes, stringData=4 {}string, type=3 string
        ConfigMap: metadata meta.ObjectMeta, immutable=4 bool?, data=2 {}string, binaryData {}bytes
        Event: metadata! meta.ObjectMeta, involvedObject! ObjectReference, reason string, message string,
          source EventSource, firstTimestamp time, lastTimestamp time, count int32, type string,
          eventTime microtime, series EventSeries, action string, related ObjectReference,
          reportingComponent string, reportingInstance string
        Node: metadata meta.ObjectMeta, spec NodeSpec, status NodeStatus
        NamespaceSpec: finalizers []string
        NamespaceStatus: phase string, conditions []NamespaceCondition@type
        PodSpec: volumes []Volume@name, initContainers=20 []Container@name, containers=2! []Container@name,
          ephemeralContainers=34 []EphemeralContainer@name, restartPolicy=3 string,
          terminationGracePeriodSeconds int64?, activeDeadlineSeconds int64?, dnsPolicy string,
          nodeSelector {}string, serviceAccountName string, serviceAccount string,
          automountServiceAccountToken=21 bool?, nodeName=10 string, hostNetwork bool, hostPID bool, hostIPC bool,
          shareProcessNamespace=27 bool?, securityContext=14 PodSecurityContext,
          imagePullSecrets []LocalObjectReference@name, hostname string, subdomain string, affinity Affinity,
          schedulerName string, tolerations=22 []Toleration, hostAliases []HostAlias@ip, priorityClassName string,
          priority int32?, dnsConfig PodDNSConfig, readinessGates=28 []PodReadinessGate, runtimeClassName string?,
          enableServiceLinks bool?, preemptionPolicy string?, overhead {}quantity,
          topologySpreadConstraints []TopologySpreadConstraint@topologyKey+whenUnsatisfiable,
          setHostnameAsFQDN=35 bool?, os PodOS, hostUsers bool?, schedulingGates []PodSchedulingGate@name,
          resourceClaims []PodResourceClaim@name, resources ResourceRequirements
        PodStatus: phase string, conditions []PodCondition@type, message string, reason string,
          nominatedNodeName=11 string, hostIP=5 string, hostIPs=16 []HostIP@ip, podIP=6 string,
          podIPs=12 []PodIP@ip, startTime=7 time, initContainerStatuses=10 []ContainerStatus,
          containerStatuses=8 []ContainerStatus, qosClass string, ephemeralContainerStatuses=13 []ContainerStatus,
          resize string, resourceClaimStatuses []PodResourceClaimStatus@name
        ServiceSpec: ports []ServicePort@port+protocol, selector {}string, clusterIP string, clusterIPs=18 []string,
          type=4 string, externalIPs []string, sessionAffinity=7 string, loadBalancerIP string,
          loadBalancerSourceRanges []string, externalName string, externalTrafficPolicy string,
          healthCheckNodePort int32, publishNotReadyAddresses bool, sessionAffinityConfig SessionAffinityConfig,
          ipFamilies=19 []string, ipFamilyPolicy=17 string?, allocateLoadBalancerNodePorts=20 bool?,
          loadBalancerClass string?, internalTrafficPolicy string?, trafficDistribution string?
        ServiceStatus: loadBalancer LoadBalancerStatus, conditions []meta.Condition@type
        EndpointSubset: addresses []EndpointAddress, notReadyAddresses []EndpointAddress, ports []EndpointPort
        ObjectReference: kind string, namespace string, name string, uid string, apiVersion string,
          resourceVersion string, fieldPath string
        LocalObjectReference: name string
        EventSource: component string, host string
        EventSeries: count int32, lastObservedTime microtime
        NodeSpec: podCIDR string, podCIDRs=7 []string@, providerID=3 string, unschedulable bool, taints []Taint,
          configSource any, externalID=2 string
        NodeStatus: capacity {}quantity, allocatable {}quantity, phase string, conditions []NodeCondition@type,
          addresses []NodeAddress@type, daemonEndpoints NodeDaemonEndpoints, nodeInfo NodeSystemInfo,
          images []ContainerImage, volumesInUse []string, volumesAttached []AttachedVolume, config any,
          runtimeHandlers []any, features NodeFeatures
        NamespaceCondition: type! string, status! string, lastTransitionTime=4 time, reason string, message string
        Volume: name! string, * VolumeSource
        Container: name! string, image string, command []string, args []string, workingDir string,
          ports []ContainerPort@containerPort+protocol, envFrom=19 []EnvFromSource, env=7 []EnvVar@name,
          resources ResourceRequirements, resizePolicy=23 []ContainerResizePolicy, restartPolicy string?,
          volumeMounts=9 []VolumeMount@mountPath, volumeDevices=21 []VolumeDevice@devicePath,
          livenessProbe=10 Probe, readinessProbe Probe, startupProbe=22 Probe, lifecycle=12 Lifecycle,
          terminationMessagePath string, terminationMessagePolicy=20 string, imagePullPolicy=14 string,
          securityContext SecurityContext, stdin bool, stdinOnce bool, tty bool
        EphemeralContainer: * EphemeralContainerCommon, targetContainerName string
        PodSecurityContext: seLinuxOptions SELinuxOptions, windowsOptions=8 any, runAsUser=2 int64?,
          runAsGroup=6 int64?, runAsNonRoot=3 bool?, supplementalGroups []int64,
          supplementalGroupsPolicy=12 string?, fsGroup=5 int64?, sysctls=7 []Sysctl, fsGroupChangePolicy=9 string?,
          seccompProfile SeccompProfile, appArmorProfile AppArmorProfile, seLinuxChangePolicy=13 string?
        Affinity: nodeAffinity NodeAffinity, podAffinity PodAffinity, podAntiAffinity PodAntiAffinity
        Toleration: key string, operator string, value string, effect string, tolerationSeconds int64?
        HostAlias: ip! string, hostnames []string
        PodDNSConfig: nameservers []string, searches []string, options []PodDNSConfigOption
        PodReadinessGate: conditionType! string
        TopologySpreadConstraint: maxSkew! int32, topologyKey! string, whenUnsatisfiable! string,
          labelSelector meta.LabelSelector, minDomains int32?, nodeAffinityPolicy string?, nodeTaintsPolicy string?,
          matchLabelKeys []string
        PodOS: name! string
        PodSchedulingGate: name! string
        PodResourceClaim: name! string, resourceClaimName=3 string?, resourceClaimTemplateName string?
        ResourceRequirements: limits {}quantity, requests {}quantity, claims []ResourceClaim#name
        PodCondition: type! string, status! string, lastProbeTime time, lastTransitionTime time, reason string,
          message string
        HostIP: ip! string
        PodIP: ip! string
        ContainerStatus: name! string, state ContainerState, lastState ContainerState, ready! bool,
          restartCount! int32, image! string, imageID! string, containerID string, started bool?,
          allocatedResources {}quantity, resources ResourceRequirements, volumeMounts []VolumeMountStatus@mountPath,
          user any, allocatedResourcesStatus []ResourceStatus@name
        PodResourceClaimStatus: name! string, resourceClaimName string?
        ServicePort: name string, protocol string, appProtocol=6 string?, port=3! int32, targetPort intOrString,
          nodePort int32
        SessionAffinityConfig: clientIP ClientIPConfig
        LoadBalancerStatus: ingress []LoadBalancerIngress
        EndpointAddress: ip! string, hostname=3 string, nodeName string?, targetRef=2 ObjectReference
        EndpointPort: name string, port! int32, protocol string, appProtocol string?
        Taint: key! string, value string, effect! string, timeAdded time
        NodeCondition: type! string, status! string, lastHeartbeatTime time, lastTransitionTime time, reason string,
          message string
        NodeAddress: type! string, address! string
        NodeDaemonEndpoints: kubeletEndpoint DaemonEndpoint
        NodeSystemInfo: machineID! string, systemUUID! string, bootID! string, kernelVersion! string,
          osImage! string, containerRuntimeVersion! string, kubeletVersion! string, kubeProxyVersion! string,
          operatingSystem! string, architecture! string
        ContainerImage: names []string, sizeBytes int64
        AttachedVolume: name! string, devicePath! string
        NodeFeatures: supplementalGroupsPolicy bool?
        PodTemplateSpec: metadata meta.ObjectMeta, spec PodSpec
        VolumeSource: hostPath HostPathVolumeSource, emptyDir EmptyDirVolumeSource, gcePersistentDisk any,
          awsElasticBlockStore any, gitRepo any, secret SecretVolumeSource, nfs any, iscsi any, glusterfs any,
          persistentVolumeClaim PersistentVolumeClaimVolumeSource, rbd any, flexVolume any, cinder any, cephfs any,
          flocker any, downwardAPI DownwardAPIVolumeSource, fc any, azureFile any, configMap ConfigMapVolumeSource,
          vsphereVolume any, quobyte any, azureDisk any, photonPersistentDisk any,
          projected=26 ProjectedVolumeSource, portworxVolume=24 any, scaleIO any, storageos=27 any, csi any,
          ephemeral any, image ImageVolumeSource
        ContainerPort: name string, hostPort int32, containerPort! int32, protocol string, hostIP string
        EnvFromSource: prefix string, configMapRef ConfigMapEnvSource, secretRef SecretEnvSource
        EnvVar: name! string, value string, valueFrom EnvVarSource
        ContainerResizePolicy: resourceName! string, restartPolicy! string
        VolumeMount: name! string, readOnly bool, recursiveReadOnly=7 string?, mountPath=3! string, subPath string,
          mountPropagation string?, subPathExpr string
        VolumeDevice: name! string, devicePath! string
        Probe: * ProbeHandler, initialDelaySeconds int32, timeoutSeconds int32, periodSeconds int32,
          successThreshold int32, failureThreshold int32, terminationGracePeriodSeconds int64?
        Lifecycle: postStart LifecycleHandler, preStop LifecycleHandler
        SecurityContext: capabilities Capabilities, privileged bool?, seLinuxOptions SELinuxOptions,
          windowsOptions=10 any, runAsUser=4 int64?, runAsGroup=8 int64?, runAsNonRoot=5 bool?,
          readOnlyRootFilesystem bool?, allowPrivilegeEscalation bool?, procMount=9 string?,
          seccompProfile=11 SeccompProfile, appArmorProfile AppArmorProfile
        EphemeralContainerCommon: name! string, image string, command []string, args []string, workingDir string,
          ports []ContainerPort@containerPort+protocol, envFrom=19 []EnvFromSource, env=7 []EnvVar@name,
          resources ResourceRequirements, resizePolicy=23 []ContainerResizePolicy, restartPolicy string?,
          volumeMounts=9 []VolumeMount@mountPath, volumeDevices=21 []VolumeDevice@devicePath,
          livenessProbe=10 Probe, readinessProbe Probe, startupProbe=22 Probe, lifecycle=12 Lifecycle,
          terminationMessagePath string, terminationMessagePolicy=20 string, imagePullPolicy=14 string,
          securityContext SecurityContext, stdin bool, stdinOnce bool, tty bool
        SELinuxOptions: user string, role string, type string, level string
        Sysctl: name! string, value! string
        SeccompProfile: type! string, localhostProfile string?
        AppArmorProfile: type! string, localhostProfile string?
        NodeAffinity: requiredDuringSchedulingIgnoredDuringExecution NodeSelector,
          preferredDuringSchedulingIgnoredDuringExecution []PreferredSchedulingTerm
        PodAffinity: requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm,
          preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm
        PodAntiAffinity: requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm,
          preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm
        PodDNSConfigOption: name string, value string?
        ResourceClaim: name! string, request string
        ContainerState: waiting ContainerStateWaiting, running ContainerStateRunning,
          terminated ContainerStateTerminated
        VolumeMountStatus: name! string, mountPath! string, readOnly bool, recursiveReadOnly string?
        ResourceStatus: name! string, resources []ResourceHealth#resourceID
        ClientIPConfig: timeoutSeconds int32?
        LoadBalancerIngress: ip string, hostname string, ipMode string?, ports []PortStatus
        DaemonEndpoint: Port! int32
        HostPathVolumeSource: path! string, type string?
        EmptyDirVolumeSource: medium string, sizeLimit quantity
        SecretVolumeSource: secretName string, items []KeyToPath, defaultMode int32?, optional bool?
        PersistentVolumeClaimVolumeSource: claimName! string, readOnly bool
        DownwardAPIVolumeSource: items []DownwardAPIVolumeFile, defaultMode int32?
        ConfigMapVolumeSource: * LocalObjectReference, items []KeyToPath, defaultMode int32?, optional bool?
        ProjectedVolumeSource: sources []VolumeProjection, defaultMode int32?
        ImageVolumeSource: reference string, pullPolicy string
        ConfigMapEnvSource: * LocalObjectReference, optional bool?
        SecretEnvSource: * LocalObjectReference, optional bool?
        EnvVarSource: fieldRef ObjectFieldSelector, resourceFieldRef ResourceFieldSelector,
          configMapKeyRef ConfigMapKeySelector, secretKeyRef SecretKeySelector
        ProbeHandler: exec ExecAction, httpGet HTTPGetAction, tcpSocket TCPSocketAction, grpc GRPCAction
        LifecycleHandler: exec ExecAction, httpGet HTTPGetAction, tcpSocket TCPSocketAction, sleep SleepAction
        Capabilities: add []string, drop []string
        NodeSelector: nodeSelectorTerms! []NodeSelectorTerm
        PreferredSchedulingTerm: weight! int32, preference! NodeSelectorTerm
        PodAffinityTerm: labelSelector meta.LabelSelector, namespaces []string, topologyKey! string,
          namespaceSelector meta.LabelSelector, matchLabelKeys []string, mismatchLabelKeys []string
        WeightedPodAffinityTerm: weight! int32, podAffinityTerm! PodAffinityTerm
        ContainerStateWaiting: reason string, message string
        ContainerStateRunning: startedAt time
        ContainerStateTerminated: exitCode! int32, signal int32, reason string, message string, startedAt time,
          finishedAt time, containerID string
        ResourceHealth: resourceID! string, health string
        PortStatus: port! int32, protocol! string, error string?
        KeyToPath: key! string, path! string, mode int32?
        DownwardAPIVolumeFile: path! string, fieldRef ObjectFieldSelector, resourceFieldRef ResourceFieldSelector,
          mode int32?
        VolumeProjection: secret SecretProjection, downwardAPI DownwardAPIProjection, configMap ConfigMapProjection,
          serviceAccountToken ServiceAccountTokenProjection, clusterTrustBundle any
        ObjectFieldSelector: apiVersion string, fieldPath! string
        ResourceFieldSelector: containerName string, resource! string, divisor quantity
        ConfigMapKeySelector: * LocalObjectReference, key! string, optional bool?
        SecretKeySelector: * LocalObjectReference, key! string, optional bool?
        ExecAction: command []string
        HTTPGetAction: path string, port! intOrString, host string, scheme string, httpHeaders []HTTPHeader
        TCPSocketAction: port! intOrString, host string
        GRPCAction: port! int32, service string?
        SleepAction: seconds! int64
        NodeSelectorTerm: matchExpressions []NodeSelectorRequirement, matchFields []NodeSelectorRequirement
        SecretProjection: * LocalObjectReference, items []KeyToPath, optional=4 bool?
        DownwardAPIProjection: items []DownwardAPIVolumeFile
        ConfigMapProjection: * LocalObjectReference, items []KeyToPath, optional=4 bool?
        ServiceAccountTokenProjection: audience string, expirationSeconds int64?, path! string
        HTTPHeader: name! string, value! string
        NodeSelectorRequirement: key! string, operator! string, values []string
        """
}
