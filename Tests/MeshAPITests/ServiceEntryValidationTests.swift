import MeshAPI
import Testing

/// Behaviour of Istio's validation, and where it goes beyond.
@Suite struct ServiceEntryValidationTests {
    private static let http = "ports: [{number: 80, name: http, protocol: HTTP}]"

    static let cases = [
        ValidationCase(rule: "DYNAMIC_DNS", spec: "hosts: ['*.example.com']\nresolution: DYNAMIC_DNS\n\(http)"),
        ValidationCase(
            rule: "DYNAMIC_DNS for one host",
            spec: "hosts: [example.com]\nresolution: DYNAMIC_DNS\n\(http)",
            errors: [
                "resolution DYNAMIC_DNS is for hosts with a wildcard, and \"example.com\" has none; use DNS for it"
            ]
        ),
        ValidationCase(
            rule: "DYNAMIC_DNS with an address",
            spec: "hosts: ['*.example.com']\nresolution: DYNAMIC_DNS\n\(http)\naddresses: [192.0.2.1]",
            errors: ["addresses must be empty for resolution DYNAMIC_DNS"]
        ),
        ValidationCase(
            rule: "DYNAMIC_DNS with an endpoint",
            spec: "hosts: ['*.example.com']\nresolution: DYNAMIC_DNS\n\(http)\nendpoints: [{address: 192.0.2.1}]",
            errors: ["no endpoints and no workloadSelector may be given for resolution DYNAMIC_DNS"]
        ),
        ValidationCase(
            rule: "DYNAMIC_DNS where nothing names the host",
            spec: "hosts: ['*.example.com']\nresolution: DYNAMIC_DNS\nports: [{number: 9, name: p, protocol: TCP}]",
            errors: [
                "port 9 has protocol \"TCP\"; with resolution DYNAMIC_DNS only HTTP, HTTP2, GRPC and TLS name the host that "
                    + "is meant"
            ]
        ),
        ValidationCase(
            rule: "DNS with endpoints of all kinds",
            spec: """
                hosts: [example.com]
                resolution: DNS
                \(http)
                endpoints: [{address: 192.0.2.1}, {address: '2001:db8::1'}, {address: a.example.com}]
                """
        ),
        ValidationCase(
            rule: "DNS with what is no host",
            spec: "hosts: [example.com]\nresolution: DNS\n\(http)\nendpoints: [{address: 'a_b!'}]",
            errors: ["endpoint address \"a_b!\" is not a valid FQDN or an IP address"]
        ),
    ]

    @Test(arguments: cases) func `says what is wrong`(rule: ValidationCase) throws {
        let result = try rule.validation(.serviceEntry, version: "v1")
        #expect(result == Validation(errors: rule.errors, warnings: rule.warnings))
    }
}
