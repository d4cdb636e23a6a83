/// What `kubectl explain` says of kinds and fields.
enum Descriptions {
    /// - Parameter field: nil asks for the kind itself.
    static func text(_ schema: String, _ field: String?) -> String? {
        guard let field else { return kinds[schema] ?? more["\(schema)."] }
        let name = "\(schema).\(field)"
        return fields[name] ?? more[name] ?? fields[".\(field)"] ?? more["..\(field)"]
    }

    /// The tables of other files; a schema's own sentence has an empty field.
    static let more: [String: String] = {
        var sentences: [String: String] = [:]
        var schema = ""
        for line in (pods + "\n" + everywhere).split(separator: "\n") {
            let words = line.drop { $0 == " " }.split(separator: " ", maxSplits: 1).map(String.init)
            guard words.count == 2 else { continue }
            if line.hasPrefix(" ") {
                sentences["\(schema).\(words[0])"] = words[1]
            } else {
                schema = words[0]
                sentences["\(schema)."] = words[1]
            }
        }
        return sentences
    }()

    private static let kinds: [String: String] = [
        "core.Pod": "One or more containers that run together on a node and share its network address and volumes.",
        "core.Service": "A stable address and name for the pods that its selector finds.",
        "core.Namespace": "A scope for names; deleting it deletes everything in it.",
        "core.ConfigMap": "Configuration that pods read as files or environment variables.",
        "core.Secret": "Confidential data that pods read as files or environment variables; its values are base64.",
        "core.ServiceAccount": "The identity of the programs in a pod.",
        "core.Node": "A machine that runs pods.",
        "core.Event": "Something that happened to an object.",
        "core.Endpoints": "The addresses behind a service.",
        "apps.Deployment":
            "Keeps a number of equal pods running, and replaces them step by step when their template changes.",
        "apps.ReplicaSet": "Keeps a number of equal pods running.",
        "batch.Job": "Runs pods until enough of them have succeeded.",
        "rbac.Role": "Permissions in one namespace.",
        "rbac.ClusterRole": "Permissions in the whole cluster.",
        "rbac.RoleBinding": "Gives a role's permissions to users, groups or service accounts in one namespace.",
        "rbac.ClusterRoleBinding":
            "Gives a cluster role's permissions to users, groups or service accounts everywhere.",
        "discovery.EndpointSlice": "A part of the addresses behind a service.",
        "coordination.Lease": "Who holds something, and until when.",
        "apiextensions.CustomResourceDefinition": "Adds a kind to the API.",
        "meta.ObjectMeta": "What every object has: its name, labels, owners and versions.",
    ]

    /// By schema and field; those that begin with a dot hold for every schema.
    private static let fields: [String: String] = [
        "meta.TypeMeta.apiVersion": "The group and version of the API that the object is written in.",
        "meta.TypeMeta.kind": "The kind of the object.",
        ".metadata": "Name, namespace, labels and annotations of the object.",
        ".spec": "What is wanted.",
        ".status": "What is; set by the cluster.",
        "core.PodSpec.containers": "The programs of the pod; at least one.",
        "core.PodSpec.initContainers":
            "Run one after another before the containers start; one with restartPolicy Always keeps running beside them.",
        "core.PodSpec.restartPolicy": "When ended containers start again: Always, OnFailure or Never.",
        "core.PodSpec.serviceAccountName": "The service account whose identity the pod has.",
        "core.PodSpec.nodeName": "The node the pod runs on.",
        "core.PodSpec.volumes": "Directories that containers can mount.",
        "core.PodSpec.terminationGracePeriodSeconds":
            "How long the containers may take to stop before they are killed.",
        "core.Container.name": "The container's name, unique in its pod.",
        "core.Container.image": "The image the container is made of.",
        "core.Container.command": "The program and its first arguments; the image's own when missing.",
        "core.Container.args": "Arguments of the program.",
        "core.Container.env": "Environment variables.",
        "core.Container.ports": "Ports on which the container listens.",
        "core.Container.resources": "What the container needs and may use of processor and memory.",
        "core.Container.livenessProbe": "When it fails, the container is restarted.",
        "core.Container.readinessProbe": "While it fails, services send nothing to the pod.",
        "core.Container.startupProbe": "Until it succeeds, the other probes wait.",
        "core.Container.volumeMounts": "Where volumes appear in the container.",
        "core.ServiceSpec.selector": "Labels of the pods behind the service.",
        "core.ServiceSpec.ports": "Ports of the service.",
        "core.ServiceSpec.type": "ClusterIP, NodePort, LoadBalancer or ExternalName.",
        "core.ServiceSpec.clusterIP": "The service's address; None for a service without one.",
        "apps.DeploymentSpec.replicas": "How many pods there should be; 1 when missing.",
        "apps.DeploymentSpec.selector": "Labels of the pods that belong to the deployment; cannot change.",
        "apps.DeploymentSpec.template": "The pods to make.",
        "apps.DeploymentSpec.strategy": "How old pods are replaced by new ones.",
        "meta.ObjectMeta.name": "Unique among the objects of its kind in its namespace; cannot change.",
        "meta.ObjectMeta.namespace": "The scope of the name.",
        "meta.ObjectMeta.labels": "Keys and values by which selectors find the object.",
        "meta.ObjectMeta.annotations": "Keys and values for tools; nothing selects by them.",
        "meta.ObjectMeta.finalizers": "Who must do something before the object can be removed.",
        "meta.ObjectMeta.ownerReferences": "Objects without which this one is not needed.",
        "meta.ObjectMeta.generation": "Counts the changes of what is wanted.",
        "meta.ObjectMeta.resourceVersion": "Changes with every write of the object.",
        "meta.ObjectMeta.uid": "Unlike any other object's, past or present.",
    ]
}
