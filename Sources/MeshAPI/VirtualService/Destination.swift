extension VirtualService {
    /// Whom requests or connections go to.
    public struct Destination: Hashable, Sendable {
        /// A service's host; a short name means a service of the object's namespace.
        public var host: String
        /// Empty for all of it.
        public var subset: String
        /// nil for the only port that the service has, or else the one that is asked.
        public var port: Int?

        init(_ reader: inout FieldReader) {
            host = reader.string("host") ?? ""
            subset = reader.string("subset") ?? ""
            port = reader.object("port") { $0.int("number") ?? 0 }
        }
    }

    /// One of several destinations, with its share.
    public struct RouteDestination: Hashable, Sendable {
        /// nil is an error.
        public var destination: Destination?
        /// Relative to the others'; without a meaning when there are none.
        public var weight: Int
        /// Changes for this destination alone; connections have none.
        public var headers: Headers

        init(_ reader: inout FieldReader) {
            destination = reader.object("destination", Destination.init)
            weight = reader.int("weight", in: Int(Int32.min)...Int(Int32.max)) ?? 0
            headers = reader.object("headers", Headers.init) ?? Headers()
        }

        /// Without `headers`, which only requests have.
        static func ofConnections(_ reader: inout FieldReader) -> RouteDestination {
            if reader.has("headers") { reader.report("headers", "only http routes have headers") }
            return RouteDestination(&reader)
        }
    }

    /// Who gets copies of requests, and of how many; its answers are thrown away.
    public struct Mirror: Hashable, Sendable {
        public var destination: Destination?
        /// Percent; nil for all.
        public var percentage: Double?

        init(_ reader: inout FieldReader) {
            destination = reader.object("destination", Destination.init)
            percentage = reader.percentage("percentage")
        }
    }

    /// Changes to the headers of requests and responses.
    public struct Headers: Hashable, Sendable {
        public struct Operations: Hashable, Sendable {
            public var set: [String: String] = [:]
            public var add: [String: String] = [:]
            public var remove: [String] = []

            public init() {}

            init(_ reader: inout FieldReader) {
                set = reader.stringMap("set") ?? [:]
                add = reader.stringMap("add") ?? [:]
                remove = reader.strings("remove") ?? []
            }
        }

        public var request = Operations()
        public var response = Operations()

        public init() {}

        init(_ reader: inout FieldReader) {
            request = reader.object("request", Operations.init) ?? Operations()
            response = reader.object("response", Operations.init) ?? Operations()
        }

        public var isEmpty: Bool { self == Headers() }
    }
}
