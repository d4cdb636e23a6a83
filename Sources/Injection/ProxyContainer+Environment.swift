internal import JSON

extension ProxyContainer {
    /// What the proxy knows about itself when it starts; the names are Istio's.
    var environment: [JSON] {
        var variables = fixed + workloadVariables
        if !originalProbes.isEmpty {
            variables.append(variable("ISTIO_KUBE_APP_PROBERS", JSON.object(originalProbes).text()))
        }
        if let scrape = ScrapeAnnotations.original(annotations) {
            variables.append(variable("ISTIO_PROMETHEUS_ANNOTATIONS", scrape.text()))
        }
        let metadata = proxyConfig["proxyMetadata"]?.strings ?? [:]
        for (name, value) in metadata.sorted(by: { $0.key < $1.key }) { variables.append(variable(name, value)) }
        return variables
    }

    private var fixed: [JSON] {
        let caAddress = settings.text("global.caAddress")
        let discovery =
            proxyConfig["discoveryAddress"]?.string ?? "istiod.\(settings.systemNamespace).svc:15012"
        return [
            variable("PILOT_CERT_PROVIDER", "istiod"),
            variable("CA_ADDR", caAddress.isEmpty ? discovery : caAddress),
            field("POD_NAME", "metadata.name"),
            field("POD_NAMESPACE", "metadata.namespace"),
            field("INSTANCE_IP", "status.podIP"),
            field("SERVICE_ACCOUNT", "spec.serviceAccountName"),
            field("HOST_IP", "status.hostIP"),
            [
                "name": "ISTIO_CPU_LIMIT",
                "valueFrom": ["resourceFieldRef": ["resource": "limits.cpu", "divisor": "0"]],
            ],
            variable("PROXY_CONFIG", proxyConfig.text()),
            variable("ISTIO_META_POD_PORTS", podPorts.text()),
            variable("ISTIO_META_APP_CONTAINERS", applications.map(\.name).joined(separator: ",")),
            variable("ISTIO_META_CLUSTER_ID", settings.text("global.multiCluster.clusterName")),
            field("ISTIO_META_NODE_NAME", "spec.nodeName"),
            variable("ISTIO_META_INTERCEPTION_MODE", interception.mode),
        ]
    }

    private var workloadVariables: [JSON] {
        let trustDomain = settings.mesh["trustDomain"]?.string ?? "cluster.local"
        let meshID = settings.text("global.meshID")
        var variables: [JSON] = []
        if !workload.name.isEmpty {
            variables.append(variable("ISTIO_META_WORKLOAD_NAME", workload.name))
            variables.append(variable("ISTIO_META_OWNER", workload.ownerURL(namespace: namespace)))
        }
        variables.append(variable("ISTIO_META_MESH_ID", meshID.isEmpty ? trustDomain : meshID))
        variables.append(variable("TRUST_DOMAIN", trustDomain))
        let network = settings.text("global.network")
        if !network.isEmpty { variables.append(variable("ISTIO_META_NETWORK", network)) }
        return variables
    }

    private var podPorts: JSON { .array(applications.flatMap { $0.elements("ports") } + ownPorts) }

    private func variable(_ name: String, _ value: String) -> JSON {
        ["name": .string(name), "value": .string(value)]
    }

    private func field(_ name: String, _ path: String) -> JSON {
        ["name": .string(name), "valueFrom": ["fieldRef": ["apiVersion": "v1", "fieldPath": .string(path)]]]
    }
}
