extension VirtualService.HTTPRoute {
    func validate(inDelegate: Bool) -> Validation {
        var result = validateConflicts(inDelegate: inDelegate)
        for entry in match {
            result = result + (inDelegate || delegate != nil ? entry.validateForDelegation() : entry.validate())
        }
        result = result + headers.validate() + validateAuthority()
        result = result + (corsPolicy?.validate() ?? Validation()) + (fault?.validate() ?? Validation())
        result = result + validateMirrors() + (redirect?.validate() ?? Validation())
        result = result + (directResponse?.validate() ?? Validation()) + (retries?.validate() ?? Validation())
        result = result + (rewrite?.validate() ?? Validation())
        for destination in route { result = result + destination.headers.validate() }
        result = result + validateDestinations(route)
        // No limit at all is said by zero.
        if let timeout, timeout != .zero { result = result + validateDuration(timeout) }
        return result
    }

    private func validateConflicts(inDelegate: Bool) -> Validation {
        var result = Validation()
        if delegate != nil, !inDelegate {
            result.error(if: redirect != nil, "root HTTP route \(name) must not specify redirect")
            result.error(if: !route.isEmpty, "root HTTP route \(name) must not specify route")
            result.error(if: delegate?.name.isEmpty ?? false, "root HTTP route \(name) delegates to no name")
            return result
        }
        result.error(if: delegate != nil, "delegate HTTP route cannot contain delegate")
        if redirect != nil {
            result.error(if: !route.isEmpty, "HTTP route cannot contain both route and redirect")
            result.error(if: fault != nil, "HTTP route cannot contain both fault and redirect")
            result.error(if: rewrite != nil, "HTTP route rule cannot contain both rewrite and redirect")
            result.error(if: directResponse != nil, "HTTP route rule cannot contain both direct_response and redirect")
        } else if directResponse != nil {
            result.error(if: !route.isEmpty, "HTTP route cannot contain both route and direct_response")
            result.error(if: fault != nil, "HTTP route cannot contain both fault and direct_response")
            result.error(if: rewrite != nil, "HTTP route rule cannot contain both rewrite and direct_response")
        } else {
            result.error(if: route.isEmpty, "HTTP route, redirect or direct_response is required")
        }
        result.error(if: mirror != nil && !mirrors.isEmpty, "HTTP route cannot contain both mirror and mirrors")
        return result
    }

    /// The authority is changed at one place at most.
    private func validateAuthority() -> Validation {
        var current = rewrite?.authority ?? ""
        let changes = [headers.request.set, headers.request.add].flatMap { $0.sorted { $0.key < $1.key } }
        for (name, value) in changes where isAuthority(name) {
            if !current.isEmpty {
                return Validation(errors: [
                    "authority header cannot be set multiple times: have \(goQuoted(current)), "
                        + "attempting to set \(goQuoted(value))"
                ])
            }
            current = value
        }
        return Validation()
    }

    private func validateMirrors() -> Validation {
        var result = mirror?.validate() ?? Validation()
        if let mirrorPercent {
            result.error(
                if: mirrorPercent > 100,
                "mirror_percent must have a max value of 100 (it has \(mirrorPercent))"
            )
            result.warn("using deprecated setting \"mirrorPercent\", use \"mirrorPercentage\" instead")
        }
        func validate(_ percentage: Double?, _ noun: String) {
            guard let percentage else { return }
            let text = goFixed(percentage)
            result.error(if: percentage > 100, "\(noun) must have a max value of 100 (it has \(text))")
            result.error(if: percentage < 0, "\(noun) must have a min value of 0 (it has \(text))")
        }
        validate(mirrorPercentage, "mirror_percentage")
        for mirror in mirrors {
            result.error(if: mirror.destination == nil, "destination is required for mirrors")
            result = result + (mirror.destination?.validate() ?? Validation())
            validate(mirror.percentage, "mirror percentage")
        }
        return result
    }
}

extension VirtualService.HTTPMatch {
    private var texts: [(name: String, match: StringMatch?)] {
        [("scheme", scheme), ("method", method), ("authority", authority)]
    }

    func validate() -> Validation {
        var result = Validation()
        for (name, match) in headers.sorted(by: { $0.key < $1.key }) {
            result = result + validateHeaderName(name) + match.validate("headers", allowsAnything: true)
        }
        for (name, match) in withoutHeaders.sorted(by: { $0.key < $1.key }) {
            result = result + validateHeaderName(name) + match.validate("withoutHeaders", allowsAnything: true)
        }
        // Only of a path an empty prefix is meaningful.
        if uri != .prefix("") { result = result + (uri?.validate("uri") ?? Validation()) }
        for (name, match) in texts { result = result + (match?.validate(name) ?? Validation()) }
        for (_, match) in queryParams.sorted(by: { $0.key < $1.key }) {
            result = result + match.validate("queryParams", allowsAnything: true)
        }
        return result + validateSource()
    }

    /// Two conditions of which one is an expression cannot be told to be within each other.
    func validateForDelegation() -> Validation {
        var result = validate()
        func refuse(_ matches: [String: StringMatch], _ noun: String) {
            for (name, match) in matches.sorted(by: { $0.key < $1.key }) where match.expression != nil {
                result.error("\(noun) match \(name) does not support regex match for delegating")
            }
        }
        for (name, match) in [("url", uri)] + texts where match?.expression != nil {
            result.error("\(name) match does not support regex match for delegating")
        }
        refuse(headers, "header")
        refuse(queryParams, "query param")
        refuse(withoutHeaders, "withoutHeaders")
        return result
    }

    private func validateSource() -> Validation {
        var result = validateOptionalPort(port) + validateLabels(sourceLabels) + validateGatewayNames(gateways)
        result.error(
            if: !sourceNamespace.isEmpty && !isDNSLabel(sourceNamespace),
            "sourceNamespace match \(sourceNamespace) is invalid"
        )
        return result
    }
}
