extension VirtualService.Redirect {
    func validate() -> Validation {
        var result = Validation()
        result.error(
            if: !uri.isEmpty && !prefixRewrite.isEmpty,
            "redirect may only specify one of uri or prefix_rewrite"
        )
        result.error(
            if: uri.isEmpty && prefixRewrite.isEmpty && authority.isEmpty && port == nil && derivePort == nil
                && scheme.isEmpty,
            "redirect must specify URI, authority, scheme, or port"
        )
        if redirectCode != 0 {
            result.error(
                if: !(300...399).contains(redirectCode),
                "\(redirectCode) is not a valid redirect code, must be 3xx"
            )
            result.warn(
                if: (300...399).contains(redirectCode) && ![301, 302, 303, 307, 308].contains(redirectCode),
                "redirect code \(redirectCode) is not supported, and the route dropped; use 301, 302, 303, 307 or 308"
            )
        }
        result.error(
            if: !["", "http", "https"].contains(scheme),
            "invalid redirect scheme, must be \"http\" or \"https\""
        )
        return result + validateTarget(uri, "redirect.uri") + validateTarget(prefixRewrite, "redirect.prefixRewrite")
            + validateTarget(authority, "redirect.authority") + validateOptionalPort(port)
    }
}

extension VirtualService.DirectResponse {
    func validate() -> Validation {
        var result = Validation()
        if body.count > 1 << 20 {
            result.error("large direct_responses may impact control plane performance, must be less than 1MB")
        } else if body.count > 100 << 10 {
            result.warn("large direct_responses may impact control plane performance")
        }
        return result + validateStatus(status)
    }
}

extension VirtualService.Rewrite {
    func validate() -> Validation {
        var result = Validation()
        result.error(
            if: !uri.isEmpty && uriRegexRewrite != nil,
            "rewrite may only contain one of URI or UriRegexRewrite"
        )
        result.error(
            if: uri.isEmpty && uriRegexRewrite == nil && authority.isEmpty,
            "rewrite must specify at least one of URI, UriRegexRewrite, or authority. "
                + "Only one of URI or UriRegexRewrite may be specified"
        )
        result = result + validateTarget(uri, "rewrite.uri") + validateTarget(authority, "rewrite.authority")
        guard let expression = uriRegexRewrite else { return result }
        result = result + validateTarget(expression.rewrite, "rewrite.uriRegexRewrite.rewrite")
        if expression.match.isEmpty || expression.rewrite.isEmpty {
            result.error("UriRegexRewrite requires both Rewrite and Match fields to be specified")
            return result
        }
        return result
            + validateExpression(
                expression.match,
                "HTTPRewrite.UriRegexRewrite.Match",
                substitution: expression.rewrite
            )
    }
}

extension VirtualService.Retries {
    private static let conditions: Set<String> = [
        "5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "retriable-4xx", "refused-stream",
        "retriable-status-codes", "retriable-headers", "envoy-ratelimited", "http3-post-connect-failure", "cancelled",
        "deadline-exceeded", "internal", "resource-exhausted", "unavailable",
    ]
    private static let withoutEffect: Set<String> = ["retriable-headers", "envoy-ratelimited"]

    func validate() -> Validation {
        var result = Validation()
        result.error(if: attempts < 0, "attempts cannot be negative")
        result.error(
            if: attempts == 0 && (perTryTimeout != nil || !retryOn.isEmpty || retryRemoteLocalities != nil),
            "http retry policy configured when attempts are set to 0 (disabled)"
        )
        if let perTryTimeout { result = result + validateDuration(perTryTimeout) }
        if let backoff { result = result + validateDuration(backoff) }
        guard !retryOn.isEmpty else { return result }
        for policy in retryOn.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
            let isStatus = Int(policy).map(isKnownStatus) ?? false
            result.error(
                if: !isStatus && !Self.conditions.contains(policy),
                "\(goQuoted(policy)) is not a valid retryOn policy"
            )
            result.warn(if: Self.withoutEffect.contains(policy), "retryOn policy \(policy) has no effect")
        }
        return result
    }
}

/// Whether a status code is one that is assigned.
private func isKnownStatus(_ code: Int) -> Bool {
    switch code {
    case 100...103, 200...208, 226, 300...305, 307, 308, 400...418, 421...426, 428, 429, 431, 451, 500...508, 510, 511:
        true
    default: false
    }
}

extension VirtualService.Fault {
    func validate() -> Validation {
        var result = Validation()
        result.error(
            if: abort == nil && delay == nil,
            "HTTP fault injection must have an abort and/or a delay"
        )
        if let abort {
            result = result + validatePercentage(abort.percentage)
            if let status = abort.grpcStatus {
                result.error(
                    if: Abort.number(ofGRPCStatus: status) == nil,
                    "gRPC status \(goQuoted(status)) is not supported. "
                        + "See https://github.com/grpc/grpc/blob/master/doc/statuscodes.md for a list of supported codes, "
                        + "for example 'NOT_FOUND'"
                )
            } else if let status = abort.httpStatus {
                result = result + validateStatus(status)
            } else {
                result.warn("abort configured, but error type not set")
            }
        }
        if let delay {
            result = result + validatePercentage(delay.percentage)
            if let duration = delay.fixedDelay { result = result + validateDuration(duration) }
            result.error(
                if: !(0...100).contains(delay.percent ?? 0),
                "percentage \(delay.percent ?? 0) is not in range 0..100"
            )
        }
        return result
    }
}

extension VirtualService.CORSPolicy {
    private static let methods: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*",
    ]

    func validate() -> Validation {
        var result = Validation()
        result.warn(if: usesAllowOrigin, "using deprecated setting \"allowOrigin\", use \"allowOrigins\" instead")
        for origin in allowOrigins {
            switch origin {
            case .exact(""), .prefix(""), .regex(""), .present:
                result.error("'' is not a valid match type for CORS allow origins")
            default: result = result + origin.validate("corsPolicy.allowOrigins")
            }
        }
        for method in allowMethods where !Self.methods.contains(method) {
            result.error("\(goQuoted(method)) is not a supported HTTP method")
        }
        for name in allowHeaders + exposeHeaders where name != "*" { result = result + validateHeaderName(name) }
        if let maxAge, maxAge != .zero {
            result = result + validateDuration(maxAge)
            result.error(
                if: maxAge.components.attoseconds != 0,
                "max_age duration is accurate only to seconds precision"
            )
        }
        return result
    }
}
