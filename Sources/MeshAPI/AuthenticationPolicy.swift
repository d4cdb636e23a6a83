/// What a service accepts, as Istio up to 1.5 said it (authentication.istio.io/v1alpha1 Policy and MeshPolicy).
///
/// Unlike a ``PeerAuthentication`` it speaks for services, and for ports of the Service.
public struct AuthenticationPolicy: IstioResource {
    public enum Mode: String, CaseIterable, Sendable {
        case strict = "STRICT"
        case permissive = "PERMISSIVE"
        /// No `mtls` among the peers: plaintext only.
        case disable = "DISABLE"

        public static let allCases: [Mode] = [.strict, .permissive]  // What `mtls.mode` may be.
    }

    /// One port of a service, by number or by name.
    public enum Port: Hashable, Sendable {
        case number(Int)
        case name(String)
    }

    /// A service of the policy's namespace.
    public struct Target: Hashable, Sendable {
        public var name: String
        /// Empty means all ports.
        public var ports: [Port]
    }

    public var metadata: Metadata
    public var targets: [Target]
    public var mode: Mode

    /// Whether it is a MeshPolicy, which has no namespace.
    public var isMeshPolicy: Bool { metadata.namespace.isEmpty }

    public init(metadata: Metadata, targets: [Target] = [], mode: Mode) {
        self.metadata = metadata
        self.targets = targets
        self.mode = mode
    }

    public init(metadata: Metadata, spec: inout FieldReader) {
        self.metadata = metadata
        targets = spec.list("targets") { target in
            target.ignore("labels")
            return Target(name: target.string("name") ?? "", ports: target.list("ports", Self.port))
        }
        let modes = spec.list("peers") { peer -> Mode? in
            peer.ignore("jwt")
            // `mtls:` with nothing after it is a peer too: null is not absence here.
            guard peer.has("mtls") else { return nil }
            return peer.object("mtls") { parameters in
                parameters.ignore("allowTls")
                return parameters.choice("mode", Mode.self) ?? .strict
            } ?? .strict
        }
        mode = modes.compactMap(\.self).first ?? .disable
        spec.ignore("peerIsOptional", "origins", "originIsOptional", "principalBinding")
    }

    private static func port(_ reader: inout FieldReader) -> Port {
        let number = reader.int("number", in: 0...Int(Int32.max))
        let name = reader.string("name")
        return name.map(Port.name) ?? .number(number ?? 0)
    }

    public func validate(in context: ValidationContext) -> Validation {
        var result = Validation()
        if isMeshPolicy {
            result.error(
                if: metadata.name != "default",
                "cluster-scoped authentication policy name must be \"default\", found \(goQuoted(metadata.name))"
            )
            result.error(if: !targets.isEmpty, "cluster-scoped authentication policy must not have targets")
        } else {
            result.error(
                if: targets.isEmpty && metadata.name != "default",
                "authentication policy with no target rules  must be named \"default\", found \(goQuoted(metadata.name))"
            )
            result.error(
                if: !targets.isEmpty && metadata.name == "default",
                "authentication policy with name \"default\" must not have any target rules"
            )
        }
        for target in targets {
            result.error(
                if: !isDNSLabel(target.name),
                "target name \(goQuoted(target.name)) must be a valid label"
            )
            for port in target.ports {
                switch port {
                case .number(let number):
                    result.error(
                        if: !(1...65535).contains(number),
                        "port number \(number) must be in the range 1..65535"
                    )
                case .name(let name):
                    result.error(if: !isDNSLabel(name), "port name \(goQuoted(name)) must be a valid label")
                }
            }
        }
        return result
    }
}
