import JSON
import MeshAPI
import Testing
import YAML

/// One object and what its validation says.
struct ValidationCase: CustomTestStringConvertible, Sendable {
    let rule: String
    let spec: String
    var errors: [String] = []
    var warnings: [String] = []

    var testDescription: String { rule }

    func validation(
        _ kind: IstioKind,
        version: String,
        namespace: String = "foo",
        name: String = "object"
    ) throws -> Validation {
        let spec = try YAML.value(self.spec)
        let object: JSON = [
            "apiVersion": .string("\(kind.group)/\(version)"), "kind": .string(kind.rawValue),
            "metadata": ["name": .string(name), "namespace": .string(namespace)],
            "spec": spec,
        ]
        return try #require(validate(object))
    }
}

@Suite struct PeerAuthenticationValidationTests {
    static let cases = [
        ValidationCase(rule: "a mode alone is fine", spec: "mtls: {mode: STRICT}"),
        ValidationCase(rule: "nothing at all is fine", spec: "{}"),
        ValidationCase(
            rule: "port levels need a selector",
            spec: "portLevelMtls: {80: {mode: DISABLE}}",
            errors: ["mesh/namespace peer authentication cannot have port level mTLS"]
        ),
        ValidationCase(
            rule: "a selector without labels selects nothing for port levels",
            spec: "{selector: {}, portLevelMtls: {80: {mode: DISABLE}}}",
            errors: ["mesh/namespace peer authentication cannot have port level mTLS"],
            warnings: ["workload selector specified without labels"]
        ),
        ValidationCase(
            rule: "port levels must not be empty",
            spec: "{selector: {matchLabels: {app: a}}, portLevelMtls: {}}",
            errors: ["port level mTLS, if defined, must have at least one element"]
        ),
        ValidationCase(
            rule: "port 0 is refused",
            spec: "{selector: {matchLabels: {app: a}}, portLevelMtls: {0: {mode: STRICT}}}",
            errors: ["port must be in range 1..65535"]
        ),
        ValidationCase(
            rule: "port 65536 is refused",
            spec: "{selector: {matchLabels: {app: a}}, portLevelMtls: {65536: {mode: STRICT}}}",
            errors: ["port must be in range 1..65535"]
        ),
        ValidationCase(
            rule: "ports 1 and 65535 are fine",
            spec: "{selector: {matchLabels: {app: a}}, portLevelMtls: {1: {mode: STRICT}, 65535: {}}}"
        ),
        ValidationCase(
            rule: "a mode is one of four",
            spec: "mtls: {mode: BLAH}",
            errors: [
                "spec.mtls.mode: Unsupported value: \"BLAH\": supported values: "
                    + "\"UNSET\", \"DISABLE\", \"PERMISSIVE\", \"STRICT\""
            ]
        ),
        ValidationCase(
            rule: "a selector's key must not be empty",
            spec: "selector: {matchLabels: {\"\": v}}",
            errors: ["empty key is not supported in selector: \"=v\""]
        ),
        ValidationCase(
            rule: "wildcards in keys and values are refused",
            spec: "selector: {matchLabels: {a*: v, k: '*'}}",
            errors: [
                "wildcard is not supported in selector: \"a*=v\"", "wildcard is not supported in selector: \"k=*\"",
            ]
        ),
        ValidationCase(
            rule: "a selector without labels is accepted with a warning",
            spec: "selector: {matchLabels: {}}",
            warnings: ["workload selector specified without labels"]
        ),
        ValidationCase(
            rule: "an unknown field is refused by its path",
            spec: "{mtls: {mode: STRICT, moode: X}, selecter: {}}",
            errors: ["unknown field \"spec.mtls.moode\"", "unknown field \"spec.selecter\""]
        ),
        ValidationCase(
            rule: "a wrong type is refused by its path",
            spec: "{mtls: STRICT, selector: {matchLabels: [a]}}",
            errors: [
                "spec.selector.matchLabels: Invalid value: \"array\": spec.selector.matchLabels in body must be of type "
                    + "object of strings: \"array\"",
                "spec.mtls: Invalid value: \"string\": spec.mtls in body must be of type object: \"string\"",
            ]
        ),
    ]

    @Test(arguments: cases) func `says exactly what is wrong`(rule: ValidationCase) throws {
        let result = try rule.validation(.peerAuthentication, version: "v1")
        #expect(result == Validation(errors: rule.errors, warnings: rule.warnings))
    }

    @Test func `a selector in the root namespace is accepted with a warning`() throws {
        let rule = ValidationCase(rule: "", spec: "selector: {matchLabels: {app: a}}")
        let result = try rule.validation(.peerAuthentication, version: "v1beta1", namespace: "istio-system")
        #expect(result.isValid && result.warnings.count == 1)
    }

    @Test(
        arguments: [
            ("istio-system", nil, .mesh), ("istio-system", [:], .mesh), ("istio-system", ["a": "b"], .none),
            ("foo", nil, .namespace), ("foo", [:], .namespace), ("foo", ["a": "b"], .workload),
        ] as [(String, [String: String]?, PeerAuthentication.Scope)]
    )
    func `namespace and selector decide the scope`(
        namespace: String,
        labels: [String: String]?,
        scope: PeerAuthentication.Scope
    ) {
        let policy = PeerAuthentication(
            metadata: Metadata(namespace: namespace, name: "p"),
            selector: labels.map { WorkloadSelector($0) },
            mode: .strict
        )
        #expect(policy.scope(rootNamespace: "istio-system") == scope)
    }
}

