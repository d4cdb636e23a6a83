import JSON
import MeshAPI
import Testing
import YAML

/// What the webhook says of VirtualServices, word by word.
@Suite struct VirtualServiceValidationTests {
    static func validation(_ spec: String) throws -> Validation {
        let object: JSON = [
            "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": ["name": "v", "namespace": "foo"], "spec": try YAML.value(spec),
        ]
        return try #require(validate(object))
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let spec: String
        var errors: [String] = []
        var warnings: [String] = []
        var testDescription: String { spec }

        init(_ spec: String, _ errors: String..., warnings: [String] = []) {
            self.init(spec, errors: errors, warnings: warnings)
        }
        init(_ spec: String, errors: [String], warnings: [String]) {
            (self.spec, self.errors, self.warnings) = (spec, errors, warnings)
        }

        /// One with one `http` route for host a, made of `fields`.
        static func http(_ fields: String, _ errors: String..., warnings: [String] = []) -> Case {
            var result = Case("{hosts: [a], http: [{\(fields)}]}", warnings: warnings)
            result.errors = errors
            return result
        }

        static func match(_ fields: String, _ errors: String..., warnings: [String] = []) -> Case {
            var result = Case("{hosts: [a], http: [{match: [{\(fields)}], \(route)}]}", warnings: warnings)
            result.errors = errors
            return result
        }

        static func action(_ fields: String, _ errors: String..., warnings: [String] = []) -> Case {
            var result = Case("{hosts: [a], http: [{\(route), \(fields)}]}", warnings: warnings)
            result.errors = errors
            return result
        }
    }

    static let route = "route: [{destination: {host: a}}]"

    static func check(_ row: Case) throws {
        let result = try validation(row.spec)
        #expect(result.errors == row.errors && result.warnings == row.warnings)
    }

    @Test(arguments: [
        Case("{hosts: [a], http: [{\(route)}]}"), Case("{hosts: ['*.a.b', 10.0.0.1, 'fd00::1'], http: [{\(route)}]}"),
        Case("{hosts: ['*'], gateways: [g], http: [{\(route)}]}"),
        Case(
            "{hosts: ['*'], gateways: [g, mesh], http: [{\(route)}]}",
            "wildcard host * is not allowed for virtual services bound to the mesh gateway"
        ),
        Case(
            "{hosts: ['*'], http: [{\(route)}]}",
            "wildcard host * is not allowed for virtual services bound to the mesh gateway"
        ),
        Case("{hosts: [a]}", "http, tcp or tls must be provided in virtual service"),
        Case("{hosts: [a_b], http: [{\(route)}]}", "domain name \"a_b\" invalid (label \"a_b\" invalid)"),
        Case("{hosts: [a, a], http: [{\(route)}]}", "duplicate hosts in virtual service: a & a"),
        Case("{hosts: ['*.b', a.b], http: [{\(route)}]}", "duplicate hosts in virtual service: *.b & a.b"),
        Case("{hosts: ['a.b', '*.b'], http: [{\(route)}]}", "duplicate hosts in virtual service: a.b & *.b"),
        Case("{hosts: ['*.a.b', '*.b'], http: [{\(route)}]}", "duplicate hosts in virtual service: *.a.b & *.b"),
        Case("{hosts: ['*.b', b, x.c], http: [{\(route)}]}"),
        Case("{hosts: [a], http: [null]}", "http route may not be null"),
        Case(
            "{hosts: [a], exportTo: ['*', b], http: [{\(route)}]}",
            "cannot have both public (*) and non-public exportTo values for a resource"
        ),
        Case("{hosts: [a], gateways: [ns/gw, ./gw, gw, mesh], http: [{\(route)}]}"),
        Case(
            "{hosts: [a], gateways: [gw.ns.svc.cluster.local], http: [{\(route)}]}",
            warnings: [
                "using legacy gatewayName format \"gw.ns.svc.cluster.local\"; prefer the <namespace>/<name> format: \"ns/gw\""
            ]
        ),
        Case("{hosts: [a], gateways: [a_b/gw], http: [{\(route)}]}", "invalid value for namespace: \"a_b\""),
        Case("{hosts: [a], gateways: [ns/g_w], http: [{\(route)}]}", "invalid value for gateway name: \"g_w\""),
        Case("{hosts: [a], bogus: 1, http: [{\(route)}]}", "unknown field \"spec.bogus\""),
    ])
    func `hosts and gateways`(row: Case) throws { try Self.check(row) }

