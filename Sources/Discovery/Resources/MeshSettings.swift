/// What holds for every proxy of the mesh (`meshConfig`).
public struct MeshSettings: Hashable, Sendable {
    /// Where the access log goes; empty means nowhere, `/dev/stdout` is usual (`accessLogFile`).
    public var accessLogFile = ""
    /// Whether the access log is JSON rather than text (`accessLogEncoding`).
    public var accessLogIsJSON = false
    /// The text format when it is not Istio's default (`accessLogFormat`).
    public var accessLogFormat = ""
    /// How long to wait for a silent client's first bytes; zero waits for ever (`protocolDetectionTimeout`).
    public var protocolDetectionTimeout: Duration = .zero
    /// How long a connection attempt may take (`connectTimeout`).
    public var connectTimeout: Duration = .seconds(10)
    /// How long an ending proxy lets its connections finish (`terminationDrainDuration`).
    public var terminationDrainDuration: Duration = .seconds(5)

    public init() {}
}

/// The roots this workload believes, and the trust domains whose workloads it talks to.
public struct TrustBundle: Hashable, Sendable {
    /// PEM certificates, one after the other.
    public var rootsPEM = ""
    /// The mesh's own trust domain first, then its aliases.
    public var trustDomains: [String] = []

    public init() {}
}
