import MeshAPI
import Testing

/// What Istio's and Envoy's configuration refuse of consistent hashing.
@Suite struct LoadBalancerValidationTests {
    private static func hash(_ members: String) -> String {
        "{host: a.b, trafficPolicy: {loadBalancer: {consistentHash: {\(members)}}}}"
    }
    private static let oneKey =
        "consistentHash: exactly one of httpHeaderName, httpCookie, useSourceIp and httpQueryParameterName must be set"

    static let cases = [
        ValidationCase(rule: "a header", spec: hash("httpHeaderName: x-user")),
        ValidationCase(rule: "a cookie", spec: hash("httpCookie: {name: c, ttl: 0s}")),
        ValidationCase(rule: "the source", spec: hash("useSourceIp: true, ringHash: {minimumRingSize: 2048}")),
        ValidationCase(rule: "a parameter", spec: hash("httpQueryParameterName: q, maglev: {tableSize: 65537}")),
        ValidationCase(rule: "no key", spec: hash("minimumRingSize: 7"), errors: [oneKey]),
        ValidationCase(rule: "a source that is not to be used", spec: hash("useSourceIp: false"), errors: [oneKey]),
        ValidationCase(rule: "two keys", spec: hash("useSourceIp: true, httpHeaderName: x"), errors: [oneKey]),
        ValidationCase(
            rule: "a cookie without name",
            spec: hash("httpCookie: {ttl: 1s}"),
            errors: ["consistentHash: httpCookie needs a name"]
        ),
        ValidationCase(
            rule: "a table that is no prime",
            spec: hash("useSourceIp: true, maglev: {tableSize: 65536}"),
            errors: ["consistentHash: maglev.tableSize must be a prime number of at most 5000011"]
        ),
        ValidationCase(
            rule: "a ring without end",
            spec: hash("useSourceIp: true, ringHash: {minimumRingSize: 99999999}"),
            errors: ["consistentHash: minimumRingSize must be at most 8388608"]
        ),
        ValidationCase(
            rule: "warmup",
            spec:
                "{host: a.b, trafficPolicy: {loadBalancer: {warmup: {duration: 60s, minimumPercent: 5, aggression: 2}}}}"
        ),
        ValidationCase(
            rule: "warmup without a time",
            spec: "{host: a.b, trafficPolicy: {loadBalancer: {warmup: {minimumPercent: 101, aggression: 0.5}}}}",
            errors: [
                "loadBalancer: warmup.duration must be set, and above 0",
                "loadBalancer: warmup.minimumPercent must be from 0 to 100",
                "loadBalancer: warmup.aggression must be from 1 to 1000",
            ]
        ),
        ValidationCase(
            rule: "warmup where it does nothing",
            spec: "{host: a.b, trafficPolicy: {loadBalancer: {simple: RANDOM, warmupDurationSecs: 60s}}}",
            warnings: ["loadBalancer: warmup is for ROUND_ROBIN and LEAST_REQUEST, and has no effect"]
        ),
        ValidationCase(
            rule: "two ways of choosing",
            spec: "{host: a.b, trafficPolicy: {loadBalancer: {simple: RANDOM, consistentHash: {useSourceIp: true}}}}",
            errors: ["loadBalancer: only one of simple and consistentHash may be set"]
        ),
    ]

    @Test(arguments: cases) func `says what is wrong`(rule: ValidationCase) throws {
        let result = try rule.validation(.destinationRule, version: "v1")
        #expect(result == Validation(errors: rule.errors, warnings: rule.warnings))
    }
}
