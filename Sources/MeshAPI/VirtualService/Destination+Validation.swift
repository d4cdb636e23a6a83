internal import Base

extension VirtualService.Destination {
    func validate() -> Validation {
        var result = Validation()
        if host == "*" {
            result.error("invalid destination host *")
        } else if let problem = domainNameProblem(host, allowsWildcard: true) {
            result.error(problem)
        }
        result.error(if: !subset.isEmpty && !isDNSLabel(subset), "subset name is invalid: \(subset)")
        result.error(
            if: !(1...65535).contains(port ?? 1),
            "port number \(port ?? 0) must be in the range 1..65535"
        )
        return result
    }
}

/// What is wrong with destinations and their shares.
func validateDestinations(_ destinations: [VirtualService.RouteDestination]) -> Validation {
    var result = Validation()
    for entry in destinations {
        result.error(if: entry.destination == nil, "destination is required")
        result = result + (entry.destination?.validate() ?? Validation())
        result.error(if: entry.weight < 0, "weight \(entry.weight) < 0")
    }
    let total = destinations.reduce(0) { $0 + max(0, $1.weight) }
    result.error(if: destinations.count > 1 && total == 0, "total destination weight = 0")
    // Envoy counts them in 32 bits.
    result.error(if: total > Int(UInt32.max), "total destination weight = \(total), must be at most \(UInt32.max)")
    return result
}

extension VirtualService.Headers {
    func validate() -> Validation {
        var result = Validation()
        for (name, value) in (Array(request.add) + Array(request.set)).sorted(by: { $0.key < $1.key }) {
            result = result + Self.validateRequest(name) + Self.validate(value: value)
        }
        for name in request.remove { result = result + Self.validate(name) }
        for (name, value) in (Array(response.add) + Array(response.set)).sorted(by: { $0.key < $1.key }) {
            result = result + Self.validate(name) + Self.validate(value: value)
        }
        for name in response.remove { result = result + Self.validate(name) }
        return result + warnings(request, "request") + warnings(response, "response")
    }

    /// Commands that are not understood would arrive as they are written.
    private func warnings(_ operations: Operations, _ side: String) -> Validation {
        var result = Validation()
        for (verb, fields) in [("set", operations.set), ("add", operations.add)] {
            for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
                for command in FieldTemplate(value).unknown where command != "%" {
                    result.warn(
                        "headers.\(side).\(verb)[\(goQuoted(name))]: \(command) is no command that is understood here, "
                            + "and is sent as it is written; double its % if that is meant"
                    )
                }
            }
        }
        return result
    }

    private static func validateRequest(_ name: String) -> Validation {
        isAuthority(name) ? Validation() : validate(name)
    }

    private static func validate(_ name: String) -> Validation {
        if name.isEmpty { return Validation(errors: ["header name cannot be empty"]) }
        if name.lowercased() == "host" {
            return Validation(errors: ["invalid header \(goQuoted(name)): cannot set Host header"])
        }
        if name.hasPrefix(":") {
            return Validation(errors: ["invalid header \(goQuoted(name)): header cannot have \":\" prefix"])
        }
        return validateHeaderName(name)
    }

    /// What Envoy would replace stands between two `%`; and a line must not end within a value.
    private static func validate(value: String) -> Validation {
        var result = Validation()
        result.error(
            if: value.utf8.count { $0 == UInt8(ascii: "%") } % 2 != 0,
            "single % not allowed.  Escape by doubling to %% or encase Envoy variable name in pair of %"
        )
        result.error(
            if: value.utf8.contains { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7f },
            "header value contains invalid characters"
        )
        return result
    }
}

/// A part of a request line or of a field that ends at a blank: what is more would be taken for the next part.
func validateTarget(_ text: String, _ field: String) -> Validation {
    var result = Validation()
    result.error(
        if: text.utf8.contains { $0 <= 0x20 || $0 == 0x7f },
        "\(field) contains blanks or control characters; write them percent-encoded"
    )
    return result
}

/// Whether a header stands for the authority.
func isAuthority(_ name: String) -> Bool { [":authority", "host"].contains(name.lowercased()) }

/// What is wrong with the name of a header, or of a pseudo-header or claim that a match may ask for.
func validateHeaderName(_ name: String) -> Validation {
    if name.isEmpty { return Validation(errors: ["header name cannot be empty"]) }
    if [":method", ":scheme", ":authority"].contains(name) || name.hasPrefix(VirtualService.HTTPMatch.claimPrefix) {
        return Validation()
    }
    let isName = name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
    return isName ? Validation() : Validation(errors: ["header name \(name) is not a valid header name"])
}

extension VirtualService.TCPRoute {
    func validate() -> Validation {
        var result = match.reduce(Validation()) { $0 + $1.validate() }
        result.error(if: route.isEmpty, "TCP route is required")
        return result + validateDestinations(route)
    }
}

extension VirtualService.ConnectionMatch {
    func validate() -> Validation {
        var result = Validation()
        for subnet in destinationSubnets where IPNetwork(subnet) == nil {
            result.error("\(subnet) is not a valid IP address or CIDR range")
        }
        result.error(
            if: !sourceNamespace.isEmpty && !isDNSLabel(sourceNamespace),
            "sourceNamespace match \(sourceNamespace) is invalid"
        )
        return result + validateOptionalPort(port) + validateLabels(sourceLabels) + validateGatewayNames(gateways)
    }
}

// Fields that several messages have

func validateOptionalPort(_ port: Int?) -> Validation {
    guard let port, port != 0, !(1...65535).contains(port) else { return Validation() }
    return Validation(errors: ["port number \(port) must be in the range 1..65535"])
}

func validateStatus(_ status: Int) -> Validation {
    (200...599).contains(status)
        ? Validation() : Validation(errors: ["HTTP status \(status) is not in range 200-599"])
}

func validateDuration(_ duration: Duration) -> Validation {
    var result = Validation()
    result.error(if: duration < .milliseconds(1), "duration must be greater than 1ms")
    result.error(if: !duration.isWholeMilliseconds, "only durations to ms precision are supported")
    return result
}

func validatePercentage(_ percentage: Double?) -> Validation {
    guard let percentage, percentage != 0, !(0.0001...100).contains(percentage) else { return Validation() }
    return Validation(errors: ["percentage \(goFixed(percentage)) is neither 0.0, nor in range [0.0001, 100.0]"])
}

/// Labels whose names and values Kubernetes would not accept select nothing.
func validateLabels(_ labels: [String: String]) -> Validation {
    func isPart(_ text: Substring, _ limit: Int) -> Bool {
        func isWord(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: false
            }
        }
        guard let first = text.utf8.first, let last = text.utf8.last, text.utf8.count <= limit else { return false }
        return isWord(first) && isWord(last) && text.utf8.allSatisfy { isWord($0) || "-_.".utf8.contains($0) }
    }
    var result = Validation()
    for (key, value) in labels.sorted(by: { $0.key < $1.key }) {
        let parts = key.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let isKey =
            isPart(parts[parts.count - 1], 63) && (parts.count == 1 || domainNameProblem(String(parts[0])) == nil)
        result.error(if: !isKey, "invalid tag key: \(goQuoted(key))")
        result.error(if: !value.isEmpty && !isPart(value[...], 63), "invalid tag value: \(goQuoted(value))")
    }
    return result
}