    @Test(arguments: [
        Case("{http: [{\(route)}]}"),
        Case("{gateways: [g], http: [{\(route)}]}", "delegate virtual service must have no gateways specified"),
        Case(
            "{tls: [{match: [{sniHosts: [a]}], \(route)}]}",
            "delegate virtual service must have no tls route specified",
            "SNI host \"a\" is not a compatible subset of any of the virtual service hosts: []"
        ),
        Case("{tcp: [{\(route)}]}", "delegate virtual service must have no tcp route specified"),
        Case("{http: [{\(route), delegate: {name: x}}]}", "delegate HTTP route cannot contain delegate"),
        Case(
            "{http: [{match: [{uri: {regex: a}, method: {regex: a}, headers: {h: {regex: a}}, queryParams: {q: {regex: a}}, withoutHeaders: {w: {regex: a}}}], \(route)}]}",
            "url match does not support regex match for delegating",
            "method match does not support regex match for delegating",
            "header match h does not support regex match for delegating",
            "query param match q does not support regex match for delegating",
            "withoutHeaders match w does not support regex match for delegating"
        ),
        .http("delegate: {name: x}"),
        .http("name: r, delegate: {name: x}, \(route)", "root HTTP route r must not specify route"),
        .http("name: r, delegate: {name: x}, redirect: {uri: /}", "root HTTP route r must not specify redirect"),
    ])
    func delegates(row: Case) throws { try Self.check(row) }

    @Test(arguments: [
        Case.http("name: r", "HTTP route, redirect or direct_response is required"),
        .http("\(route), redirect: {uri: /}", "HTTP route cannot contain both route and redirect"),
        .http(
            "redirect: {uri: /}, fault: {abort: {httpStatus: 500}}",
            "HTTP route cannot contain both fault and redirect"
        ),
        .http("redirect: {uri: /}, rewrite: {uri: /}", "HTTP route rule cannot contain both rewrite and redirect"),
        .http(
            "redirect: {uri: /}, directResponse: {status: 200}",
            "HTTP route rule cannot contain both direct_response and redirect"
        ),
        .http("\(route), directResponse: {status: 200}", "HTTP route cannot contain both route and direct_response"),
        .http(
            "directResponse: {status: 200}, fault: {abort: {httpStatus: 500}}",
            "HTTP route cannot contain both fault and direct_response"
        ),
        .http(
            "directResponse: {status: 200}, rewrite: {uri: /}",
            "HTTP route rule cannot contain both rewrite and direct_response"
        ),
        .action(
            "mirror: {host: b}, mirrors: [{destination: {host: c}}]",
            "HTTP route cannot contain both mirror and mirrors"
        ),
    ])
    func `a route does one thing`(row: Case) throws { try Self.check(row) }

    @Test(arguments: [
        Case.match("headers: {x: null}", "header match x cannot be null"), .match("headers: {x: {}}"),
        .match("headers: {x: {regex: '*'}}"),
        .match("headers: {'x y': {exact: a}}", "header name x y is not a valid header name"),
        .match("headers: {':authority': {exact: a}}"),
        .match("headers: {x: {prefix: ''}}", "\"headers\": prefix string match should not be empty"),
        .match("uri: {prefix: ''}"),
        .match("method: {prefix: ''}", "\"method\": prefix string match should not be empty"),
        .match("uri: {regex: ''}", "\"uri\": regex string match should not be empty"),
        .match(
            "uri: {exact: a, prefix: b}",
            "spec.http[0].match[0].uri: only one of exact, prefix and regex may be set"
        ),
        .match("uri: {suffix: a}", "unknown field \"spec.http[0].match[0].uri.suffix\""),
        .match("uri: {regex: '/a/(b|c)[0-9]+'}, headers: {x: {regex: '\\d+'}}"),
        .match("port: 70000", "port number 70000 must be in the range 1..65535"),
        .match("sourceNamespace: a_b", "sourceNamespace match a_b is invalid"),
        .match("sourceLabels: {'a b': c}", "invalid tag key: \"a b\""),
        .match("sourceLabels: {a: 'c c'}", "invalid tag value: \"c c\""),
        .match("sourceLabels: {app.kubernetes.io/name: c, v: ''}"),
        .match("gateways: [a/b/c]", "invalid value for gateway name: \"b/c\""),
        .match(
            "headers: {'@request.auth.claims.g': {exact: a}}",
            "JWT claim based routing (key: @request.auth.claims.g) is only supported for gateway, found no gateways: []"
        ),
    ])
    func matches(row: Case) throws { try Self.check(row) }

