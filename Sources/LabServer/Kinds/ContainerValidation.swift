import JSON

/// What must be true of the parts of a container beside its name, image, ports and volume mounts.
enum ContainerValidation {
    static func environment(_ container: JSON, field: String) -> [FieldError] {
        let variables = (container["env"]?.array ?? []).enumerated().flatMap { index, variable in
            self.variable(variable, field: "\(field).env[\(index)]")
        }
        let sources = container["envFrom"]?.array ?? []
        let hasSources = sources.allSatisfy { $0["configMapRef"] != nil || $0["secretRef"] != nil }
        if hasSources { return variables }
        let detail = "must specify one of: `configMapRef` or `secretRef`"
        return variables + [.invalid("\(field).envFrom", "", detail)]
    }

    private static func variable(_ variable: JSON, field: String) -> [FieldError] {
        var errors: [FieldError] = []
        let name = variable["name"]?.string ?? ""
        if name.isEmpty {
            errors.append(.required("\(field).name"))
        } else if !isVariableName(name) {
            errors.append(.invalid("\(field).name", .string(name), variableRule))
        }
        guard let source = variable["valueFrom"], source.object != nil else { return errors }
        if let path = source["fieldRef", "fieldPath"]?.string, !isFieldPath(path) {
            let detail = "error converting fieldPath: field label not supported: \(path)"
            errors.append(.invalid("\(field).valueFrom.fieldRef.fieldPath", .string(path), detail))
        }
        if !(variable["value"]?.string ?? "").isEmpty {
            errors.append(.invalid("\(field).valueFrom", "", "may not be specified when `value` is not empty"))
        }
        return errors
    }

    private static func isVariableName(_ name: String) -> Bool {
        !(name.first?.isNumber ?? true)
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    }

    private static let variableRule =
        "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')"

    private static func isFieldPath(_ path: String) -> Bool {
        let whole: Set = [
            "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
            "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
        ]
        return whole.contains(path) || path.hasPrefix("metadata.labels['") || path.hasPrefix("metadata.annotations['")
    }

    /// Amounts are amounts, and no more is asked for than allowed.
    static func resources(_ container: JSON, field: String) -> [FieldError] {
        var errors: [FieldError] = []
        let limits = container["resources", "limits"]?.object ?? [:]
        let requests = container["resources", "requests"]?.object ?? [:]
        for (name, amounts) in [("limits", limits), ("requests", requests)] {
            for (resource, amount) in amounts.sorted(by: { $0.key < $1.key }) where Amount(amount) == nil {
                errors.append(.invalid("\(field).resources.\(name)[\(resource)]", amount, Amount.rule))
            }
        }
        for (resource, request) in requests.sorted(by: { $0.key < $1.key }) {
            guard let asked = Amount(request), let limit = limits[resource].flatMap(Amount.init), asked > limit
            else { continue }
            let detail = "must be less than or equal to \(resource) limit of \(limits[resource]?.string ?? "")"
            errors.append(.invalid("\(field).resources.requests", request, detail))
        }
        return errors
    }

    static func security(_ container: JSON, field: String) -> [FieldError] {
        let path = "\(field).securityContext"
        var errors: [FieldError] = []
        for name in ["runAsUser", "runAsGroup"] {
            if let id = container["securityContext", name]?.int, !(0...2_147_483_647).contains(id) {
                errors.append(.invalid("\(path).\(name)", .int(id), "must be between 0 and 2147483647, inclusive"))
            }
        }
        if container["securityContext", "privileged"]?.bool == true,
            container["securityContext", "allowPrivilegeEscalation"]?.bool == false
        {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            errors.append(.invalid(path, container["securityContext"] ?? .null, detail))
        }
        return errors
    }

    static func hooks(_ container: JSON, field: String) -> [FieldError] {
        ["postStart", "preStop"].flatMap { name -> [FieldError] in
            guard let hook = container["lifecycle", name] else { return [] }
            return handler(hook, ["exec", "httpGet", "tcpSocket", "sleep"], field: "\(field).lifecycle.\(name)")
        }
    }

    static func probes(_ container: JSON, isInit: Bool, field: String) -> [FieldError] {
        ["livenessProbe", "readinessProbe", "startupProbe"].flatMap { name -> [FieldError] in
            guard let probe = container[name] else { return [] }
            let path = "\(field).\(name)"
            var errors = handler(probe, ["exec", "httpGet", "tcpSocket", "grpc"], field: path)
            for value in [
                "initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold",
            ]
            where (probe[value]?.int ?? 0) < 0 {
                errors.append(PodValidation.negative("\(path).\(value)", probe[value]?.int ?? 0))
            }
            if name != "readinessProbe", let threshold = probe["successThreshold"]?.int, threshold > 1 {
                errors.append(.invalid("\(path).successThreshold", .int(threshold), "must be 1"))
            }
            if isInit, container["restartPolicy"] == nil {
                errors.append(.forbidden(path, "may not be set for init containers without restartPolicy=Always"))
            }
            return errors
        }
    }

    private static func handler(_ handler: JSON, _ kinds: [String], field: String) -> [FieldError] {
        let given = kinds.filter { handler[$0] != nil }
        guard let first = given.first else { return [.required(field, "must specify a handler type")] }
        var errors: [FieldError] = given.dropFirst().map {
            .forbidden("\(field).\($0)", "may not specify more than 1 handler type")
        }
        let path = "\(field).\(first)"
        if first == "exec", (handler["exec", "command"]?.array ?? []).isEmpty {
            errors.append(.required("\(path).command"))
        }
        if let number = handler[first, "port"]?.int, let problem = PortRules.numberProblem(number) {
            errors.append(.invalid("\(path).port", .int(number), problem))
        } else if let name = handler[first, "port"]?.string, let problem = PortRules.nameProblem(name) {
            errors.append(.invalid("\(path).port", .string(name), problem))
        }
        return errors
    }
}

/// An amount as Kubernetes writes it (`api/resource.Quantity`), as far as comparing goes.
struct Amount: Comparable {
    static let rule =
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    private let value: Double

    init?(_ json: JSON) {
        switch json {
        case .int(let number): value = Double(number)
        case .double(let number): value = number
        case .string(let text):
            let digits = text.prefix { $0.isASCII && ($0.isNumber || ".+-".contains($0)) }
            let suffix = text.dropFirst(digits.count)
            guard let number = Double(digits) else { return nil }
            if let factor = Self.factors[String(suffix)] {
                value = number * factor
            } else if let exponent = suffix.first, "eE".contains(exponent), let whole = Double(text) {
                value = whole
            } else {
                return nil
            }
        default: return nil
        }
    }

    private static let factors: [String: Double] = [
        "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
        "Ki": 1024, "Mi": 1_048_576, "Gi": 1_073_741_824, "Ti": 1_099_511_627_776, "Pi": 1_125_899_906_842_624,
        "Ei": 1_152_921_504_606_846_976,
    ]

    static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}
