import Base
import Discovery
import EventLoop
import Testing

@testable import Proxy

@Suite struct EndpointHealthTests {
    static let start = MonotonicTime(nanoseconds: 0)

    static var rules: OutlierDetection {
        var rules = OutlierDetection()
        (rules.consecutive5xxErrors, rules.consecutiveGatewayErrors) = (3, 2)
        return rules
    }

    static func record(_ outcomes: [EndpointHealth.Outcome], _ rules: OutlierDetection = rules) -> [Bool] {
        var health = EndpointHealth()
        return outcomes.map { health.record($0, rules) }
    }

    @Test func `failures count in a row, and those of gateways apart`() {
        #expect(Self.record([.serverError, .serverError, .serverError]) == [false, false, true])
        #expect(Self.record([.serverError, .serverError, .success, .serverError]) == [false, false, false, false])
        #expect(Self.record([.gatewayError, .gatewayError]) == [false, true])
        #expect(Self.record([.gatewayError, .serverError, .gatewayError]) == [false, false, true])
        var off = Self.rules
        (off.consecutive5xxErrors, off.consecutiveGatewayErrors) = (0, 0)
        #expect(Self.record([.gatewayError, .gatewayError, .gatewayError, .gatewayError], off).allSatisfy { !$0 })
    }

    @Test func `statuses mean what they mean to Envoy`() {
        #expect(EndpointHealth.Outcome(status: 499) == .success)
        #expect(EndpointHealth.Outcome(status: 500) == .serverError)
        #expect([502, 503, 504].allSatisfy { EndpointHealth.Outcome(status: $0) == .gatewayError })
    }

    @Test func `each time takes longer, up to five minutes, and calm shortens it again`() {
        var health = EndpointHealth()
        #expect(health.eject(at: Self.start, Self.rules) == .seconds(30))
        #expect(health.isEjected(at: Self.start + .seconds(29)) && !health.isEjected(at: Self.start + .seconds(30)))
        #expect(health.eject(at: Self.start + .seconds(31), Self.rules) == .seconds(60))
        // 50 seconds of calm are five intervals.
        #expect(health.eject(at: Self.start + .seconds(141), Self.rules) == .seconds(30))
        var now = Self.start + .seconds(141)
        var longest: Duration = .zero
        for _ in 0..<20 {
            let time = health.eject(at: now, Self.rules)
            longest = max(longest, time)
            now = now + time
        }
        #expect(longest == .seconds(300))
    }

    @Test(arguments: [
        (10, 0, 9, false), (10, 0, 10, true), (10, 1, 19, false), (50, 0, 2, true), (50, 1, 2, false),
        (100, 2, 3, true),
    ])
    func `no more than the share is left out`(percent: Int, ejected: Int, count: Int, isAllowed: Bool) {
        var rules = Self.rules
        rules.maxEjectionPercent = percent
        #expect(rules.allowsEjection(ejected: ejected, of: count) == isAllowed)
    }

    static func pool(_ count: Int, percent: Int) -> DestinationPool {
        var destination = Destination(name: "test", host: "test", port: 80, application: .http)
        destination.outlierDetection = rules
        destination.outlierDetection?.maxEjectionPercent = percent
        destination.endpoints = (1...count).map {
            Destination.Endpoint(address: "10.0.0.\($0)", port: 80, tls: .plaintext, reason: "")
        }
        let tables = ProxyTables(ProxyTables.Content(), credentials: nil, routing: .empty)
        var builder = DestinationPoolBuilder(destination, tables, nil)
        return builder.build()
    }

    @Test func `an endpoint that is left out is not picked until its time is over`() throws {
        let pool = Self.pool(3, percent: 70)
        var random = SplitMix64(seed: 1)
        func picked(at now: MonotonicTime) throws -> Set<String> {
            var names: Set<String> = []
            for _ in 0..<200 {
                let endpoint = pool.pick(original: pool.endpoints[0].address, at: now, &random)
                names.insert(try #require(endpoint).name)
            }
            return names
        }
        for _ in 0..<2 { _ = pool.record(.gatewayError, of: pool.endpoints[0], at: Self.start) }
        #expect(try picked(at: Self.start) == ["10.0.0.2:80", "10.0.0.3:80"])
        for _ in 0..<2 { _ = pool.record(.gatewayError, of: pool.endpoints[1], at: Self.start) }
        #expect(try picked(at: Self.start) == ["10.0.0.3:80"])
        // The third may not be left out, too.
        for _ in 0..<2 { #expect(pool.record(.gatewayError, of: pool.endpoints[2], at: Self.start) == nil) }
        #expect(try picked(at: Self.start) == ["10.0.0.3:80"])
        #expect(try picked(at: Self.start + .seconds(30)).count == 3)
    }

    @Test func `when all are left out there is none`() {
        let pool = Self.pool(1, percent: 100)
        var random = SplitMix64(seed: 1)
        for _ in 0..<2 { _ = pool.record(.gatewayError, of: pool.endpoints[0], at: Self.start) }
        #expect(pool.pick(original: pool.endpoints[0].address, at: Self.start, &random) == nil)
    }
}
