internal import Base
internal import Discovery
internal import HTTP

/// A ``CORSPolicy`` made ready to serve requests (Fetch §3.2; Envoy's CORS filter).
struct CORSRules: Sendable {
    enum Decision: Equatable {
        /// Not a request of another origin, or of one that is not allowed: goes on as if there were no policy.
        case none
        /// Goes on, and its response gets ``CORSRules/responseFields(origin:)``.
        case allowed(origin: [UInt8])
        /// A preflight that is answered at once with these fields.
        case answer([HeaderChanges.Field])
    }

    private let origins: [TextPattern]
    private let allowsAnyOrigin: Bool
    private let methods: String
    private let headers: String
    private let exposed: String
    private let policy: CORSPolicy

    init(_ policy: CORSPolicy) throws(MeshError) {
        self.policy = policy
        var origins: [TextPattern] = []
        for origin in policy.allowOrigins { origins.append(try TextPattern(origin)) }
        self.origins = origins
        // Envoy asks each pattern for `*`, too, so that one which matches it allows every origin.
        allowsAnyOrigin = origins.contains { $0.matches("*".utf8.span) }
        methods = policy.allowMethods.joined(separator: ",")
        headers = policy.allowHeaders.joined(separator: ",")
        exposed = policy.exposeHeaders.joined(separator: ",")
    }

    func decide(_ head: HTTP1Head) -> Decision {
        guard let index = head.firstIndex(of: .origin), !head.value(at: index).isEmpty else { return .none }
        let origin = head.value(at: index)
        let isPreflight = head.methodID == .options && head.firstIndex(ofLowercase: Self.requestMethod.span) != nil
        guard allowsAnyOrigin || origins.contains(where: { $0.matches(origin) }) else {
            return isPreflight && !policy.forwardsUnmatchedPreflights ? .answer(preflightFields()) : .none
        }
        if !isPreflight { return .allowed(origin: [UInt8](copying: origin)) }
        return .answer(responseFields(origin: String(octets: origin)) + preflightFields())
    }

    private static let requestMethod = Array("access-control-request-method".utf8)

    /// What a preflight's answer says, whoever asks.
    private func preflightFields() -> [HeaderChanges.Field] {
        var fields: [HeaderChanges.Field] = []
        if !methods.isEmpty { fields.append(.init("access-control-allow-methods", methods)) }
        if !headers.isEmpty { fields.append(.init("access-control-allow-headers", headers)) }
        if let age = policy.maxAge { fields.append(.init("access-control-max-age", String(age))) }
        return fields
    }

    /// What an allowed origin's page needs to be given the response.
    func responseFields(origin: String) -> [HeaderChanges.Field] {
        var fields = [HeaderChanges.Field("access-control-allow-origin", origin)]
        if policy.allowsCredentials { fields.append(.init("access-control-allow-credentials", "true")) }
        if !exposed.isEmpty { fields.append(.init("access-control-expose-headers", exposed)) }
        return fields
    }

    /// Writes them, in place of what the application may have said.
    func allow(_ origin: [UInt8], in response: inout HTTP1Head) {
        for field in responseFields(origin: String(octets: origin.span)) {
            response.remove(field.name.utf8.span)
            response.append(field.name.utf8.span, field.value.utf8.span)
        }
    }
}
