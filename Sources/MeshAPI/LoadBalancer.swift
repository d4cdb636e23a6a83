/// How an endpoint is chosen (DestinationRule `loadBalancer`).
public struct LoadBalancer: Hashable, Sendable {
    public enum Simple: String, CaseIterable, Sendable {
        case unspecified = "UNSPECIFIED"
        case leastConnections = "LEAST_CONN"
        case random = "RANDOM"
        /// To the address that the client chose.
        case passthrough = "PASSTHROUGH"
        case roundRobin = "ROUND_ROBIN"
        case leastRequest = "LEAST_REQUEST"
    }

    /// The same endpoint for requests that are alike in something.
    public struct ConsistentHash: Hashable, Sendable {
        public enum Key: Hashable, Sendable {
            case header(String)
            case cookie(Cookie)
            case sourceAddress
            case parameter(String)
        }

        public struct Cookie: Hashable, Sendable {
            public var name: String
            /// Empty for the path that the browser takes by itself.
            public var path: String
            /// How long a cookie lives that the proxy gives to clients without one, zero for the browser's session; nil gives none.
            public var lifetime: Duration?

            init(_ reader: inout FieldReader) {
                name = reader.string("name") ?? ""
                path = reader.string("path") ?? ""
                lifetime = reader.duration("ttl")
                reader.ignore("attributes")
            }
        }

        /// nil is an error.
        public var key: Key?
        public var hasSeveralKeys = false
        /// Entries of the ring at least (`ringHash.minimumRingSize`, or the old `minimumRingSize`).
        public var minimumRingSize = 1024
        /// Entries of the table, a prime (`maglev.tableSize`); nil for a ring.
        public var tableSize: Int?

        init(_ reader: inout FieldReader) {
            var keys: [Key] = []
            if let name = reader.string("httpHeaderName") { keys.append(.header(name)) }
            if let cookie = reader.object("httpCookie", Cookie.init) { keys.append(.cookie(cookie)) }
            if reader.bool("useSourceIp") == true { keys.append(.sourceAddress) }
            if let name = reader.string("httpQueryParameterName") { keys.append(.parameter(name)) }
            (key, hasSeveralKeys) = (keys.first, keys.count > 1)
            minimumRingSize = reader.int("minimumRingSize") ?? minimumRingSize
            let ring = reader.object("ringHash") { $0.int("minimumRingSize") ?? 1024 }
            minimumRingSize = ring ?? minimumRingSize
            tableSize = reader.object("maglev") { $0.int("tableSize") ?? 65537 }
        }
    }

    /// How endpoints that are new get their share little by little.
    public struct Warmup: Hashable, Sendable {
        /// For how long an endpoint is new.
        public var duration: Duration
        /// Per cent of its share that it gets at once.
        public var minimumPercent: Double
        /// 1 for a share that grows evenly; more lets it grow faster at first.
        public var aggression: Double

        public init(duration: Duration, minimumPercent: Double = 10, aggression: Double = 1) {
            (self.duration, self.minimumPercent, self.aggression) = (duration, minimumPercent, aggression)
        }

        init(_ reader: inout FieldReader) {
            self.init(duration: reader.duration("duration") ?? .zero)
            minimumPercent = reader.number("minimumPercent") ?? minimumPercent
            aggression = reader.number("aggression") ?? aggression
        }

        func validate() -> Validation {
            var result = Validation()
            result.error(if: duration <= .zero, "loadBalancer: warmup.duration must be set, and above 0")
            result.error(
                if: !(0...100).contains(minimumPercent),
                "loadBalancer: warmup.minimumPercent must be from 0 to 100"
            )
            result.error(if: !(1...1000).contains(aggression), "loadBalancer: warmup.aggression must be from 1 to 1000")
            return result
        }
    }

    public var simple: Simple = .unspecified
    public var consistentHash: ConsistentHash?
    /// nil for the whole share at once.
    public var warmup: Warmup?

    public init(simple: Simple) { self.simple = simple }

    init(_ reader: inout FieldReader) {
        simple = reader.choice("simple", Simple.self) ?? .unspecified
        consistentHash = reader.object("consistentHash", ConsistentHash.init)
        warmup = reader.duration("warmupDurationSecs").map { Warmup(duration: $0) }
        warmup = reader.object("warmup", Warmup.init) ?? warmup
        reader.ignore("localityLbSetting")
    }

    /// The largest table that Envoy makes.
    private static let largestTable = 5_000_011
    /// The largest ring that Envoy makes.
    private static let largestRing = 8 << 20

    func validate() -> Validation {
        var result = warmup?.validate() ?? Validation()
        let takesTurns = [.roundRobin, .leastRequest, .leastConnections, .unspecified].contains(simple)
        result.warn(
            if: warmup != nil && (consistentHash != nil || !takesTurns),
            "loadBalancer: warmup is for ROUND_ROBIN and LEAST_REQUEST, and has no effect"
        )
        guard let hash = consistentHash else { return result }
        result.error(if: simple != .unspecified, "loadBalancer: only one of simple and consistentHash may be set")
        result.error(
            if: hash.key == nil || hash.hasSeveralKeys,
            "consistentHash: exactly one of httpHeaderName, httpCookie, useSourceIp and httpQueryParameterName must be set"
        )
        if case .cookie(let cookie)? = hash.key {
            result.error(if: cookie.name.isEmpty, "consistentHash: httpCookie needs a name")
            result.error(if: (cookie.lifetime ?? .zero) < .zero, "consistentHash: httpCookie.ttl must not be negative")
        }
        result.error(
            if: hash.minimumRingSize > Self.largestRing,
            "consistentHash: minimumRingSize must be at most \(Self.largestRing)"
        )
        guard let size = hash.tableSize else { return result }
        result.error(
            if: size > Self.largestTable || !Self.isPrime(size),
            "consistentHash: maglev.tableSize must be a prime number of at most \(Self.largestTable)"
        )
        return result
    }

    private static func isPrime(_ number: Int) -> Bool {
        guard number > 1 else { return false }
        var divisor = 2
        while divisor * divisor <= number {
            if number % divisor == 0 { return false }
            divisor += 1
        }
        return true
    }
}