    @Test(arguments: ["(", "a{1001}{1001}", "\\C(?!x)", "[z-a]", "(?P<n"])
    func `an expression that RE2 does not take is refused, and named`(expression: String) throws {
        for place in ["uri: {regex: '\(expression)'}", "headers: {x: {regex: '\(expression)'}}"] {
            let errors = try Self.validation("{hosts: [a], http: [{match: [{\(place)}], \(Self.route)}]}").errors
            #expect(
                errors.count == 1 && errors[0].contains("error parsing regexp: ")
                    && errors[0].contains("`\(expression)`; Istio uses RE2")
            )
        }
    }

    @Test func `an expression of more than 1024 octets is refused`() throws {
        func errors(_ count: Int) throws -> [String] {
            let expression = String(repeating: "a", count: count)
            return try Self.validation("{hosts: [a], http: [{match: [{uri: {regex: \(expression)}}], \(Self.route)}]}")
                .errors
        }
        #expect(try errors(1024).isEmpty)
        #expect(try errors(1025) == ["\"uri\": regex is too large, max length allowed is 1024"])
    }

    @Test(arguments: [
        Case.http("route: [{weight: 1}]", "destination is required"),
        .http("route: [{destination: {host: ''}}]", "empty domain name not allowed"),
        .http("route: [{destination: {host: a, subset: v_1}}]", "subset name is invalid: v_1"),
        .http("route: [{destination: {host: a, port: {number: 0}}}]", "port number 0 must be in the range 1..65535"),
        .http("route: [{destination: {host: a}, weight: -1}]", "weight -1 < 0"),
        .http("route: [{destination: {host: a}, weight: 0}]"),
        .http("route: [{destination: {host: a}}, {destination: {host: b}}]", "total destination weight = 0"),
        .http(
            "route: [{destination: {host: a}, weight: 2147483647}, {destination: {host: b}, weight: 2147483647}, {destination: {host: c}, weight: 2}]",
            "total destination weight = 4294967296, must be at most 4294967295"
        ),
        .http(
            "route: [{destination: {host: a}, weight: 3000000000}]",
            "spec.http[0].route[0].weight: Invalid value: 3000000000: must be between -2147483648 and 2147483647"
        ),
        Case("{hosts: [a], tls: [{\(route)}]}", "TLS route must have at least one match condition"),
        Case("{hosts: [a], tls: [{match: [{port: 1}], \(route)}]}", "TLS match must have at least one SNI host"),
        Case(
            "{hosts: [a], tls: [{match: [{sniHosts: [b]}], \(route)}]}",
            "SNI host \"b\" is not a compatible subset of any of the virtual service hosts: [a]"
        ),
        Case("{hosts: ['*.a.b'], tls: [{match: [{sniHosts: [x.a.b, '*.x.a.b', '*.a.b']}], \(route)}]}"),
        Case(
            "{hosts: ['x.a.b'], tls: [{match: [{sniHosts: ['*.a.b']}], \(route)}]}",
            "SNI host \"*.a.b\" is not a compatible subset of any of the virtual service hosts: [x.a.b]"
        ),
        Case(
            "{hosts: [a], tls: [{match: [{sniHosts: [10.0.0.1]}], \(route)}]}",
            warnings: ["using an IP address (\"10.0.0.1\") goes against SNI spec and most clients do not support this"]
        ),
        Case("{hosts: [a], tls: [{match: [{sniHosts: [a]}]}]}", "TLS route is required"),
        Case("{hosts: ['*.a.b'], gateways: [g], tls: [{match: [{sniHosts: [outbound_.80_._.x.a.b]}], \(route)}]}"),
        Case("{hosts: [a], tcp: [{match: [{port: 1}]}]}", "TCP route is required"),
        Case(
            "{hosts: [a], tcp: [{match: [{destinationSubnets: [10.0.0.0/33]}], \(route)}]}",
            "10.0.0.0/33 is not a valid IP address or CIDR range"
        ),
        Case(
            "{hosts: [a], tcp: [{route: [{destination: {host: a}, headers: {}}]}]}",
            "spec.tcp[0].route[0].headers: only http routes have headers"
        ),
    ])
    func `destinations, tls and tcp`(row: Case) throws { try Self.check(row) }

    @Test(arguments: [
        Case(
            "{hosts: [a], http: [{\(route)}, {name: b, \(route)}]}",
            warnings: ["virtualService rule \"b\" not used (only the last rule can have no matches)"]
        ),
        Case(
            "{hosts: [a], http: [{\(route)}, {match: [{port: 1}], \(route)}]}",
            warnings: ["virtualService rule #1 not used (route without matches defined before)"]
        ),
        Case(
            "{hosts: [a], http: [{match: [{port: 1}], \(route)}, {match: [{name: named, port: 1}], \(route)}]}",
            warnings: [
                "virtualService rule #1 match \"named\" is not used (duplicate/overlapping match in rule #0)",
                "virtualService rule #1 not used (all matches used by prior rules)",
            ]
        ),
        Case(
            "{hosts: [a], http: [{match: [{uri: {prefix: /a}}], \(route)}, {match: [{uri: {prefix: /ab}}], \(route)}]}",
            warnings: [
                "virtualService rule #1 match #0 of prefix /ab is not used (duplicate/overlapping match in rule #0 of prefix /a on #0)"
            ]
        ),
        Case(
            "{hosts: [a], http: [{match: [{uri: {prefix: /a}, port: 1}], \(route)}, {match: [{uri: {prefix: /ab}}], \(route)}]}"
        ),
        Case(
            "{hosts: [a], http: [{match: [{uri: {prefix: /ab}}], \(route)}, {match: [{uri: {prefix: /a}}], \(route)}]}"
        ),
        Case(
            "{hosts: [a], tcp: [{\(route)}, {\(route)}]}",
            warnings: ["virtualService rule #1 not used (only the last rule can have no matches)"]
        ),
    ])
    func `rules that no request reaches are warned of`(row: Case) throws { try Self.check(row) }

    @Test(arguments: [
        (100 << 10, [], []), ((100 << 10) + 1, [], ["large direct_responses may impact control plane performance"]),
        (1 << 20, [], ["large direct_responses may impact control plane performance"]),
        (
            (1 << 20) + 1,
            ["large direct_responses may impact control plane performance, must be less than 1MB"], []
        ),
    ])
    func `a direct response of up to 1 MiB is accepted, above 100 KiB with a warning`(
        size: Int,
        errors: [String],
        warnings: [String]
    ) throws {
        let body = String(repeating: "x", count: size)
        try Self.check(
            Case(
                "{hosts: [a], http: [{directResponse: {status: 200, body: {string: \(body)}}}]}",
                errors: errors,
                warnings: warnings
            )
        )
    }

    @Test func `large objects are judged quickly`() throws {
        let clock = ContinuousClock()
        let routes = (0..<10_000).map { "{match: [{uri: {prefix: /\($0)}}], \(Self.route)}" }.joined(separator: ", ")
        let spec = try YAML.value("{hosts: [a], http: [\(routes)]}")
        let hosts = JSON.array((0..<20_000).map { .string("h\($0).example.com") } + ["*.example.com"])
        let duration = try clock.measure {
            let object: JSON = [
                "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": [:], "spec": spec,
            ]
            #expect(try #require(validate(object)).isValid)
            var other = object
            other["spec", "hosts"] = hosts
            let result = try #require(validate(other))
            #expect(result.errors.count == 101 && result.errors.last == "and 19900 more errors")
        }
        #expect(duration < .seconds(30))  // A minute and more if anything is quadratic.
    }
}
