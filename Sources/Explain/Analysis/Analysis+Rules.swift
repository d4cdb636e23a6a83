internal import JSON
internal import Kubernetes
internal import Mesh
internal import MeshAPI

/// IST0106, IST0133: what the webhook would refuse or warn about.
@Sendable func analyzeSchema(_ context: AnalysisContext, _ findings: FindingList) {
    let validation = ValidationContext(rootNamespace: context.config.rootNamespace)
    for resource in context.all {
        guard let result = validate(resource.object, in: validation) else { continue }
        for error in result.errors { findings.add("IST0106", .error, resource, "Schema validation error: \(error)") }
        // Rules that are not used have codes of their own.
        let routes = resource.object.kind == "VirtualService" ? try? VirtualService(resource.object) : nil
        let unused = Set(routes?.unusedRules.map(\.text) ?? [])
        for warning in result.warnings where !unused.contains(warning) {
            findings.add("IST0133", .warning, resource, "Schema validation warning: \(warning)")
        }
    }
}

/// IST0128, IST0129: TLS to a server for which no file of roots is given.
@Sendable func analyzeCertificates(_ context: AnalysisContext, _ findings: FindingList) {
    for resource in context.resources("DestinationRule") {
        guard let rule = try? DestinationRule(resource.object), let policy = rule.trafficPolicy else { continue }
        func report(_ code: String, _ tls: ClientTLSSettings?, _ suffix: String) {
            guard let tls, tls.mode == .simple || tls.mode == .mutual, tls.caCertificates.isEmpty,
                tls.credentialName.isEmpty || rule.workloadSelector == nil
            else { return }
            let key = rule.metadata.key
            findings.add(
                code,
                .warning,
                resource,
                "DestinationRule \(key) in namespace \(key.namespace) has TLS mode set to \(tls.mode.rawValue) but no "
                    + "caCertificates are set to validate server identity for host: \(rule.host)\(suffix) (\(verification(tls)))"
            )
        }
        report("IST0128", policy.settings.tls, "")
        for entry in policy.portLevelSettings { report("IST0129", entry.settings.tls, " at port number:\(entry.port)") }
    }
}

/// What really happens to a server whose roots are in no file.
private func verification(_ tls: ClientTLSSettings) -> String {
    if tls.insecureSkipVerify { return "the server is not verified at all" }
    if tls.credentialName.isEmpty { return "it is verified against the system's root certificates only" }
    return "it is verified against the roots of credential \(tls.credentialName)"
}

/// IST0173, IST0174: rules for hosts and subsets that are not there.
@Sendable func analyzeSubsets(_ context: AnalysisContext, _ findings: FindingList) {
    for resource in context.resources("DestinationRule") {
        guard let rule = try? DestinationRule(resource.object) else { continue }
        let services = context.services(named: rule.host, in: rule.metadata.namespace)
        if services.isEmpty {
            findings.add(
                "IST0174",
                .warning,
                resource,
                "The host \(rule.host) defined in the DestinationRule does not match any services in the mesh."
            )
        }
        // Files without pods say nothing about what a subset would select.
        guard !services.isEmpty, !context.model.workloads.isEmpty else { continue }
        for subset in rule.subsets where !selectsPods(subset, services, context) {
            findings.add(
                "IST0173",
                .error,
                resource,
                "The Subset \(subset.name) defined in the DestinationRule does not select any pods. "
                    + "Which may lead to 503 UH (NoHealthyUpstream)."
            )
        }
    }
}

private func selectsPods(_ subset: DestinationRule.Subset, _ services: [Service], _ context: AnalysisContext) -> Bool {
    services.contains { service in
        // The pods of entries are not known here.
        service.isEntry
            || context.model.workloads.values.contains { pod in
                pod.namespace == service.namespace
                    && service.selector.allSatisfy { pod.labels[$0] == $1 }
                    && subset.labels.allSatisfy { pod.labels[$0] == $1 }
            }
    }
}

/// IST0171: objects whose status says that something is not as it should be.
@Sendable func analyzeConditions(_ context: AnalysisContext, _ findings: FindingList) {
    for resource in context.all where IstioKind(of: resource.object) != nil {
        for condition in resource.object["status", "conditions"]?.array ?? [] where condition["status"] == "False" {
            func text(_ name: String) -> String { condition[name]?.string ?? "" }
            findings.add(
                "IST0171",
                .warning,
                resource,
                "A condition with a negative status is present: type=\(text("type")), reason=\(text("reason")), "
                    + "message=\(text("message")).",
                isOfOwnCondition: ["Invalid", "PartiallyInvalid"].contains(text("reason"))
            )
        }
    }
}

/// IST0110, IST0111: Sidecars of which it is not clear which one counts.
@Sendable func analyzeSidecars(_ context: AnalysisContext, _ findings: FindingList) {
    let sidecars = context.resources("Sidecar").compactMap { resource in
        (try? Sidecar(resource.object)).map { (resource: resource, sidecar: $0) }
    }
    for (namespace, group) in Dictionary(grouping: sidecars, by: \.sidecar.metadata.namespace) {
        let general = group.filter { $0.sidecar.workloadSelector == nil }
        if general.count > 1 {
            let names = general.map(\.sidecar.metadata.name).sorted().joined(separator: " ")
            for (resource, _) in general {
                findings.add(
                    "IST0111",
                    .error,
                    resource,
                    "The Sidecars [\(names)] in namespace \"\(namespace)\" have no workload selector, which can lead to "
                        + "undefined behavior."
                )
            }
        }
        for pod in context.model.workloads.values where pod.namespace == namespace {
            let selecting = group.filter { $0.sidecar.workloadSelector?.matches(pod.labels) ?? false }
            guard selecting.count > 1 else { continue }
            let names = selecting.map(\.sidecar.metadata.name).sorted().joined(separator: " ")
            for (resource, _) in selecting {
                findings.add(
                    "IST0110",
                    .error,
                    resource,
                    "The Sidecars [\(names)] in namespace \"\(namespace)\" select the same workload pod "
                        + "\"\(pod.metadata.name)\", which can lead to undefined behavior."
                )
            }
        }
    }
}
