internal import Base
internal import JSON

extension MeshConfig {
    /// `base` with what `overlay` sets.
    static func merge(_ base: JSON, _ overlay: JSON) -> JSON {
        guard case .object(var result) = base else { return overlay }
        guard case .object(let additions) = overlay else { return base }
        for (name, value) in additions {
            switch name {
            case "defaultConfig", "defaultProviders": result[name] = deepMerge(result[name] ?? [:], value)
            case "extensionProviders": result[name] = mergeByName(result[name]?.array ?? [], value)
            case "trustDomainAliases": result[name] = unite(result[name]?.array ?? [], value)
            default: result[name] = value
            }
        }
        return .object(result)
    }

    /// Objects are merged member by member, anything else is replaced; null removes.
    static func deepMerge(_ base: JSON, _ overlay: JSON) -> JSON {
        guard case .object(var result) = base, case .object(let additions) = overlay else { return overlay }
        for (name, value) in additions {
            if value.isNull {
                result[name] = nil
            } else {
                result[name] = result[name].map { deepMerge($0, value) } ?? value
            }
        }
        return .object(result)
    }

    private static func mergeByName(_ base: [JSON], _ overlay: JSON) -> JSON {
        guard case .array(let additions) = overlay else { return overlay }
        var result = base
        for addition in additions {
            if let index = result.firstIndex(where: { $0["name"] == addition["name"] }) {
                result[index] = addition
            } else {
                result.append(addition)
            }
        }
        return .array(result)
    }

    private static func unite(_ base: [JSON], _ overlay: JSON) -> JSON {
        guard case .array(let additions) = overlay else { return overlay }
        return .array(base + additions.filter { !base.contains($0) })
    }
}

extension MeshConfig {
    /// What is wrong with the settings although each is of its type.
    public func validate() -> Validation {
        var result = Validation()
        for domain in [trustDomain] + trustDomainAliases {
            if domain.isEmpty {
                result.error("empty domain name not allowed")
            } else if domainNameProblem(domain) != nil || domain != domain.lowercased() {
                result.error("trust domain name \(goQuoted(domain)) invalid")
            }
        }
        for (name, port) in [
            ("proxyListenPort", proxyListenPort), ("proxyInboundListenPort", proxyInboundListenPort),
        ] where !(1...65535).contains(port) {
            result.error("\(name): port number \(port) must be in the range 1..65535")
        }
        result.error(
            if: !protocolDetectionTimeout.isWholeMilliseconds,
            "protocolDetectionTimeout: only durations to ms precision are supported"
        )
        result.error(if: protocolDetectionTimeout < .zero, "protocolDetectionTimeout: must not be negative")
        result.error(
            if: !connectTimeout.isWholeMilliseconds || connectTimeout < .milliseconds(1)
                || connectTimeout > .seconds(30),
            "connectTimeout: must be from 1ms to 30s, in whole milliseconds"
        )
        result.error(
            if: drainDuration.components.attoseconds != 0 || drainDuration <= .zero,
            "defaultConfig.drainDuration: must be a positive number of whole seconds"
        )
        result.error(if: !isDNSLabel(rootNamespace), "rootNamespace: \(goQuoted(rootNamespace)) is no namespace name")
        return result + (meshMTLS?.validateForWorkloads() ?? Validation())
            + (tlsDefaults?.validateDefaults() ?? Validation())
    }
}
