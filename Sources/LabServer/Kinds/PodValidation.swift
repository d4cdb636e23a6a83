import Base
import JSON

/// What must be true of a pod's specification.
enum PodValidation {
    static func spec(_ spec: JSON, field: String) -> [FieldError] {
        var errors: [FieldError] = []
        let containers = spec["containers"]?.array ?? []
        if containers.isEmpty { errors.append(.required("\(field).containers")) }
        let volumes = spec["volumes"]?.array ?? []
        errors += names(volumes, field: "\(field).volumes")
        errors += self.volumes(volumes, field: "\(field).volumes")
        let volumeNames = Set(volumes.compactMap { $0["name"]?.string })
        for list in ["initContainers", "containers"] {
            let elements = spec[list]?.array ?? []
            errors += names(elements, field: "\(field).\(list)")
            for (index, container) in elements.enumerated() {
                errors += self.container(
                    container,
                    isInit: list == "initContainers",
                    volumes: volumeNames,
                    field: "\(field).\(list)[\(index)]"
                )
            }
        }
        errors += oneOf(spec["restartPolicy"], ["Always", "OnFailure", "Never"], field: "\(field).restartPolicy")
        errors += oneOf(
            spec["dnsPolicy"],
            ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"],
            field: "\(field).dnsPolicy"
        )
        if let grace = spec["terminationGracePeriodSeconds"]?.int, grace < 0 {
            errors.append(negative("\(field).terminationGracePeriodSeconds", grace))
        }
        if let limit = spec["activeDeadlineSeconds"]?.int, !(1...2_147_483_647).contains(limit) {
            let detail = "must be between 1 and 2147483647, inclusive"
            errors.append(.invalid("\(field).activeDeadlineSeconds", .int(limit), detail))
        }
        for name in ["hostname", "subdomain"] {
            guard let label = spec[name]?.string, !label.isEmpty, let problem = NameRule.label.problem(label) else {
                continue
            }
            errors.append(.invalid("\(field).\(name)", .string(label), problem))
        }
        errors += MetadataRules.labels(spec["nodeSelector"]?.strings ?? [:], field: "\(field).nodeSelector")
        return errors + others(spec, field: field)
    }

    private static func others(_ spec: JSON, field: String) -> [FieldError] {
        var errors: [FieldError] = []
        let names = Set((spec["containers"]?.array ?? []).compactMap { $0["name"]?.string })
        for (index, container) in (spec["initContainers"]?.array ?? []).enumerated() {
            guard let name = container["name"]?.string, names.contains(name) else { continue }
            errors.append(.duplicate("\(field).initContainers[\(index)].name", .string(name)))
        }
        for (index, toleration) in (spec["tolerations"]?.array ?? []).enumerated() {
            let path = "\(field).tolerations[\(index)].operator"
            errors += oneOf(toleration["operator"], ["Equal", "Exists"], field: path)
        }
        for alias in spec["hostAliases"]?.array ?? [] {
            let address = alias["ip"]?.string ?? ""
            if IPAddress(address) == nil {
                errors.append(.invalid("\(field).hostAliases.ip", .string(address), "must be valid IP address"))
            }
        }
        return errors
    }

    /// Each volume comes from one source, and one that is named.
    private static func volumes(_ volumes: [JSON], field: String) -> [FieldError] {
        volumes.enumerated().flatMap { index, volume -> [FieldError] in
            let path = "\(field)[\(index)]"
            let sources = (volume.object ?? [:]).keys.filter { $0 != "name" }.sorted()
            var errors: [FieldError] = sources.dropFirst().map {
                .forbidden("\(path).\($0)", "may not specify more than 1 volume type")
            }
            for (source, key) in [("configMap", "name"), ("secret", "secretName"), ("hostPath", "path")]
            where volume[source] != nil && (volume[source, key]?.string ?? "").isEmpty {
                errors.append(.required("\(path).\(source).\(key)"))
            }
            return errors
        }
    }

