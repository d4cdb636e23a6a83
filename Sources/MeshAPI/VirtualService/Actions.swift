internal import Base

extension VirtualService {
    /// Sends the client elsewhere.
    public struct Redirect: Hashable, Sendable {
        public enum DerivedPort: String, CaseIterable, Sendable {
            /// The scheme's own.
            case fromProtocolDefault = "FROM_PROTOCOL_DEFAULT"
            /// The one that was asked.
            case fromRequestPort = "FROM_REQUEST_PORT"
        }

        /// The whole path; empty keeps the request's.
        public var uri: String
        /// Replaces the prefix that matched.
        public var prefixRewrite: String
        public var authority: String
        public var port: Int?
        public var derivePort: DerivedPort?
        /// Empty keeps the request's.
        public var scheme: String
        /// 0 for 301.
        public var redirectCode: Int

        init(_ reader: inout FieldReader) {
            uri = reader.string("uri") ?? ""
            prefixRewrite = reader.string("prefixRewrite") ?? ""
            authority = reader.string("authority") ?? ""
            port = reader.int("port")
            derivePort = reader.choice("derivePort", DerivedPort.self)
            if port != nil, derivePort != nil {
                reader.problems.add("\(reader.path): only one of port and derivePort may be set")
            }
            scheme = reader.string("scheme") ?? ""
            redirectCode = reader.int("redirectCode") ?? 0
        }
    }

    /// An answer by the proxy itself.
    public struct DirectResponse: Hashable, Sendable {
        public var status: Int
        public var body: [UInt8]

        init(_ reader: inout FieldReader) {
            status = reader.int("status") ?? 0
            body = reader.object("body", Self.body) ?? []
        }

        private static func body(_ reader: inout FieldReader) -> [UInt8] {
            let text = reader.string("string")
            guard let encoded = reader.string("bytes") else { return Array((text ?? "").utf8) }
            if text != nil { reader.problems.add("\(reader.path): only one of string and bytes may be set") }
            guard let bytes = Base64.decode(encoded) else {
                reader.report("bytes", "must be Base64")
                return []
            }
            return bytes
        }
    }

    /// Changes the path or the authority before a request goes on.
    public struct Rewrite: Hashable, Sendable {
        public struct Expression: Hashable, Sendable {
            /// RE2.
            public var match: String
            /// `\1` is the first group.
            public var rewrite: String
        }

        /// Replaces the prefix that matched; the whole path where it matched otherwise.
        public var uri: String
        /// Empty keeps the client's.
        public var authority: String
        public var uriRegexRewrite: Expression?

        init(_ reader: inout FieldReader) {
            uri = reader.string("uri") ?? ""
            authority = reader.string("authority") ?? ""
            uriRegexRewrite = reader.object("uriRegexRewrite") {
                Expression(match: $0.string("match") ?? "", rewrite: $0.string("rewrite") ?? "")
            }
        }
    }

    /// When a request is tried again (also `meshConfig.defaultHttpRetryPolicy`).
    public struct Retries: Hashable, Sendable {
        /// Attempts after the first; 0 for none.
        public var attempts: Int
        public var perTryTimeout: Duration?
        /// Envoy's conditions and status codes, with commas between them; empty for the default.
        public var retryOn: String
        public var retryRemoteLocalities: Bool?
        public var retryIgnorePreviousHosts: Bool?
        /// The shortest pause between attempts.
        public var backoff: Duration?

        init(_ reader: inout FieldReader) {
            attempts = reader.int("attempts", in: Int(Int32.min)...Int(Int32.max)) ?? 0
            perTryTimeout = reader.duration("perTryTimeout")
            retryOn = reader.string("retryOn") ?? ""
            retryRemoteLocalities = reader.bool("retryRemoteLocalities")
            retryIgnorePreviousHosts = reader.bool("retryIgnorePreviousHosts")
            backoff = reader.duration("backoff")
        }
    }

    /// Failures made on purpose.
    public struct Fault: Hashable, Sendable {
        public struct Delay: Hashable, Sendable {
            public var fixedDelay: Duration?
            /// nil for all requests, unless ``percent`` says otherwise.
            public var percentage: Double?
            /// The old form of ``percentage``, which counts more than this one.
            public var percent: Int?

            /// Of requests, in percent.
            public var share: Double { percentage ?? percent.map(Double.init) ?? 100 }
        }

        public struct Abort: Hashable, Sendable {
            public var httpStatus: Int?
            /// A number, or a name such as `UNAVAILABLE`.
            public var grpcStatus: String?
            public var percentage: Double?

            /// Reads a status by its number or name; nil for anything else.
            public static func number(ofGRPCStatus text: String) -> Int? {
                if let number = Int(text) { return grpcStatuses.indices.contains(number) ? number : nil }
                return grpcStatuses.firstIndex(of: text.uppercased())
            }

            private static let grpcStatuses = [
                "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
                "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
                "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
            ]
        }

        public var delay: Delay?
        public var abort: Abort?

        init(_ reader: inout FieldReader) {
            delay = reader.object("delay") { delay in
                if delay.has("exponentialDelay") { delay.report("exponentialDelay", "is not supported") }
                return Delay(
                    fixedDelay: delay.duration("fixedDelay"),
                    percentage: delay.percentage("percentage"),
                    percent: delay.int("percent")
                )
            }
            abort = reader.object("abort") { abort in
                if abort.has("http2Error") { abort.report("http2Error", "is not supported") }
                let status = abort.int("httpStatus")
                let grpcStatus = abort.string("grpcStatus")
                if status != nil, grpcStatus != nil {
                    abort.problems.add("\(abort.path): only one of httpStatus and grpcStatus may be set")
                }
                return Abort(
                    httpStatus: status,
                    grpcStatus: grpcStatus,
                    percentage: abort.percentage("percentage")
                )
            }
        }
    }

    /// Cross-origin resource sharing.
    public struct CORSPolicy: Hashable, Sendable {
        public enum UnmatchedPreflights: String, CaseIterable, Sendable {
            case unspecified = "UNSPECIFIED"
            case forward = "FORWARD"
            case ignore = "IGNORE"
        }

        public var allowOrigins: [StringMatch]
        public var allowMethods: [String]
        public var allowHeaders: [String]
        public var exposeHeaders: [String]
        public var maxAge: Duration?
        public var allowCredentials: Bool
        public var unmatchedPreflights: UnmatchedPreflights
        /// Whether the old list of exact origins is used.
        var usesAllowOrigin: Bool

        init(_ reader: inout FieldReader) {
            let old = reader.strings("allowOrigin") ?? []
            usesAllowOrigin = !old.isEmpty
            let origins = reader.list("allowOrigins", StringMatch.init)
            // As Istio does it: the old list counts only without the new one, and `*` in it means any origin.
            allowOrigins = origins.isEmpty ? old.map { $0 == "*" ? .regex(".*") : .exact($0) } : origins
            allowMethods = reader.strings("allowMethods") ?? []
            allowHeaders = reader.strings("allowHeaders") ?? []
            exposeHeaders = reader.strings("exposeHeaders") ?? []
            maxAge = reader.duration("maxAge")
            allowCredentials = reader.bool("allowCredentials") ?? false
            unmatchedPreflights = reader.choice("unmatchedPreflights", UnmatchedPreflights.self) ?? .unspecified
        }
    }
}
