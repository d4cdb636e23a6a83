public import Kubernetes

extension VirtualService {
    /// What is done with the requests that match (`http[]`).
    public struct HTTPRoute: Hashable, Sendable {
        /// Names another VirtualService, whose routes stand in the place of this one.
        public struct Delegate: Hashable, Sendable {
            public var name: String
            /// Empty for the namespace of the object that delegates.
            public var namespace: String
        }

        public var name: String
        /// A request that meets any of them is this route's; empty matches every request.
        public var match: [HTTPMatch]
        public var route: [RouteDestination]
        public var redirect: Redirect?
        public var directResponse: DirectResponse?
        public var delegate: Delegate?
        public var rewrite: Rewrite?
        /// nil and zero for no limit.
        public var timeout: Duration?
        /// nil for the mesh's default.
        public var retries: Retries?
        public var fault: Fault?
        public var mirror: Destination?
        public var mirrors: [Mirror]
        /// Of ``mirror``, in percent; nil for all.
        public var mirrorPercentage: Double?
        /// The old form of ``mirrorPercentage``, which counts more than this one.
        public var mirrorPercent: Int?
        public var corsPolicy: CORSPolicy?
        public var headers: Headers
        /// The object that the route was written in, when another delegates to it.
        public var delegated: ObjectKey?

        init(_ reader: inout FieldReader) {
            name = reader.string("name") ?? ""
            match = reader.list("match", HTTPMatch.init)
            route = reader.list("route", RouteDestination.init)
            redirect = reader.object("redirect", Redirect.init)
            directResponse = reader.object("directResponse", DirectResponse.init)
            delegate = reader.object("delegate") {
                Delegate(name: $0.string("name") ?? "", namespace: $0.string("namespace") ?? "")
            }
            rewrite = reader.object("rewrite", Rewrite.init)
            timeout = reader.duration("timeout")
            retries = reader.object("retries", Retries.init)
            fault = reader.object("fault", Fault.init)
            mirror = reader.object("mirror", Destination.init)
            mirrors = reader.list("mirrors", Mirror.init)
            mirrorPercentage = reader.percentage("mirrorPercentage")
            let oldPercentages = [reader.int("mirrorPercent"), reader.int("mirror_percent")]
            mirrorPercent = oldPercentages.compactMap(\.self).first
            corsPolicy = reader.object("corsPolicy", CORSPolicy.init)
            headers = reader.object("headers", Headers.init) ?? Headers()
        }
    }

    /// Conditions on a request and on whoever makes it, all of which must hold (`http[].match[]`).
    public struct HTTPMatch: Hashable, Sendable {
        public var name = ""
        /// The path, without query.
        public var uri: StringMatch?
        /// Counts for exact paths and prefixes.
        public var ignoreUriCase = false
        public var scheme: StringMatch?
        public var method: StringMatch?
        public var authority: StringMatch?
        public var headers: [String: StringMatch] = [:]
        /// Conditions that must not hold; a header that is not there does not hold any.
        public var withoutHeaders: [String: StringMatch] = [:]
        public var queryParams: [String: StringMatch] = [:]
        /// The port that is asked, of the service or of the gateway's server; nil for any.
        public var port: Int?
        /// Of the workload that asks.
        public var sourceLabels: [String: String] = [:]
        /// Of the workload that asks; empty for any.
        public var sourceNamespace = ""
        /// Instead of the object's own; empty for those.
        public var gateways: [String] = []
        public var statPrefix = ""

        public init() {}

        /// The claims of a token that headers stand for, such as `@request.auth.claims.groups`.
        public var claims: [String] { headers.keys.filter { $0.hasPrefix(Self.claimPrefix) }.sorted() }
        public var asksForClaims: Bool { headers.keys.contains { $0.hasPrefix(Self.claimPrefix) } }

        static let claimPrefix = "@request.auth.claims"

        init(_ reader: inout FieldReader) {
            name = reader.string("name") ?? ""
            uri = reader.match("uri")
            ignoreUriCase = reader.bool("ignoreUriCase") ?? false
            scheme = reader.match("scheme")
            method = reader.match("method")
            authority = reader.match("authority")
            headers = reader.matches("headers", "header")
            // A claim that nobody verified is not there, which is what is asked for.
            withoutHeaders = reader.matches("withoutHeaders", "withoutHeaders")
                .filter { !$0.key.hasPrefix(Self.claimPrefix) }
            queryParams = reader.matches("queryParams", "query param")
            port = reader.int("port")
            sourceLabels = reader.stringMap("sourceLabels") ?? [:]
            sourceNamespace = reader.string("sourceNamespace") ?? ""
            gateways = reader.strings("gateways") ?? []
            statPrefix = reader.string("statPrefix") ?? ""
        }
    }
}
