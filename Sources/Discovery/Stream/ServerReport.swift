internal import Base
internal import Protobuf

/// Which servers of a gateway cannot serve, and why: what its proxy finds out and the control plane cannot know.
///
/// Bounded whatever it is made from, as the control plane keeps it for a proxy that may be anybody's.
public struct ServerReport: Hashable, Sendable {
    /// Servers at most; the first by name count.
    public static let serverLimit = 512
    /// Octets of a server's origin; one that is longer is left out.
    public static let originLimit = 512
    /// Octets of a reason; a longer one is cut.
    public static let reasonLimit = 512

    /// Reasons, each one line, by ``GatewayListener/Chain/origin``.
    public private(set) var problems: [String: String] = [:]

    public init() {}

    public init(_ problems: [String: String]) {
        let known = problems.lazy.filter { $0.key.utf8.count <= Self.originLimit }
        for (origin, reason) in known.sorted(by: { $0.key < $1.key }).prefix(Self.serverLimit) {
            self.problems[origin] = reason.onOneLine(limit: Self.reasonLimit)
        }
    }
}

extension ServerReport: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) { writer.map(1, problems) }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        var problems: [String: String] = [:]
        var reader = reader
        while let field = try reader.nextField() {
            guard field.number == 1 else { continue }
            let (origin, reason) = try field.mapEntry()
            problems[origin] = reason
        }
        self.init(problems)
    }
}
