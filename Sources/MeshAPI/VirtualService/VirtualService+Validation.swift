internal import Base

extension VirtualService {
    public func validate(in context: ValidationContext) -> Validation {
        var result = validateDelegate() + validateGatewayNames(gateways) + validateClaims()
        let hostProblems = validateHosts()
        result = result + hostProblems
        if hostProblems.isValid { result = result + validateUniqueHosts() }
        result.error(
            if: http.isEmpty && tls.isEmpty && tcp.isEmpty,
            "http, tcp or tls must be provided in virtual service"
        )
        for route in http {
            result.add(route.validate(inDelegate: isDelegate))
            if result.errors.count > Self.mostErrors { break }
        }
        let cover = HostCover(hosts)
        for route in tls { result.add(validate(route, cover)) }
        for route in tcp { result.add(route.validate()) }
        result = result + validateExportTo(exportTo, namespace: metadata.namespace)
        for rule in unusedRules { result.warn(rule.text) }
        return result.limited(to: Self.mostErrors)
    }

    /// Errors, and warnings, that are told of one object; of more, only how many there are.
    private static let mostErrors = 100

    /// Whether sidecars take no notice of it.
    var isForGatewaysOnly: Bool { !gateways.isEmpty && !gateways.contains(Self.mesh) }

    private func validateDelegate() -> Validation {
        guard isDelegate else { return Validation() }
        var result = Validation()
        result.error(if: !gateways.isEmpty, "delegate virtual service must have no gateways specified")
        result.error(if: !tls.isEmpty, "delegate virtual service must have no tls route specified")
        result.error(if: !tcp.isEmpty, "delegate virtual service must have no tcp route specified")
        return result
    }

    private func validateClaims() -> Validation {
        var result = Validation()
        for claim in http.lazy.flatMap(\.match).flatMap(\.claims) {
            if isForGatewaysOnly {
                result.warn("header match \(claim): requests are not authenticated by token yet, so that none meets it")
            } else {
                let names = gateways.joined(separator: " ")
                result.error(
                    "JWT claim based routing (key: \(claim)) is only supported for gateway, found no gateways: [\(names)]"
                )
            }
        }
        return result
    }

    // Hosts

    private func validateHosts() -> Validation {
        var result = Validation()
        for host in hosts {
            if host == "*", !isForGatewaysOnly {
                result.error("wildcard host * is not allowed for virtual services bound to the mesh gateway")
            } else if let problem = Self.hostProblem(host, isServerName: isForGatewaysOnly && !tls.isEmpty),
                IPAddress(host) == nil
            {
                result.error(problem)
            }
        }
        return result
    }

    /// What is wrong with a host or server name; the names of mutual TLS between meshes are right at gateways.
    static func hostProblem(_ host: String, isServerName: Bool) -> String? {
        let labels = host.split(separator: ".", maxSplits: 3, omittingEmptySubsequences: false)
        if isServerName, labels.count == 4, labels[0] == "outbound_", labels[1].hasSuffix("_"),
            Int(labels[1].dropLast()).map({ (1...65535).contains($0) }) ?? false, labels[2].hasPrefix("_")
        {
            return domainNameProblem(String(labels[3]))
        }
        return domainNameProblem(host, allowsWildcard: true)
    }

    /// No host may be written twice, nor be covered by another one that is a wildcard.
    private func validateUniqueHosts() -> Validation {
        var result = Validation()
        var wildcards: [Substring: Int] = [:]
        for (index, host) in hosts.enumerated() where host.hasPrefix("*") && wildcards[host.dropFirst()] == nil {
            wildcards[host.dropFirst()] = index
        }
        var first: [String: Int] = [:]
        for (index, host) in hosts.enumerated() {
            var others: Set<Int> = []
            if let other = first[host] { others.insert(other) } else { first[host] = index }
            if !wildcards.isEmpty {
                for start in host.indices { if let other = wildcards[host[start...]] { others.insert(other) } }
            }
            for other in others.sorted() where other != index && (hosts[other] != host || other < index) {
                let (left, right) = (min(index, other), max(index, other))
                result.error("duplicate hosts in virtual service: \(hosts[left]) & \(hosts[right])")
            }
        }
        return result
    }

    // TLS

    private func validate(_ route: TLSRoute, _ cover: HostCover) -> Validation {
        var result = Validation()
        result.error(if: route.match.isEmpty, "TLS route must have at least one match condition")
        for match in route.match {
            result.error(if: match.sniHosts.isEmpty, "TLS match must have at least one SNI host")
            for host in match.sniHosts { result.add(validate(serverName: host, cover)) }
            result = result + match.connection.validate()
        }
        result.error(if: route.route.isEmpty, "TLS route is required")
        return result + validateDestinations(route.route)
    }

    private func validate(serverName host: String, _ cover: HostCover) -> Validation {
        if let problem = Self.hostProblem(host, isServerName: isForGatewaysOnly) {
            guard IPAddress(host) != nil else { return Validation(errors: [problem]) }
            return Validation(warnings: [
                "using an IP address (\(goQuoted(host))) goes against SNI spec and most clients do not support this"
            ])
        }
        if IPAddress(host) != nil {
            return Validation(warnings: [
                "using an IP address (\(goQuoted(host))) goes against SNI spec and most clients do not support this"
            ])
        }
        guard !cover.contains(host) else { return Validation() }
        return Validation(errors: [
            "SNI host \(goQuoted(host)) is not a compatible subset of any of the virtual service hosts: "
                + "[\(hosts.joined(separator: ", "))]"
        ])
    }
}

/// What is wrong with names of gateways in a VirtualService.
func validateGatewayNames(_ names: [String]) -> Validation {
    var result = Validation()
    for name in names {
        let parts = name.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            let labels = name.split(separator: ".", omittingEmptySubsequences: false)
            if labels.count > 1 {
                result.warn(
                    "using legacy gatewayName format \(goQuoted(name)); prefer the <namespace>/<name> format: "
                        + goQuoted("\(labels[1])/\(labels[0])")
                )
            }
            if let problem = domainNameProblem(name) { result.error(problem) }
            continue
        }
        result.error(
            if: parts[0].isEmpty || parts[1].isEmpty,
            "config namespace and gateway name cannot be empty"
        )
        result.error(
            if: parts[0] != "." && !isDNSLabel(parts[0]),
            "invalid value for namespace: \(goQuoted(parts[0]))"
        )
        result.error(if: !isDNSLabel(parts[1]), "invalid value for gateway name: \(goQuoted(parts[1]))")
    }
    return result
}

/// Hosts, of which those beginning with `*` cover others.
private struct HostCover {
    private var exact: Set<String>
    private var suffixes: Set<Substring>

    init(_ hosts: [String]) {
        exact = Set(hosts.map { $0.lowercased() })
        suffixes = Set(exact.lazy.filter { $0.hasPrefix("*") }.map { $0.dropFirst() })
    }

    func contains(_ host: String) -> Bool {
        let host = host.lowercased()
        if exact.contains(host) || suffixes.contains("") { return true }
        return !suffixes.isEmpty && host.indices.contains { suffixes.contains(host[$0...]) }
    }
}

extension Validation {
    /// The first `count` errors and warnings, and how many more there are.
    fileprivate func limited(to count: Int) -> Validation {
        func limited(_ texts: [String], _ noun: String) -> [String] {
            texts.count > count ? texts.prefix(count) + ["and \(texts.count - count) more \(noun)"] : texts
        }
        return Validation(errors: limited(errors, "errors"), warnings: limited(warnings, "warnings"))
    }
}
