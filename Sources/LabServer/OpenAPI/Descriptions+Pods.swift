extension Descriptions {
    /// What pods and the objects around them consist of: a schema, and below it its fields.
    static let pods = """
        core.PodTemplateSpec The pods that are made.
          metadata Labels and annotations of the pods.
          spec What is to run in the pods.
        core.PodSpec What is to run in a pod, and how.
          ephemeralContainers Not run by this node.
          activeDeadlineSeconds After how many seconds the pod is stopped.
          dnsPolicy ClusterFirst (the default) asks the cluster's DNS, Default the machine's, None what dnsConfig says.
          dnsConfig Servers, search domains and options of the pod's resolver, in addition to the policy's.
          nodeSelector Labels that the node must have.
          serviceAccount The old name of serviceAccountName.
          automountServiceAccountToken Whether containers find a token of the service account; true without it.
          hostNetwork Whether the pod has the machine's network in place of its own.
          hostPID Whether the pod sees the machine's processes.
          hostIPC Whether the pod shares the machine's shared memory.
          shareProcessNamespace Whether the containers see each other's processes.
          securityContext Users and permissions, for all containers.
          imagePullSecrets Secrets for registries; no image is pulled here.
          hostname The name that the pod calls itself; its own name without it.
          subdomain With a headless Service of this name, the pod has a name in DNS.
          hostAliases Names in the pod's /etc/hosts.
          affinity Nodes and neighbours that the pod wants or avoids.
          tolerations Taints of nodes that do not matter to the pod.
          topologySpreadConstraints How the pods are spread over nodes.
          schedulerName Who chooses the node.
          priorityClassName How important the pod is.
          priority How important the pod is, as a number.
          readinessGates Conditions that others set, without which the pod is not ready.
          enableServiceLinks Whether containers find services in their environment; true without it.
          os The operating system that the pod needs.
          runtimeClassName The program that runs containers; this node has one.
          preemptionPolicy Whether the pod may take the place of less important ones.
          overhead What the pod needs besides its containers.
          setHostnameAsFQDN Whether the pod calls itself by its whole name in DNS.
          hostUsers Whether the pod has the machine's users.
          schedulingGates While there are any, the pod gets no node.
          resourceClaims Devices that the pod needs.
          resources What all containers together need and may use.
        core.PodStatus What has become of a pod.
          phase Pending, Running, Succeeded, Failed or Unknown.
          conditions Whether the pod is scheduled, initialized and ready, and since when.
          message Why the pod is as it is, for people.
          reason Why the pod is as it is, in one word.
          hostIP The address of the pod's node.
          podIP The address of the pod.
          podIPs The addresses of the pod.
          startTime When the node took the pod over.
          containerStatuses What has become of the containers.
          initContainerStatuses What has become of the init containers.
          qosClass Guaranteed, Burstable or BestEffort, from the resources.
        core.ContainerStatus What has become of a container.
          name The container's name.
          state What it does now: it waits, runs, or has terminated.
          lastState How it ended the last time.
          ready Whether its readiness probe succeeds.
          restartCount How often it was started again.
          image The image it was made of.
          started Whether its startup probe has succeeded.
        core.Container One program to run in a pod.
          workingDir The directory in which the program starts.
          envFrom ConfigMaps and Secrets, all keys of which become environment variables.
          lifecycle What is done after the start and before the end.
          imagePullPolicy When images are pulled: Always, IfNotPresent or Never; none is pulled here.
          restartPolicy Always makes an init container one that keeps running beside the others.
          securityContext Users and permissions, for this container.
          stdin Whether the program can be typed into.
          stdinOnce Whether the input ends when its first user leaves.
          tty Whether the program gets a terminal.
          resizePolicy Whether the container starts again when its resources change.
          volumeDevices Where block devices appear in the container.
          terminationMessagePath The file whose content becomes the message of the container's end.
          terminationMessagePolicy File, or FallbackToLogsOnError: the end of the log when the file is empty.
        core.ContainerPort A port on which a container listens; for people and for names, nothing is opened by it.
          name A name by which services and probes call the port.
          containerPort The number of the port, 1 to 65535.
          hostPort The port of the machine that leads here.
          hostIP The address of the machine that leads here.
          protocol TCP (the default), UDP or SCTP.
        core.EnvVar An environment variable.
          name The variable's name.
          value Its value; `$(NAME)` is replaced by that of a variable before it.
          valueFrom Where the value comes from.
        core.EnvVarSource Where the value of an environment variable comes from.
          fieldRef A field of the pod.
          resourceFieldRef A resource of a container.
          configMapKeyRef A key of a ConfigMap.
          secretKeyRef A key of a Secret.
        core.EnvFromSource Where environment variables come from.
          prefix Put before each name.
          configMapRef The ConfigMap.
          secretRef The Secret.
        core.VolumeMount A place where a volume appears in a container.
          name The volume's name.
          mountPath Where it appears; an absolute path.
          readOnly Whether the container can only read it.
          recursiveReadOnly Whether what is mounted below can only be read, too.
          mountPropagation Whether mounts made later are seen on the other side.
          subPath The path in the volume, when it is not all of it.
          subPathExpr As subPath, with `$(NAME)` for environment variables.
        core.ResourceRequirements What a container needs and may use of processor and memory.
          limits The most it may use.
          requests What it needs.
        core.Probe Asks a container whether it is well.
          exec Runs a program in the container; well is exit code 0.
          httpGet Asks by HTTP; well is a status of 200 to 399.
          tcpSocket Connects to a port.
          grpc Asks the gRPC health service.
          initialDelaySeconds How long after the start the first one comes; 0 without it.
          timeoutSeconds How long the answer may take; 1 without it.
          periodSeconds How often; 10 without it.
          successThreshold How many must succeed in a row after a failure; 1 without it.
          failureThreshold How many must fail in a row; 3 without it.
          terminationGracePeriodSeconds How long the container may take to stop after a failure.
        core.ExecAction A program to run in a container.
          command The program and its arguments; no shell is involved.
        core.HTTPGetAction A request by HTTP.
          path The path; `/` without it.
          port The port's number or name.
          host The host; the pod's address without it.
          scheme HTTP (the default) or HTTPS; no certificate is verified.
          httpHeaders Headers of the request.
        core.TCPSocketAction A connection to a port.
          port The port's number or name.
          host The host; the pod's address without it.
        core.GRPCAction A call of the gRPC health service.
          port The port's number.
          service The service that is asked about.
        core.Lifecycle What is done after the start of a container and before its end.
          postStart Done after the start; when it fails, the container is stopped.
          preStop Done before the container is told to stop.
        core.PodSecurityContext Users and permissions of all containers of a pod.
          fsGroup The group that owns the pod's volumes.
          supplementalGroups More groups of the programs.
          sysctls Settings of the kernel for the pod's network.
        core.SecurityContext Users and permissions of a container.
          capabilities What root can do in the container.
          privileged Whether the program may do all that root may on this machine.
          readOnlyRootFilesystem Whether the program can write to volumes only.
          allowPrivilegeEscalation Whether the program can get more rights than it has at its start.
        core.Capabilities What root can do in a container.
          add What it can do in addition, such as NET_ADMIN.
          drop What it cannot do; ALL is everything.
        core.Volume A directory that containers can mount.
          name The volume's name, unique in its pod.
          emptyDir An empty directory, which goes with the pod.
          configMap The keys of a ConfigMap, as files.
          secret The keys of a Secret, as files.
          projected Several sources in one directory.
          downwardAPI Fields of the pod, as files.
          hostPath A directory of this machine.
        core.EmptyDirVolumeSource An empty directory, which goes with the pod.
          medium Memory keeps it in memory.
          sizeLimit How much it may hold.
        core.SecretVolumeSource A Secret's keys as files.
          secretName The Secret's name.
        core.ConfigMapVolumeSource A ConfigMap's keys as files.
          name The ConfigMap's name.
        core.ProjectedVolumeSource Several sources in one directory.
          sources ConfigMaps, Secrets, fields of the pod, and tokens.
        core.ServiceAccountTokenProjection A token of the pod's service account, as a file.
          audience Whom the token is for; the API server without it.
          expirationSeconds For how long it is valid; 3600 without it. It is replaced in time.
          path The name of the file.
        core.KeyToPath One key as a file.
          key The key.
          path The file's path in the volume.
          mode The file's permissions.
        core.ServiceSpec Which pods are behind a service, and by which address and ports it is reached.
          clusterIPs The service's addresses.
          externalName The name that a service of type ExternalName stands for.
          externalIPs Addresses of the machine that lead to the service, too.
          sessionAffinity ClientIP sends a client to the same pod each time; None is the default.
          publishNotReadyAddresses Whether pods that are not ready are in DNS, too.
        core.ServicePort A port of a service.
          name The port's name; its beginning, such as `http-` or `tcp-`, tells the mesh what is spoken.
          port The number of the port.
          targetPort The number or name of the pods' port; the same number without it.
          protocol TCP (the default), UDP or SCTP.
          appProtocol What is spoken, such as http; counts more than the name.
          nodePort The machine's port, for the types NodePort and LoadBalancer.
        apps.DeploymentSpec What pods there should be.
          minReadySeconds For how long a pod must be ready before it counts.
          revisionHistoryLimit How many old ReplicaSets are kept for `kubectl rollout undo`; 10 without it.
          paused Whether changes of the template wait.
          progressDeadlineSeconds How long a change may take before it counts as failed; 600 without it.
        apps.DeploymentStrategy How old pods are replaced by new ones.
          type RollingUpdate (the default) does it step by step, Recreate stops all old pods first.
          rollingUpdate How large the steps are.
        apps.RollingUpdateDeployment How large the steps are.
          maxUnavailable How many pods may be missing, a number or a percentage; 25% without it.
          maxSurge How many pods there may be in excess, a number or a percentage; 25% without it.
        batch.JobSpec What the job runs, and how often.
          parallelism How many pods run at a time; 1 without it.
          completions How many pods must succeed.
          backoffLimit How many may fail; 6 without it.
          activeDeadlineSeconds After how many seconds the job is stopped.
          ttlSecondsAfterFinished After how many seconds the finished job is removed.
          suspend Whether the job waits.
          template The pods to make.
        meta.LabelSelector Which labels objects must have; an empty one finds everything.
          matchLabels Labels that they must have with these values.
          matchExpressions More conditions, all of which must hold.
        """

    /// What has one meaning wherever it is.
    static let everywhere = """
        . Fields of every schema.
          runAsUser The number of the user that the programs run as.
          runAsGroup The number of the group that the programs run as.
          runAsNonRoot Whether the node refuses to run it as root.
          optional Whether it may be missing.
          items Which keys, and as which files; all of them without it.
          defaultMode The permissions of the files; 0644 without it.
          lastTransitionTime When the status changed last.
        """
}