    /// Names are there, are labels, and are each used once.
    private static func names(_ elements: [JSON], field: String) -> [FieldError] {
        var seen: Set<String> = []
        var errors: [FieldError] = []
        for (index, element) in elements.enumerated() {
            let (name, path) = (element["name"]?.string ?? "", "\(field)[\(index)].name")
            if name.isEmpty {
                errors.append(.required(path))
            } else if let problem = NameRule.label.problem(name) {
                errors.append(.invalid(path, .string(name), problem))
            } else if !seen.insert(name).inserted {
                errors.append(.duplicate(path, .string(name)))
            }
        }
        return errors
    }

    private static func container(
        _ container: JSON,
        isInit: Bool,
        volumes: Set<String>,
        field: String
    ) -> [FieldError] {
        var errors: [FieldError] = []
        if (container["image"]?.string ?? "").isEmpty { errors.append(.required("\(field).image")) }
        errors += oneOf(
            container["imagePullPolicy"],
            ["Always", "IfNotPresent", "Never"],
            field: "\(field).imagePullPolicy"
        )
        if let policy = container["restartPolicy"] {
            if isInit {
                errors += oneOf(policy, ["Always"], field: "\(field).restartPolicy")
            } else {
                errors.append(.forbidden("\(field).restartPolicy", "may not be set for non-init containers"))
            }
        }
        errors += ports(container["ports"]?.array ?? [], field: "\(field).ports")
        errors += ContainerValidation.environment(container, field: field)
        for (index, mount) in (container["volumeMounts"]?.array ?? []).enumerated() {
            let (path, name) = ("\(field).volumeMounts[\(index)]", mount["name"]?.string ?? "")
            if !volumes.contains(name) { errors.append(.notFound("\(path).name", .string(name))) }
            if (mount["mountPath"]?.string ?? "").isEmpty { errors.append(.required("\(path).mountPath")) }
        }
        errors += ContainerValidation.hooks(container, field: field)
        errors += ContainerValidation.probes(container, isInit: isInit, field: field)
        errors += ContainerValidation.resources(container, field: field)
        return errors + ContainerValidation.security(container, field: field)
    }

    private static func ports(_ ports: [JSON], field: String) -> [FieldError] {
        var errors: [FieldError] = []
        var names: Set<String> = []
        for (index, port) in ports.enumerated() {
            let path = "\(field)[\(index)]"
            if let name = port["name"]?.string {
                if let problem = PortRules.nameProblem(name) {
                    errors.append(.invalid("\(path).name", .string(name), problem))
                }
                if !names.insert(name).inserted { errors.append(.duplicate("\(path).name", .string(name))) }
            }
            if let number = port["containerPort"]?.int {
                if let problem = PortRules.numberProblem(number) {
                    errors.append(.invalid("\(path).containerPort", .int(number), problem))
                }
            } else {
                errors.append(.required("\(path).containerPort"))
            }
            errors += oneOf(port["protocol"], PortRules.protocols, field: "\(path).protocol")
        }
        return errors
    }

    static func oneOf(_ value: JSON?, _ allowed: [String], field: String) -> [FieldError] {
        guard let value, !allowed.contains(value.string ?? "") else { return [] }
        return [.unsupported(field, value, allowed)]
    }

    static func negative(_ field: String, _ value: Int64) -> FieldError {
        .invalid(field, .int(value), "must be greater than or equal to 0")
    }
}

/// What ports may be.
enum PortRules {
    static let protocols = ["SCTP", "TCP", "UDP"]

    static func numberProblem(_ number: Int64) -> String? {
        (1...65535).contains(number) ? nil : "must be between 1 and 65535, inclusive"
    }

    /// An IANA service name (RFC 6335 §5.1).
    static func nameProblem(_ name: String) -> String? {
        if name.utf8.count > 15 { return "must be no more than 15 characters" }
        if NameRule.label.problem(name) != nil {
            return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
        }
        if !name.contains(where: \.isLetter) { return "must contain at least one letter (a-z)" }
        if name.contains("--") { return "must not contain consecutive hyphens" }
        return nil
    }
}
