internal import Base
public import JSON
public import Kubernetes
public import MeshAPI

extension MeshModel {
    /// Takes over a change of one object; kinds that the mesh does not know change nothing.
    public mutating func apply(_ change: ObjectChange) -> Impact {
        if let after = change.after { return update(after) }
        if let before = change.before { return remove(before) }
        return Impact()
    }

    /// Takes over an object, new or changed.
    ///
    /// One of Istio's objects that cannot be read is noted in ``problems``, and its former version stays in force.
    public mutating func update(_ object: JSON) -> Impact {
        switch object.kind {
        case "Namespace": return set(namespace: Metadata(of: object))
        case "Service" where object.apiVersion == "v1":
            return set(service: Service(kubernetes: object, clusterDomain: clusterDomain))
        case "Pod": return set(workload: Workload(pod: object))
        case "EndpointSlice": return set(slice: object)
        case "Endpoints": return set(endpoints: object)
        default: return updateIstio(object)
        }
    }

    /// Takes over that an object is gone.
    public mutating func remove(_ object: JSON) -> Impact {
        let key = object.metadata.key
        switch object.kind {
        case "Namespace":
            namespaces[key.name] = nil
            return Impact()
        case "Service" where object.apiVersion == "v1":
            return removeService(host(ofService: key.name, in: key.namespace), claimedBy: key, isEntry: false)
        case "Pod": return removeWorkload(key)
        case "EndpointSlice": return removeSlice(key)
        case "Endpoints": return setEndpoints(host(ofService: key.name, in: key.namespace), nil)
        default:
            guard let kind = IstioKind(of: object) else { return Impact() }
            problems[ObjectReference(kind.rawValue, key)] = nil
            return removeIstio(kind, key)
        }
    }

    /// Replaces the mesh configuration.
    public mutating func set(_ config: MeshConfig) -> Impact {
        guard config != self.config else { return Impact() }
        let before = self.config
        self.config = config
        if before.defaultDestinationRuleExportTo != config.defaultDestinationRuleExportTo {
            for (namespace, index) in rules {
                var rebuilt = RuleIndex()
                for rule in index.all {
                    _ = rebuilt.insert(
                        rule,
                        clusterDomain: clusterDomain,
                        defaultExportTo: config.defaultDestinationRuleExportTo
                    )
                }
                rules[namespace] = rebuilt
            }
        }
        if before.defaultVirtualServiceExportTo != config.defaultVirtualServiceExportTo {
            virtualServices.rebuild(default: config.defaultVirtualServiceExportTo)
        }
        return .all
    }

    private mutating func set(namespace: Metadata) -> Impact {
        namespaces[namespace.name] = namespace
        return Impact()
    }

    private mutating func updateIstio(_ object: JSON) -> Impact {
        guard let kind = IstioKind(of: object) else { return Impact() }
        let reference = ObjectReference(kind.rawValue, object.metadata.key)
        do {
            let impact: Impact
            switch kind {
            case .peerAuthentication: impact = set(try PeerAuthentication(object))
            case .policy, .meshPolicy: impact = set(try AuthenticationPolicy(object))
            case .destinationRule: impact = set(try DestinationRule(object))
            case .serviceEntry: impact = set(try ServiceEntry(object))
            case .sidecar: impact = set(try Sidecar(object))
            case .virtualService: impact = set(try Self.valid(VirtualService(object)))
            case .gateway: impact = set(try Self.valid(Gateway(object)))
            case .workloadEntry: impact = set(try WorkloadEntry(object))
            case .workloadGroup: return Impact()
            }
            problems[reference] = nil
            return impact
        } catch {
            problems[reference] = ["\(error)"].listed()
            return Impact()
        }
    }

