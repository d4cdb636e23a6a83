import JSON

/// What must be true of a pod's specification.
enum PodValidation {
    static func spec(_ spec: JSON, field: String) -> [FieldError] {
        var errors: [FieldError] = []
        let containers = spec["containers"]?.array ?? []
        if containers.isEmpty { errors.append(.required("\(field).containers")) }
        let volumes = spec["volumes"]?.array ?? []
        errors += names(volumes, field: "\(field).volumes")
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
        errors += MetadataRules.labels(spec["nodeSelector"]?.strings ?? [:], field: "\(field).nodeSelector")
        return errors
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
        errors += environment(container["env"]?.array ?? [], field: "\(field).env")
        for (index, mount) in (container["volumeMounts"]?.array ?? []).enumerated() {
            let (path, name) = ("\(field).volumeMounts[\(index)]", mount["name"]?.string ?? "")
            if !volumes.contains(name) { errors.append(.notFound("\(path).name", .string(name))) }
            if (mount["mountPath"]?.string ?? "").isEmpty { errors.append(.required("\(path).mountPath")) }
        }
        return errors + probes(container, isInit: isInit, field: field)
    }

    private static func environment(_ variables: [JSON], field: String) -> [FieldError] {
        variables.enumerated().flatMap { index, variable in
            let path = "\(field)[\(index)]"
            var errors: [FieldError] = []
            if (variable["name"]?.string ?? "").isEmpty { errors.append(.required("\(path).name")) }
            if variable["valueFrom"]?.object != nil, !(variable["value"]?.string ?? "").isEmpty {
                errors.append(.invalid("\(path).valueFrom", "", "may not be specified when `value` is not empty"))
            }
            return errors
        }
    }

    private static func probes(_ container: JSON, isInit: Bool, field: String) -> [FieldError] {
        ["livenessProbe", "readinessProbe", "startupProbe"].flatMap { name -> [FieldError] in
            guard let probe = container[name] else { return [] }
            var errors: [FieldError] = []
            let handlers = ["exec", "httpGet", "tcpSocket", "grpc"].filter { probe[$0] != nil }
            if handlers.isEmpty { errors.append(.required("\(field).\(name)", "must specify a handler type")) }
            if isInit, container["restartPolicy"] == nil {
                let detail = "may not be set for init containers without restartPolicy=Always"
                errors.append(.forbidden("\(field).\(name)", detail))
            }
            return errors
        }
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
