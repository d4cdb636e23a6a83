internal import Kubernetes

/// The copies of the API's objects that all controllers look at.
struct ClusterInformers: Sendable {
    let namespaces: Informer
    let nodes: Informer
    let pods: Informer
    let services: Informer
    let endpoints: Informer
    let endpointSlices: Informer
    let serviceAccounts: Informer
    let configMaps: Informer
    let deployments: Informer
    let replicaSets: Informer
    let jobs: Informer

    init(_ api: any KubernetesAPI) {
        namespaces = Informer(api, .namespaces)
        nodes = Informer(api, .nodes)
        pods = Informer(api, .pods)
        services = Informer(api, .services)
        endpoints = Informer(api, .endpoints)
        endpointSlices = Informer(api, .endpointSlices)
        serviceAccounts = Informer(api, .serviceAccounts)
        configMaps = Informer(api, .configMaps)
        deployments = Informer(api, .deployments)
        replicaSets = Informer(api, .replicaSets)
        jobs = Informer(api, .jobs)
    }

    var all: [Informer] {
        [
            namespaces, nodes, pods, services, endpoints, endpointSlices, serviceAccounts, configMaps, deployments,
            replicaSets, jobs,
        ]
    }
}
