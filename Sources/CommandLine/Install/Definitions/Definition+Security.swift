internal import JSON

extension Definition {
    private static let mode = Schema.oneOf("UNSET", "DISABLE", "PERMISSIVE", "STRICT")
        .described("What is accepted: DISABLE only plaintext, PERMISSIVE both, STRICT only mutual TLS; UNSET inherits.")

    /// Labels that pods must have; with rules for keys and values.
    static let selector = Schema.object([
        "matchLabels": Schema.map(
            Schema.string.with("maxLength", 63).rule("!self.contains('*')", "wildcard not allowed in label value match")
        )
        .with("maxProperties", 4096)
        .rule("self.all(key, !key.contains('*'))", "wildcard not allowed in label key match")
        .rule("self.all(key, key.size() != 0)", "key must not be empty")
        .described("Labels, all of which a pod must have with these values.")
    ]).described("Which workloads of the namespace this is for; without it, all of them.")

    private static let peerAuthentication = Schema.object([
        "selector": selector,
        "mtls": Schema.object(["mode": mode]).described("What the workload accepts on its ports."),
        "portLevelMtls": Schema.map(Schema.object(["mode": mode]))
            .with("minProperties", 1)
            .rule("self.all(key, 0 < int(key) && int(key) <= 65535)", "port must be between 1-65535")
            .described("What single ports accept, by the port on which the workload listens."),
    ])
    .rule(
        "(has(self.selector) && has(self.selector.matchLabels) && self.selector.matchLabels.size() > 0) "
            + "|| !has(self.portLevelMtls)",
        "portLevelMtls requires selector"
    )
    .described("Which connections workloads accept: plaintext, mutual TLS or both.")

    static let security: [Self] = [
        Self(
            group: "security.istio.io",
            kind: "PeerAuthentication",
            plural: "peerauthentications",
            shortNames: ["pa"],
            versions: ["v1beta1", "v1"],
            columns: [("Mode", ".spec.mtls.mode")],
            spec: peerAuthentication,
            descriptions: .peerAuthentication
        ),
        Self(
            group: "security.istio.io",
            kind: "AuthorizationPolicy",
            plural: "authorizationpolicies",
            shortNames: ["ap"],
            versions: ["v1beta1", "v1"],
            columns: [("Action", ".spec.action")],
            spec: .free,
            descriptions: .stored
        ),
        Self(
            group: "security.istio.io",
            kind: "RequestAuthentication",
            plural: "requestauthentications",
            shortNames: ["ra"],
            versions: ["v1beta1", "v1"],
            spec: .free,
            descriptions: .stored
        ),
    ]

    /// The kinds that PeerAuthentication took the place of.
    static let legacyAuthentication: [Self] = [
        Self(
            group: "authentication.istio.io",
            kind: "Policy",
            plural: "policies",
            versions: ["v1alpha1"],
            spec: legacyPolicy,
            descriptions: .legacyPolicy
        ),
        Self(
            group: "authentication.istio.io",
            kind: "MeshPolicy",
            plural: "meshpolicies",
            versions: ["v1alpha1"],
            isNamespaced: false,
            spec: legacyPolicy,
            descriptions: .legacyPolicy
        ),
    ]

    private static let legacyPolicy = Schema.object([
        "targets": Schema.list(
            .object(
                [
                    "name": .string,
                    "ports": .list(.object(["number": .port, "name": .string])),
                    "labels": .map(.string),
                    "subset": .string,
                ],
                required: ["name"]
            )
        ).described("Services of the namespace, by their short names; without any, the whole namespace."),
        "peers": Schema.list(.object(["mtls": legacyMutualTLS, "jwt": .free]))
            .described("How peers prove who they are; without `mtls` among them, connections are plaintext."),
        "peerIsOptional": .boolean,
        "origins": .list(.object(["jwt": .free])),
        "originIsOptional": .boolean,
        "principalBinding": .oneOf("USE_PEER", "USE_ORIGIN"),
    ])

    private static let legacyMutualTLS = Schema.object([
        "mode": .oneOf("STRICT", "PERMISSIVE"), "allowTls": .boolean,
    ]).with("nullable", true)
}
