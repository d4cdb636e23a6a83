/// The form of the PROXY protocol in which endpoints are told who the client is (DestinationRule `proxyProtocol.version`).
public enum ProxyProtocolVersion: String, CaseIterable, Sendable {
    /// One line of text; what `proxyProtocol` without a version means.
    case version1 = "V1"
    /// Binary.
    case version2 = "V2"
}