@Suite struct AuthenticationPolicyTests {
    @Test(arguments: [
        ("peers: [{mtls: {}}]", AuthenticationPolicy.Mode.strict), ("peers: [{mtls: }]", .strict),
        ("peers: [{mtls: {mode: STRICT}}]", .strict), ("peers: [{mtls: {mode: PERMISSIVE}}]", .permissive),
        ("peers: []", .disable), ("{}", .disable), ("peers: [{jwt: {issuer: a}}]", .disable),
        ("{peers: [{jwt: {}}, {mtls: {mode: PERMISSIVE}}], peerIsOptional: true}", .permissive),
        ("{peers: [{mtls: {allowTls: true}}], origins: [], principalBinding: USE_ORIGIN}", .strict),
    ])
    func `the first mtls peer decides the mode, and none means plaintext`(
        spec: String,
        mode: AuthenticationPolicy.Mode
    ) throws {
        let policy = try AuthenticationPolicy(["metadata": ["name": "default"], "spec": try YAML.value(spec)])
        #expect(policy.mode == mode)
    }

    static let cases: [(name: String, kind: IstioKind, rule: ValidationCase)] = [
        ("default", .policy, ValidationCase(rule: "namespace policy", spec: "peers: [{mtls: {}}]")),
        (
            "httpbin", .policy,
            ValidationCase(
                rule: "ports by number and name",
                spec: "targets: [{name: httpbin, ports: [{number: 8000}, {name: http}]}]"
            )
        ),
        (
            "other", .policy,
            ValidationCase(
                rule: "without targets the name is default",
                spec: "peers: []",
                errors: ["authentication policy with no target rules  must be named \"default\", found \"other\""]
            )
        ),
        (
            "default", .policy,
            ValidationCase(
                rule: "the name default is for the namespace",
                spec: "targets: [{name: httpbin}]",
                errors: ["authentication policy with name \"default\" must not have any target rules"]
            )
        ),
        (
            "p", .policy,
            ValidationCase(
                rule: "a target is a short name",
                spec: "targets: [{name: httpbin.foo}]",
                errors: ["target name \"httpbin.foo\" must be a valid label"]
            )
        ),
        (
            "p", .policy,
            ValidationCase(
                rule: "a port number is in range",
                spec: "targets: [{name: a, ports: [{number: 0}, {number: 65536}]}]",
                errors: [
                    "port number 0 must be in the range 1..65535", "port number 65536 must be in the range 1..65535",
                ]
            )
        ),
        (
            "p", .policy,
            ValidationCase(
                rule: "a port name is a label",
                spec: "targets: [{name: a, ports: [{name: HTTP}]}]",
                errors: ["port name \"HTTP\" must be a valid label"]
            )
        ),
        ("default", .meshPolicy, ValidationCase(rule: "mesh policy", spec: "peers: [{mtls: {}}]")),
        (
            "other", .meshPolicy,
            ValidationCase(
                rule: "a mesh policy is named default",
                spec: "{}",
                errors: ["cluster-scoped authentication policy name must be \"default\", found \"other\""]
            )
        ),
        (
            "default", .meshPolicy,
            ValidationCase(
                rule: "a mesh policy has no targets",
                spec: "targets: [{name: a}]",
                errors: ["cluster-scoped authentication policy must not have targets"]
            )
        ),
    ]

    @Test(arguments: cases.indices) func `says exactly what is wrong`(index: Int) throws {
        let (name, kind, rule) = Self.cases[index]
        let namespace = kind == .meshPolicy ? "" : "foo"
        let result = try rule.validation(kind, version: "v1alpha1", namespace: namespace, name: name)
        #expect(result == Validation(errors: rule.errors, warnings: rule.warnings), "\(rule.rule)")
    }
}

@Suite struct StoredKindTests {
    @Test(arguments: [
        ("security.istio.io/v1", "AuthorizationPolicy"), ("security.istio.io/v1", "RequestAuthentication"),
        ("networking.istio.io/v1alpha3", "EnvoyFilter"), ("networking.istio.io/v1beta1", "ProxyConfig"),
        ("telemetry.istio.io/v1", "Telemetry"), ("extensions.istio.io/v1alpha1", "WasmPlugin"),
    ])
    func `who applies what is not in force is told so`(version: String, kind: String) throws {
        let object: JSON = ["apiVersion": .string(version), "kind": .string(kind), "spec": ["action": "DENY"]]
        let validation = try #require(validate(object))
        #expect(validation.isValid)
        #expect(validation.warnings.count == 1)
        #expect(validation.warnings.first?.hasPrefix("\(kind) is stored and not in force: ") ?? false)
    }

    @Test func `a kind of the same name in another group is none of Istio's`() {
        #expect(validate(["apiVersion": "example.com/v1", "kind": "Telemetry"]) == nil)
    }
}