    private mutating func removeIstio(_ kind: IstioKind, _ key: ObjectKey) -> Impact {
        switch kind {
        case .peerAuthentication:
            peerAuthentications[key.namespace]?.remove(key)
            if peerAuthentications[key.namespace]?.isEmpty == true { peerAuthentications[key.namespace] = nil }
            return policyImpact(key.namespace)
        case .policy:
            legacyPolicies[key.namespace]?.remove(key)
            if legacyPolicies[key.namespace]?.isEmpty == true { legacyPolicies[key.namespace] = nil }
            return policyImpact(key.namespace)
        case .meshPolicy:
            meshPolicy = nil
            return .all
        case .destinationRule:
            let exports = config.defaultDestinationRuleExportTo
            let hosts = rules[key.namespace]?.remove(key, defaultExportTo: exports) ?? []
            if rules[key.namespace]?.isEmpty == true { rules[key.namespace] = nil }
            return ruleImpact(hosts)
        case .serviceEntry: return removeEntry(key)
        case .sidecar: return removeSidecar(key)
        case .virtualService:
            return settle(virtualServices.remove(key, default: config.defaultVirtualServiceExportTo))
        case .gateway: return removeGateway(key)
        case .workloadEntry: return removeWorkloadEntry(key)
        case .workloadGroup: return Impact()
        }
    }

    private mutating func set(_ policy: PeerAuthentication) -> Impact {
        peerAuthentications[policy.metadata.namespace, default: PeerAuthentications()].insert(policy)
        return policyImpact(policy.metadata.namespace)
    }

    private mutating func set(_ policy: AuthenticationPolicy) -> Impact {
        if policy.isMeshPolicy {
            guard policy.metadata.name == "default" else { return Impact() }
            meshPolicy = policy
            return .all
        }
        legacyPolicies[policy.metadata.namespace, default: LegacyPolicies()].insert(policy)
        return policyImpact(policy.metadata.namespace)
    }

    private mutating func set(_ rule: DestinationRule) -> Impact {
        let hosts = rules[rule.metadata.namespace, default: RuleIndex()].insert(
            rule,
            clusterDomain: clusterDomain,
            defaultExportTo: config.defaultDestinationRuleExportTo
        )
        return ruleImpact(hosts)
    }

    private mutating func set(_ object: VirtualService) -> Impact {
        settle(
            virtualServices.insert(
                ResolvedVirtualService(object, clusterDomain: clusterDomain),
                default: config.defaultVirtualServiceExportTo
            )
        )
    }

    /// Notes what of the objects that a change concerns is in force now.
    private mutating func settle(_ concerned: [ResolvedVirtualService]) -> Impact {
        var impact = Impact()
        for object in concerned {
            noteShortcomings(of: object)
            impact.formUnion(routeImpact(object))
        }
        return impact
    }

    /// Notes what of a VirtualService is not in force.
    private mutating func noteShortcomings(of object: ResolvedVirtualService) {
        let current = virtualServices[object.key]
        let problems = (current?.problems ?? []) + (current?.gateways.sorted().compactMap(absence) ?? [])
        shortcomings[object.reference] = problems.isEmpty ? nil : problems.listed()
    }

    /// What to say of a gateway in `spec.gateways` that is not there; nil when it is.
    private func absence(ofGateway name: String) -> String? {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard name != VirtualService.mesh, parts.count == 2 else { return nil }
        let key = ObjectKey(namespace: parts[0], name: parts[1])
        guard gateways[key] == nil, problems[ObjectReference("Gateway", key)] == nil else { return nil }
        let near = GatewayNames.nearest(to: key, among: gateways.all.map(\.metadata.key).sorted())
        return "gateways: there is no Gateway \(key), so that none has its routes"
            + (near.map { "; did you mean \($0)?" } ?? "")
    }

    /// A Gateway has come or gone: says so of the VirtualServices that are bound to it.
    mutating func noteShortcomings(boundTo gateway: ObjectKey) {
        for object in virtualServices.bound(to: "\(gateway)") { noteShortcomings(of: object) }
    }

    /// The object if the webhook would have let it in: it may have been stored while there was none.
    private static func valid<Resource: IstioResource>(_ object: Resource) throws(MeshError) -> Resource {
        if let text = object.validate(in: ValidationContext()).errorText {
            throw MeshError(.invalidConfiguration, "\(Resource.self) \(object.metadata.key) is invalid: \(text)")
        }
        return object
    }

    private func policyImpact(_ namespace: String) -> Impact {
        if namespace == config.rootNamespace { return .all }
        var impact = Impact()
        impact.policyNamespaces = [namespace]
        return impact
    }

    private func ruleImpact(_ hosts: Set<String>) -> Impact {
        var impact = Impact()
        for host in hosts {
            if host.hasPrefix("*") { impact.hostPatterns.insert(host) } else { impact.hosts.insert(host) }
        }
        return impact
    }
}
